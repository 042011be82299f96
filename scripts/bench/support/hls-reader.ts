/** An LL-HLS player without a screen: reads every part of `high` and of the sound by blocking reloads. */
import { setTimeout as delay } from 'node:timers/promises';

export class HlsReader {
  parts = 0;
  bytes = 0;
  errors = 0;
  #closed = false;

  constructor(private readonly multivariantUrl: string) {}

  async run(): Promise<void> {
    let urls: string[] = [];
    while (!this.#closed && urls.length === 0) {
      const text = await this.#text(this.multivariantUrl);
      const video = text?.split('\n').find((line) => line !== '' && !line.startsWith('#'));
      const audio = /#EXT-X-MEDIA:.*URI="([^"]+)"/.exec(text ?? '')?.[1];
      urls = [video, audio].filter((uri) => uri !== undefined).map((uri) => new URL(uri, this.multivariantUrl).href);
      if (urls.length === 0) await delay(200);
    }
    await Promise.all(urls.map((url) => this.#follow(url)));
  }

  close(): void {
    this.#closed = true;
  }

  async #follow(playlistUrl: string): Promise<void> {
    const seen = new Set<string>();
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
      for (const url of fresh) await this.#part(url);
      const firstMsn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0);
      const lastSegment = lines.findLastIndex((line) => line.startsWith('#EXTINF'));
      const whole = lines.filter((line) => line.startsWith('#EXTINF')).length;
      const open = lines.slice(lastSegment + 1).filter((line) => line.startsWith('#EXT-X-PART:')).length;
      query = `${playlistUrl.includes('?') ? '&' : '?'}_HLS_msn=${firstMsn + whole}&_HLS_part=${open}`;
    }
  }

  async #part(url: string): Promise<void> {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      this.bytes += (await response.arrayBuffer()).byteLength;
      if (response.ok) this.parts++;
      else this.errors++;
    } catch {
      this.errors++;
    }
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
