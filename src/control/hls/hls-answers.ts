/**
 * HLS answers in control's memory: one request to the origin however many viewers ask, held ones included. Who may see them is
 * decided before; the answers themselves know nothing of tokens.
 */
import type { IncomingMessage } from 'node:http';
import { Gauge } from 'prom-client';
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { NODE_PATHS } from '../../node-api/contract.ts';
import { Answer } from '../../node-api/hot/answer.ts';
import type { Services } from '../services.ts';

type Needs = Pick<Services, 'nodes' | 'nodeClient' | 'metrics'>;

const STORE_BYTES = 64 * 1024 * 1024;
const MAX_STORED = 4096;
const ANSWER_BYTES = 16 * 1024 * 1024;
/** What may change at any time is asked for again after this: caches in front add theirs. */
const LIVE_MS = 200;
const STORED_MS = 60_000;
/** More than any held request takes. */
const ORIGIN_TIMEOUT_MS = 20_000;

export interface AskedFile {
  originUrl: string;
  room: RoomId;
  /** Below the room. */
  file: string;
  /** As sent; only the delivery directives count. */
  query: string;
  gzip: boolean;
}

interface Stored {
  answer: Answer;
  untilMs: number;
}
/** One request to an origin, with everybody who waits for its answer. */
export class Flight {
  /** Rejects with AppError unavailable; refusals of the origin are answers. */
  readonly answer: Promise<Answer>;
  readonly #abort = new AbortController();
  #waiting = 0;

  constructor(
    fetch: (gone: AbortSignal) => Promise<Answer>,
    private readonly over: (flight: Flight) => void,
  ) {
    this.answer = fetch(this.#abort.signal);
    const ended = (): void => over(this);
    this.answer.then(ended, ended);
  }

  /** Nobody waited any more. */
  get abandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  join(): this {
    this.#waiting++;
    return this;
  }

  /** For each that has joined, once, if he goes before the answer; when nobody waits any more the origin is told. */
  readonly leave = (): void => {
    if (--this.#waiting > 0) return;
    this.over(this);
    this.#abort.abort();
  };
}

export class HlsAnswers {
  readonly #stored = new Map<string, Stored>();
  #storedBytes = 0;
  readonly #flights = new Map<string, Flight>();
  /** Requests sent to origins; must not grow with the number of viewers. */
  originRequests = 0;
  /** Answers from memory, and those that waited for an origin's. */
  readonly counts = { memory: 0, waited: 0 };

  constructor(private readonly services: Needs) {
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({ name: `tessera_hls_${name}`, help, registers: [services.metrics], collect() { this.set(read()); } });
    };
    gauge('answers_from_memory', 'HLS requests answered from memory', () => this.counts.memory);
    gauge('answers_waited', 'HLS requests that waited for an answer of the origin', () => this.counts.waited);
    gauge('origin_requests', 'HLS requests sent to origins', () => this.originRequests);
    gauge('stored_bytes', 'HLS answers kept in memory', () => this.#storedBytes);
  }

  /** @returns what is in memory, or what to wait for: joined already */
  ask(asked: AskedFile): Answer | Flight {
    const key = keyOf(asked);
    const stored = this.#fromStore(key, Date.now());
    if (stored) return stored;
    this.counts.waited++;
    let flight = this.#flights.get(key);
    if (!flight) {
      flight = new Flight(
        (gone) => this.#fetch(asked, key, gone),
        (ended) => {
          if (this.#flights.get(key) === ended) this.#flights.delete(key);
        },
      );
      this.#flights.set(key, flight);
    }
    return flight.join();
  }

  async #fetch({ originUrl, room, file, query, gzip }: AskedFile, key: string, gone: AbortSignal): Promise<Answer> {
    const directives = deliveryQuery(file, query);
    const path = `${NODE_PATHS.hls(room)}/${file}${directives === '' ? '' : `?${directives}`}`;
    this.originRequests++;
    try {
      const signal = AbortSignal.any([gone, AbortSignal.timeout(ORIGIN_TIMEOUT_MS)]);
      const headers = { 'accept-encoding': gzip && isText(file) ? 'gzip' : 'identity' };
      const answer = await wholeAnswer(await this.services.nodeClient.open(originUrl, { method: 'GET', path, headers, signal }));
      this.#keep(key, answer);
      return answer;
    } catch (error) {
      if (!gone.aborted) this.services.nodes.forget();
      throw error instanceof AppError ? error : new AppError('unavailable', { cause: error, retryAfterSeconds: 1 });
    }
  }

  #fromStore(key: string, nowMs: number): Answer | undefined {
    const stored = this.#stored.get(key);
    if (!stored) return undefined;
    if (stored.untilMs < nowMs) {
      this.#drop(key, stored);
      return undefined;
    }
    this.counts.memory++;
    return stored.answer;
  }

  #keep(key: string, answer: Answer): void {
    const maxAge = /^public\b.*\bmax-age=(\d{1,9})/.exec(answer.parts.cacheControl)?.[1];
    if (maxAge === undefined || answer.length > STORE_BYTES / 8) return;
    const before = this.#stored.get(key);
    if (before) this.#drop(key, before);
    // Oldest first: what is new is what is asked for.
    for (const [oldest, stored] of this.#stored) {
      if (this.#storedBytes + answer.length <= STORE_BYTES && this.#stored.size < MAX_STORED) break;
      this.#drop(oldest, stored);
    }
    this.#stored.set(key, { answer, untilMs: Date.now() + (Number(maxAge) <= 5 ? LIVE_MS : Math.min(Number(maxAge) * 1000, STORED_MS)) });
    this.#storedBytes += answer.length;
  }

  #drop(key: string, stored: Stored): void {
    this.#stored.delete(key);
    this.#storedBytes -= stored.answer.length;
  }
}

function isText(file: string): boolean {
  return file.endsWith('.m3u8') || file.endsWith('.vtt');
}

function keyOf({ originUrl, room, file, query, gzip }: AskedFile): string {
  return `${originUrl} ${room}/${file}?${query === '' ? '' : deliveryQuery(file, query)}${gzip && isText(file) ? ' z' : ''}`;
}

/** What players send, in the order in which it goes to the origin. */
export const PLAIN_DIRECTIVES = /^_HLS_msn=\d{1,15}(&_HLS_part=\d{1,6})?(&_HLS_skip=(YES|v2))?$/;

/** The directives that a playlist request may carry, in one order; all else that stands in a query is nobody's business here. */
function deliveryQuery(file: string, query: string): string {
  if (!file.endsWith('.m3u8') || !query.includes('_HLS_')) return '';
  if (PLAIN_DIRECTIVES.test(query)) return query;
  const search = new URLSearchParams(query);
  return ['_HLS_msn', '_HLS_part', '_HLS_skip']
    .flatMap((name) => {
      const value = search.get(name);
      return value === null ? [] : [`${name}=${encodeURIComponent(value.slice(0, 20))}`];
    })
    .join('&');
}

async function wholeAnswer(upstream: IncomingMessage): Promise<Answer> {
  const body: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of upstream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) throw new AppError('internal', { detail: 'An origin answered too much.' });
    body.push(chunk);
  }
  const { headers } = upstream;
  const retryAfter = Number(headers['retry-after']);
  return new Answer({
    status: upstream.statusCode ?? 502,
    contentType: headers['content-type'] ?? 'application/octet-stream',
    cacheControl: headers['cache-control'] ?? 'no-store',
    ...(headers.etag === undefined ? {} : { etag: headers.etag }),
    ...(headers['content-encoding'] === 'gzip' ? { encoding: 'gzip' as const } : {}),
    ...(headers.vary === undefined ? {} : { varyEncoding: true }),
    ...(headers['accept-ranges'] === 'bytes' ? { ranges: true } : {}),
    ...(retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {}),
    body: body.length <= 1 ? body : [Buffer.concat(body)],
  });
}
