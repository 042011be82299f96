/**
 * Control's hot door: HLS requests of players, answered without express and node:http as long as nothing is wrong with them. Whatever is refused
 * or unusual goes on to the same endpoints in express (api/hls.ts), which say so in words.
 */
import { AppError } from '../../domain/errors.ts';
import { isName, type RoomId } from '../../domain/ids.ts';
import type { Answer } from '../../node-api/hot/answer.ts';
import type { HotDesk, Waiting } from '../../node-api/hot/hot-desk.ts';
import type { HotRequest } from '../../node-api/hot/hot-request.ts';
import { problemAnswer } from '../../node-api/problem-answer.ts';
import { folded } from '../../observability/logger.ts';
import { corsLines } from '../auth/cross-origin.ts';
import { allowedInLocalMode } from '../auth/loopback.ts';
import type { Credentials } from '../auth/authorise.ts';
import type { Services } from '../services.ts';
import { Flight, PLAIN_DIRECTIVES } from './hls-answers.ts';
import type { HlsRequest } from './hls-broadcasts.ts';

export const HLS_PREFIX = '/hls/';
/** Parameters that must come once. */
const KNOWN = ['token', '_HLS_msn', '_HLS_part', '_HLS_skip'];

interface Asked {
  shown: Credentials;
  request: HlsRequest;
}

type Needs = Pick<Services, 'config' | 'log' | 'authoriser' | 'broadcasts' | 'requests'>;

export class HlsDesk implements HotDesk {
  readonly #localMode: boolean;
  readonly #shared = new WeakMap<Flight, Waiting>();
  readonly #unavailable: (error: AppError) => void;

  constructor(private readonly services: Needs) {
    this.#localMode = services.config.localMode;
    let detail: string | undefined;
    const tell = folded((count) => services.log.warn({ count, detail }, 'HLS requests answered with 503'));
    this.#unavailable = (error) => {
      detail = error.detail;
      tell();
    };
  }

  answer(hot: HotRequest): Answer | Waiting | 'pass' {
    if (this.#localMode && !allowedInLocalMode(hot.headers)) return 'pass';
    const asked = read(hot);
    if (!asked) return 'pass';
    try {
      const known = this.services.authoriser.known(asked.shown, 'watchHls') && this.services.broadcasts.known(asked.request);
      if (known instanceof Flight) return this.#waiting(known, asked.request);
      if (known) return known;
    } catch {
      return 'pass';
    }
    const gone = new AbortController();
    return { answer: this.#later(asked, gone.signal), leave: () => gone.abort() };
  }

  lines({ headers }: HotRequest): string {
    return `X-Content-Type-Options: nosniff\r\n${corsLines(headers.origin, this.#localMode)}`;
  }

  sent(status: number, afterMs: number): void {
    this.services.requests.answered('GET', 'hls', status, afterMs);
  }

  async #later({ shown, request }: Asked, gone: AbortSignal): Promise<Answer | 'pass'> {
    try {
      await this.services.authoriser.check(shown, 'watchHls');
    } catch {
      return 'pass';
    }
    try {
      return await this.services.broadcasts.answer(request, gone);
    } catch (error) {
      return gone.aborted ? 'pass' : this.#refusal(error);
    }
  }

  /** One and the same for all who wait for a shared answer: there may be thousands, and what each of them keeps is collected by stopping everything. */
  #waiting(flight: Flight, request: HlsRequest): Waiting {
    let waiting = this.#shared.get(flight);
    if (!waiting) this.#shared.set(flight, (waiting = { answer: flight.answer.catch((error: unknown) => (flight.abandoned ? 'pass' : this.#refusal(error))), leave: flight.leave }));
    if (request.queryToken === undefined && !request.byHeader) return waiting;
    return { answer: waiting.answer.then((answer) => (answer === 'pass' ? answer : this.services.broadcasts.made(answer, request))), leave: flight.leave };
  }

  #refusal(error: unknown): Answer | 'pass' {
    // Before a broadcast begins its viewers ask again and again.
    if (!(error instanceof AppError) || error.retryAfterSeconds === undefined) return 'pass';
    this.services.requests.refused(error.code);
    if (error.fault === 'service') this.#unavailable(error);
    return problemAnswer(error);
  }
}

/** `/hls/{room}/{file}` and `/hls/{room}/t/{token}/{file}`; undefined for everything else. */
function read({ path, query, headers }: HotRequest): Asked | undefined {
  const slash = path.indexOf('/', HLS_PREFIX.length);
  const room = path.slice(HLS_PREFIX.length, slash);
  if (slash < 0 || !isName(room)) return undefined;
  let from = slash + 1;
  let pathToken: string | undefined;
  const behindToken = path.startsWith('t/', from) ? path.indexOf('/', from + 2) : -1;
  if (behindToken > 0) {
    pathToken = path.slice(from + 2, behindToken);
    from = behindToken + 1;
  }
  const file = path.slice(from);
  if (file === 'access' || pathToken === '') return undefined;
  let queryToken: string | undefined;
  if (query !== '' && !PLAIN_DIRECTIVES.test(query)) {
    const search = new URLSearchParams(query);
    if (KNOWN.some((name) => search.getAll(name).length > 1)) return undefined;
    queryToken = search.get('token') ?? undefined;
  }
  const byHeader = pathToken === undefined && queryToken === undefined && headers.authorization !== undefined;
  return {
    shown: { authorization: headers.authorization, queryToken, pathToken, room: room as RoomId },
    request: { room: room as RoomId, file, query, gzip: headers.gzip, queryToken: pathToken === undefined ? queryToken : undefined, byHeader },
  };
}
