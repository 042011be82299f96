/** What a viewer who may watch gets: the origin's answer as it is in memory, made his where his token stands in the URL or in a header. */
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { Answer } from '../../node-api/hot/answer.ts';
import type { CachedRooms } from '../placement/cached-rooms.ts';
import type { Placement } from '../placement/placement.ts';
import type { AskedFile, Flight, HlsAnswers } from './hls-answers.ts';
import { answerWithToken } from './playlist-token.ts';

/** Up to three folders below the room. */
const HLS_FILE = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,3}$/;

export interface HlsRequest {
  room: RoomId;
  /** Below the room. */
  file: string;
  /** As sent. */
  query: string;
  gzip: boolean;
  /** Of `?token=`: handed on in playlists. */
  queryToken: string | undefined;
  /** The token came in a header: it is no part of a cache's key, and `public` would let a proxy hand media to anybody (RFC 9111 section 3.5). */
  byHeader: boolean;
}

export class HlsBroadcasts {
  readonly #privately = new WeakMap<Answer, Answer>();

  constructor(
    private readonly rooms: CachedRooms,
    private readonly placement: Placement,
    private readonly answers: HlsAnswers,
  ) {}

  /**
   * Without waiting for Redis.
   * @returns undefined when that must be asked first, or there is no such file. What a flight brings is to be `made` his.
   */
  known(request: HlsRequest): Answer | Flight | undefined {
    if (!HLS_FILE.test(request.file)) return undefined;
    const room = this.rooms.known(request.room);
    const origin = room && this.placement.knownOrigin(room);
    const known = origin && this.answers.ask(asked(request, origin.url));
    return known instanceof Answer ? this.made(known, request) : known;
  }

  /** @throws AppError roomNotFound, notFound, unavailable; refusals of the origin are answers */
  async answer(request: HlsRequest, gone: AbortSignal): Promise<Answer> {
    const room = await this.rooms.get(request.room);
    if (!room) throw new AppError('roomNotFound');
    if (!HLS_FILE.test(request.file)) throw new AppError('notFound');
    const origin = await this.placement.origin(room);
    if (!origin) throw new AppError('notFound', { detail: 'The room has no broadcast yet.', retryAfterSeconds: 2 });
    const found = this.answers.ask(asked(request, origin.url));
    if (found instanceof Answer) return this.made(found, request);
    if (gone.aborted) found.leave();
    else gone.addEventListener('abort', found.leave, { once: true });
    try {
      return this.made(await found.answer, request);
    } finally {
      gone.removeEventListener('abort', found.leave);
    }
  }

  /** A shared answer as this caller gets it. */
  made(answer: Answer, request: HlsRequest): Answer {
    if (request.queryToken !== undefined && answer.status === 200 && handsOn(request)) return answerWithToken(answer, request.queryToken);
    if (!request.byHeader) return answer;
    let own = this.#privately.get(answer);
    if (!own) this.#privately.set(answer, (own = new Answer({ ...answer.parts, cacheControl: answer.parts.cacheControl.replace(/\bpublic\b/, 'private') })));
    return own;
  }
}

function handsOn({ queryToken, file }: HlsRequest): boolean {
  return queryToken !== undefined && file.endsWith('.m3u8');
}

function asked(request: HlsRequest, originUrl: string): AskedFile {
  const { room, file, query, gzip } = request;
  return { originUrl, room, file, query, gzip: gzip && !handsOn(request) };
}
