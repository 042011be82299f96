/** An LL-HLS player without a screen: reads every part of the first rendition and of the sound by blocking reloads. */
import { setTimeout as delay } from 'node:timers/promises';

export interface HlsReaderOptions {
  /** What is read, in order: the initialisation section first, then parts from one that begins with a keyframe on. */
  onData?: (track: 'video' | 'audio', data: Buffer) => void;
}

export class HlsReader {
  parts = 0;
  bytes = 0;
  errors = 0;
  #closed = false;

  constructor(
    private readonly multivariantUrl: string,
    private readonly options: HlsReaderOptions = {},
  ) {}

  async run(): Promise<void> {
    let urls: string[] = [];
    while (!this.#closed && urls.length === 0) {
      const text = await this.#text(this.multivariantUrl);
      const video = text?.split('\n').find((line) => line !== '' && !line.startsWith('#'));
      const audio = /#EXT-X-MEDIA:.*URI="([^"]+)"/.exec(text ?? '')?.[1];
      urls = [video, audio].filter((uri) => uri !== undefined).map((uri) => new URL(uri, this.multivariantUrl).href);
      if (urls.length === 0) await delay(200);
    }
    await Promise.all(urls.map((url, i) => this.#follow(url, i === 0 ? 'video' : 'audio')));
  }

  close(): void {
    this.#closed = true;
  }

  async #follow(playlistUrl: string, track: 'video' | 'audio'): Promise<void> {
    const seen = new Set<string>();
    let begun = this.options.onData === undefined;
    let query = '';
    while (!this.#closed) {
      const text = await this.#text(playlistUrl + query);
      if (text === undefined) {
        query = '';
        await delay(200);
        continue;
      }
      const lines = text.split('\n');
      const parts = [...text.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].map((m) => new URL(m[1] as string, playlistUrl).href);
      const fresh = seen.size === 0 ? parts.slice(-1) : parts.filter((url) => !seen.has(url));
      for (const url of parts) seen.add(url);
      for (const url of fresh) {
        const data = await this.#part(url);
        if (!data || this.#closed) continue;
        if (!begun) {
          const independent = track === 'audio' || text.split('\n').some((line) => line.startsWith('#EXT-X-PART:') && line.includes('INDEPENDENT=YES') && url.endsWith(/URI="([^"]+)"/.exec(line)?.[1] ?? '\n'));
          const map = /#EXT-X-MAP:URI="([^"]+)"/.exec(text)?.[1];
          const init = independent && map !== undefined ? await this.#part(new URL(map, playlistUrl).href) : undefined;
          if (!init) continue;
          this.options.onData?.(track, init);
          begun = true;
        }
        this.options.onData?.(track, data);
      }
      const firstMsn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
      const lastSegment = lines.findLastIndex((line) => line.startsWith('#EXTINF'));
      const whole = lines.filter((line) => line.startsWith('#EXTINF')).length;
      const open = lines.slice(lastSegment + 1).filter((line) => line.startsWith('#EXT-X-PART:')).length;
      query = `${playlistUrl.includes('?') ? '&' : '?'}_HLS_msn=${firstMsn + whole}&_HLS_part=${open}`;
    }
  }

  async #part(url: string): Promise<Buffer | undefined> {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      const data = Buffer.from(await response.arrayBuffer());
      this.bytes += data.length;
      if (response.ok) {
        this.parts++;
        return data;
      }
    } catch {
      // counted below
    }
    this.errors++;
    return undefined;
  }

  async #text(url: string): Promise<string | undefined> {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(8000) });
      const text = await response.text();
      if (response.ok) return text;
    } catch {
      // counted below
    }
    this.errors++;
    return undefined;
  }
}
