/** Answers to HLS requests of one room (conformance.md, HLS 1–11). Control has checked the caller before. */
import { AppError } from '../domain/errors.ts';
import type { Rendition } from '../domain/rendition.ts';
import { aacCodecString } from '../media/aac-config.ts';
import { Answer, type FilePlace } from '../node-api/hot/answer.ts';
import { problemAnswer } from '../node-api/problem-answer.ts';
import { delivery, deliveryDirectives } from './blocking-reload.ts';
import { hlsResource, type HlsResource } from './hls-path.ts';
import { mediaPlaylist, SKIP_TARGETS } from './media-playlist.ts';
import { multivariantPlaylist } from './multivariant-playlist.ts';
import type { OriginRoom } from './origin-room.ts';
import { partTargetSeconds, targetDurationSeconds } from './part-grid.ts';
import { PlaylistCache } from './playlist-cache.ts';
import type { Poster } from './poster.ts';
import type { Segment } from './segment-list.ts';
import type { Storyboard } from './storyboard.ts';

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';
/** A programme that has just begun: hls.js takes a playlist without a whole segment for an error and gives up after some. */
const START_PATIENCE_MS = 4000;
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** Different requests of one revision; more come only from who makes up query strings. */
const MAX_READY = 500;

type PartResource = Extract<HlsResource, { kind: 'part' }>;

interface Made {
  answer: Answer;
  /** Good for everybody as long as the playlists are of this revision. */
  revision?: number;
}

export class HlsView {
  readonly #cache = new PlaylistCache();
  readonly #ready = new Map<string, Answer>();
  #readyOf = -1;
  readonly #flights = new Map<string, Promise<Answer>>();
  readonly #parts = new WeakMap<Buffer, Answer>();

  constructor(
    private readonly room: OriginRoom,
    private readonly poster: Poster,
    private readonly storyboard: Storyboard,
    /** Told of errors that are nobody's request's fault. */
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Playlist texts made; must not grow with the number of viewers. */
  get playlistsMade(): number {
    return this.#cache.made;
  }

  /**
   * @param path below `/hls/{room}/` @param query as sent @param gzip the caller takes it
   * @returns at once what is ready; a refusal is an answer too. Everybody who waits for the same gets the same answer.
   */
  answer(path: string, query: string, gzip: boolean): Answer | Promise<Answer> {
    const { segments } = this.room;
    if (this.#readyOf !== segments.revision) {
      this.#readyOf = segments.revision;
      this.#ready.clear();
    }
    const key = `${gzip ? 'z' : 'p'}${path}?${query}`;
    const ready = this.#ready.get(key) ?? this.#flights.get(key);
    if (ready) return ready;
    const resource = hlsResource(path);
    if (!resource) return problemAnswer(new AppError('notFound'), true);
    if (resource.kind === 'part') {
      const segment = segments.find(resource.msn);
      const media = segment?.parts[resource.index]?.media?.get(resource.rendition);
      if (segment && media) {
        const answer = this.#partAnswer(resource, media, segment);
        if (this.#ready.size < MAX_READY) this.#ready.set(key, answer);
        return answer;
      }
    }
    const flight = this.#make(resource, query, gzip)
      .catch((error: unknown) => this.#refusal(error))
      .then((made) => {
        this.#flights.delete(key);
        // Made of the present revision or not to be kept; a poster is kept by its own clock.
        if (made.revision === segments.revision && this.#ready.size < MAX_READY) this.#ready.set(key, made.answer);
        return made.answer;
      });
    this.#flights.set(key, flight);
    return flight;
  }

  #refusal(error: unknown): Made {
    const known = error instanceof AppError ? error : new AppError('internal', { cause: error });
    if (known.code === 'internal') this.failed(error);
    return { answer: problemAnswer(known, true) };
  }

  /** @throws AppError notFound, badRequest, unavailable */
  async #make(resource: HlsResource, query: string, gzip: boolean): Promise<Made> {
    const { programme } = this.room;
    const search = new URLSearchParams(query);
    // Who asks for a coming part has a playlist already, and is held for that part.
    const newcomer = resource.kind === 'multivariant' || (resource.kind === 'playlist' && !search.has('_HLS_msn'));
    if (newcomer) await this.room.waitUntil(() => programme.playable || programme.ended, START_PATIENCE_MS);
    if (newcomer ? !programme.playable : resource.kind === 'playlist' && this.room.segments.segments.length === 0)
      throw new AppError('notFound', { detail: 'The room has no programme yet.', retryAfterSeconds: 1 });
    if ('rendition' in resource && resource.kind !== 'init' && !this.room.renditions.includes(resource.rendition)) throw new AppError('notFound');
    switch (resource.kind) {
      case 'multivariant': {
        const { revision, lastComplete } = this.room.segments;
        return { answer: await this.#playlistAnswer('multivariant', lastComplete, () => this.#multivariant(), 'public, max-age=2', gzip), revision };
      }
      case 'playlist':
        return this.#playlist(resource.rendition, search, gzip);
      case 'init': {
        const init = this.room.init(resource.rendition, resource.number);
        if (!init) throw new AppError('notFound');
        return { answer: this.#media('video/mp4', [init], `${resource.rendition}-i${resource.number}`) };
      }
      case 'segment': {
        const segment = this.room.segments.find(resource.msn);
        if (!segment?.complete) throw new AppError('notFound');
        const media = await this.room.segmentMedia(segment, resource.rendition);
        if (!media) throw new AppError('notFound');
        return { answer: this.#media('video/iso.segment', media, `${resource.rendition}-${resource.msn}`) };
      }
      case 'part':
        return this.#part(resource);
      case 'poster': {
        const jpeg = await this.poster.latest();
        if (!jpeg) throw new AppError('notFound');
        return { answer: new Answer({ status: 200, contentType: 'image/jpeg', cacheControl: 'public, max-age=5', body: [jpeg] }) };
      }
      case 'storyboard': {
        const { revision } = this.room.segments;
        return { answer: new Answer({ status: 200, contentType: 'text/vtt; charset=utf-8', cacheControl: 'public, max-age=2', body: [Buffer.from(this.storyboard.text())] }), revision };
      }
      case 'sheet': {
        const jpeg = await this.storyboard.sheet(resource.sheet, resource.lastMsn);
        if (!jpeg) throw new AppError('notFound');
        return { answer: this.#media('image/jpeg', [jpeg], `s${resource.sheet}-${resource.lastMsn}`) };
      }
    }
  }

  async #playlist(rendition: Rendition, query: URLSearchParams, gzip: boolean): Promise<Made> {
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
    }
    const target = targetDurationSeconds(grid);
    const cacheControl = blocking ? `public, max-age=${SKIP_TARGETS * target}` : 'public, max-age=1';
    const key = `${rendition}${directives.skip ? ':delta' : ''}`;
    const { revision } = segments;
    const make = (): string =>
      mediaPlaylist({
        rendition,
        renditions: this.room.renditions,
        segments: segments.segments,
        nextMsn: segments.nextMsn,
        grid,
        anchorUnixMs: this.room.anchor.unixMs,
        ended: segments.ended,
        delta: directives.skip,
      });
    return { answer: await this.#playlistAnswer(key, revision, make, cacheControl, gzip), revision };
  }

  /** Also what PRELOAD-HINT names: held until it is whole. */
  async #part(resource: PartResource): Promise<Made> {
    const { segments } = this.room;
    const { rendition, msn, index } = resource;
    const find = () => segments.find(msn)?.parts[index];
    if (!find()) {
      const next = segments.open;
      const hinted = (next && msn === next.msn && index === next.parts.length) || (msn === segments.nextMsn && index === 0);
      if (segments.ended || !hinted) throw new AppError('notFound');
      // It may turn out never to exist: the segment can end before it.
      const decided = await this.room.waitUntil(() => find() !== undefined || segments.ended || segments.nextMsn > msn + 1, this.#patienceMs());
      if (!decided) throw new AppError('unavailable', { detail: 'The part did not come in time.', retryAfterSeconds: 1 });
    }
    const segment = segments.find(msn);
    // from disk what the process before this one made: playlists go on naming it
    const media = segment && (await this.room.partMedia(segment, index, rendition));
    if (!media) throw new AppError('notFound');
    return { answer: this.#partAnswer(resource, media, segment) };
  }

  #partAnswer({ rendition, msn, index }: PartResource, media: Buffer, segment: Segment): Answer {
    let answer = this.#parts.get(media);
    if (!answer) {
      const file = (): FilePlace | undefined => this.room.partPlace(segment, index, rendition);
      this.#parts.set(media, (answer = this.#media('video/iso.segment', [media], `${rendition}-${msn}.${index}`, file)));
    }
    return answer;
  }

  /** Never changes under its name. The anchor tells two programmes of one room's id apart. */
  #media(contentType: string, body: readonly Buffer[], name: string, file?: () => FilePlace | undefined): Answer {
    const etag = `"${this.room.anchor.unixMs.toString(36)}-${name}"`;
    return new Answer({ status: 200, contentType, cacheControl: IMMUTABLE, etag, ranges: true, body, ...(file ? { file } : {}) });
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

  async #playlistAnswer(key: string, revision: number, make: () => string, cacheControl: string, gzip: boolean): Promise<Answer> {
    // Made before anything is awaited: the text must be of this very revision.
    const body = gzip ? await this.#cache.zipped(key, revision, make) : this.#cache.text(key, revision, make);
    return new Answer({ status: 200, contentType: PLAYLIST_TYPE, cacheControl, ...(gzip ? { encoding: 'gzip' } : {}), varyEncoding: true, body: [body] });
  }
}
