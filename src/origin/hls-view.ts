/** Answers to HLS requests of one room (conformance.md, HLS 1–11). Control has checked the caller before. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../domain/errors.ts';
import type { Rendition } from '../domain/rendition.ts';
import { aacCodecString } from '../media/aac-config.ts';
import { delivery, deliveryDirectives } from './blocking-reload.ts';
import type { HlsResource } from './hls-path.ts';
import { mediaPlaylist, SKIP_TARGETS } from './media-playlist.ts';
import { multivariantPlaylist } from './multivariant-playlist.ts';
import type { OriginRoom } from './origin-room.ts';
import { partTargetSeconds, targetDurationSeconds } from './part-grid.ts';
import { PlaylistCache } from './playlist-cache.ts';
import type { Poster } from './poster.ts';

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';
/** A programme that has just begun: hls.js takes a playlist without a whole segment for an error and gives up after some. */
const START_PATIENCE_MS = 4000;
const IMMUTABLE = 'public, max-age=31536000, immutable';

export class HlsView {
  readonly #cache = new PlaylistCache();

  constructor(
    private readonly room: OriginRoom,
    private readonly poster: Poster,
  ) {}

  /** @throws AppError notFound, badRequest, unavailable */
  async serve(resource: HlsResource, query: URLSearchParams, req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.setHeader('access-control-allow-origin', '*');
    const { programme } = this.room;
    // Who asks for a coming part has a playlist already, and is held for that part.
    const newcomer = resource.kind === 'multivariant' || (resource.kind === 'playlist' && !query.has('_HLS_msn'));
    if (newcomer) {
      await this.room.waitUntil(() => programme.playable || programme.ended, START_PATIENCE_MS);
      if (res.destroyed) return;
    }
    if (newcomer ? !programme.playable : resource.kind === 'playlist' && this.room.segments.segments.length === 0)
      throw new AppError('notFound', { detail: 'The room has no programme yet.', retryAfterSeconds: 1 });
    if ('rendition' in resource && resource.kind !== 'init' && !this.room.renditions.includes(resource.rendition)) throw new AppError('notFound');
    switch (resource.kind) {
      case 'multivariant':
        return this.#sendPlaylist('multivariant', this.room.segments.lastComplete, () => this.#multivariant(), 'public, max-age=2', req, res);
      case 'playlist':
        return this.#playlist(resource.rendition, query, req, res);
      case 'init': {
        const init = this.room.init(resource.rendition, resource.number);
        if (!init) throw new AppError('notFound');
        return send(res, 'video/mp4', IMMUTABLE, [init]);
      }
      case 'segment': {
        const segment = this.room.segments.find(resource.msn);
        if (!segment?.complete) throw new AppError('notFound');
        const media = await this.room.segmentMedia(segment, resource.rendition);
        if (!media) throw new AppError('notFound');
        return send(res, 'video/iso.segment', IMMUTABLE, media);
      }
      case 'part':
        return this.#part(resource.rendition, resource.msn, resource.index, res);
      case 'poster': {
        const jpeg = await this.poster.latest();
        if (!jpeg) throw new AppError('notFound');
        return send(res, 'image/jpeg', 'public, max-age=5', [jpeg]);
      }
    }
  }

  async #playlist(rendition: Rendition, query: URLSearchParams, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { segments, grid } = this.room;
    const directives = deliveryDirectives(query);
    if (!directives) throw new AppError('badRequest', { detail: '_HLS_msn and _HLS_part must be numbers, and _HLS_part needs _HLS_msn.' });
    const partTarget = partTargetSeconds(grid);
    const blocking = directives.msn !== undefined;
    const first = delivery(segments, directives, partTarget);
    if (first === 'tooFar') throw new AppError('badRequest', { detail: 'The playlist does not reach that far yet.' });
    if (first === 'wait') {
      const came = await this.room.waitUntil(() => delivery(segments, directives, partTarget) === 'now', this.#patienceMs());
      if (!came) throw new AppError('unavailable', { detail: 'The part did not come in time.', retryAfterSeconds: 1 });
      if (res.destroyed) return;
    }
    const target = targetDurationSeconds(grid);
    const cacheControl = blocking ? `public, max-age=${SKIP_TARGETS * target}` : 'public, max-age=1';
    const key = `${rendition}${directives.skip ? ':delta' : ''}`;
    await this.#sendPlaylist(
      key,
      segments.revision,
      () =>
        mediaPlaylist({
          rendition,
          renditions: this.room.renditions,
          segments: segments.segments,
          nextMsn: segments.nextMsn,
          grid,
          anchorUnixMs: this.room.anchor.unixMs,
          ended: segments.ended,
          delta: directives.skip,
        }),
      cacheControl,
      req,
      res,
    );
  }

  /** Also what PRELOAD-HINT names: held until it is whole. */
  async #part(rendition: Rendition, msn: number, index: number, res: ServerResponse): Promise<void> {
    const { segments } = this.room;
    const find = () => segments.find(msn)?.parts[index];
    if (!find()) {
      const next = segments.open;
      const hinted = (next && msn === next.msn && index === next.parts.length) || (msn === segments.nextMsn && index === 0);
      if (segments.ended || !hinted) throw new AppError('notFound');
      // It may turn out never to exist: the segment can end before it.
      const decided = await this.room.waitUntil(() => find() !== undefined || segments.ended || segments.nextMsn > msn + 1, this.#patienceMs());
      if (!decided) throw new AppError('unavailable', { detail: 'The part did not come in time.', retryAfterSeconds: 1 });
      if (res.destroyed) return;
    }
    const segment = segments.find(msn);
    const media = segment && (await this.room.partMedia(segment, index, rendition));
    if (!media) throw new AppError('notFound');
    send(res, 'video/iso.segment', IMMUTABLE, [media]);
  }

  /** Three target durations (conformance.md, HLS 8). */
  #patienceMs(): number {
    return 3000 * targetDurationSeconds(this.room.grid);
  }

  #multivariant(): string {
    const { room } = this;
    const audio = room.audioConfig;
    return multivariantPlaylist({
      variants: room.programme.renditions.flatMap((rendition) => {
        const config = room.videoConfig(rendition);
        return config ? [{ rendition, codecString: config.parameters.codecString, width: config.width, height: config.height, frameRate: config.frameRate, bitrateBps: config.bitrateBps }] : [];
      }),
      audio: { codecString: aacCodecString(audio.config), channels: audio.channels, bitrateBps: audio.bitrateBps },
      grid: room.grid,
      segments: room.segments.segments,
    });
  }

  async #sendPlaylist(key: string, revision: number, make: () => string, cacheControl: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.setHeader('vary', 'Accept-Encoding');
    if (/\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''))) {
      // Made before anything is awaited: the text must be of this very revision.
      const zipped = await this.#cache.zipped(key, revision, make);
      res.setHeader('content-encoding', 'gzip');
      send(res, PLAYLIST_TYPE, cacheControl, [zipped]);
    } else send(res, PLAYLIST_TYPE, cacheControl, [this.#cache.text(key, revision, make)]);
  }
}

function send(res: ServerResponse, contentType: string, cacheControl: string, body: readonly Buffer[]): void {
  const length = body.reduce((sum, b) => sum + b.length, 0);
  res.writeHead(200, { 'content-type': contentType, 'cache-control': cacheControl, 'content-length': length });
  if (res.req.method === 'HEAD') {
    res.end();
    return;
  }
  for (const buffer of body) res.write(buffer);
  res.end();
}
