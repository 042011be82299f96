/** Follows a programme as players do, all renditions at once, and writes down what it sees. The rules judge it afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import { initFacts, partFacts } from './media-facts.ts';
import type { Exchange, Observed, Probe, RenditionObserved } from './observed.ts';
import { edgeOf, mediaPlaylist, multivariantPlaylist, secondsOf, withSkipped, type MediaPlaylist, type PlaylistSegment } from './playlist-text.ts';

/** Each how many-th playlist is asked for whole, to be held against the delta updates. */
const WHOLE_EVERY = 5;
/** Each how many-th segment is fetched and compared with its parts. */
const COMPARE_EVERY = 3;
const REQUEST_TIMEOUT_MS = 30_000;
const RETRY_MS = 250;
const MAX_FAILURES = 200;
const AFTER_END_MS = 3000;
/** Of the time for which a removed segment has to stay. */
const JUST_BEFORE = 0.97;

interface Fetched extends Exchange {
  body: Buffer;
}

export interface FollowOptions {
  /** Of the multivariant playlist. */
  url: string;
  /** The end of the programme ends it too. */
  seconds: number;
  /** Called when the programme was reached. */
  onStarted?: () => void;
  /** Whether the service is known to be away just now: what it does not answer then (no answer, 5xx) is counted, and asked again. */
  excused?: () => boolean;
}

/** @throws Error when there is no multivariant playlist within ten seconds */
export async function follow({ url, seconds, onStarted, excused = () => false }: FollowOptions): Promise<Observed> {
  const observed: Observed = { url, multivariant: [], renditions: [], probes: [] };
  const deadline = performance.now() + 10_000;
  while (!(await readMultivariant(observed))) {
    if (performance.now() > deadline) throw new Error(`${url} gives no multivariant playlist`);
    await delay(RETRY_MS);
  }
  onStarted?.();
  const first = observed.multivariant[0]?.playlist;
  const uris = new Set([...(first?.variants ?? []).map((v) => v.uri), ...(first?.media ?? []).flatMap((m) => (m.uri === undefined ? [] : [m.uri]))]);
  const until = performance.now() + 1000 * seconds;
  observed.renditions = [...uris].map((uri) => ({ uri, answers: [], inits: new Map(), parts: new Map(), segments: [], hints: [], media: [], removed: [], removedLater: 0, failures: [], excused: 0 }));
  const followers = observed.renditions.map((rendition) => new RenditionFollower(rendition, new URL(rendition.uri, url).href, until, excused));
  const running = Promise.all(followers.map((f) => f.run()));
  const one = followers[0];
  if (one) observed.probes = await probes(one, until);
  await running;
  await readMultivariant(observed);
  return observed;
}

async function readMultivariant(observed: Observed): Promise<boolean> {
  const { body, ...exchange } = await get(observed.url);
  if (exchange.status !== 200) return false;
  observed.multivariant.push({ ...exchange, playlist: multivariantPlaylist(body.toString()) });
  return true;
}

/** Requests that a player would not make. */
async function probes(follower: RenditionFollower, until: number): Promise<Probe[]> {
  while (!follower.newest) {
    if (performance.now() > until) return [];
    await delay(RETRY_MS);
  }
  const { newest, url } = follower;
  const ask = async (name: Probe['name'], query: string, headers: Record<string, string> = {}): Promise<Probe> => {
    const { body: _body, ...exchange } = await get(withQuery(url, query), headers);
    return { name, ...exchange };
  };
  const { msn } = edgeOf(newest);
  return Promise.all([
    ask('partWithoutMsn', '_HLS_part=0'),
    ask('tooFar', `_HLS_msn=${msn + 50}`),
    ask('old', `_HLS_msn=${Math.max(newest.mediaSequence, msn - 1)}`),
    ask('identity', '', { 'accept-encoding': 'identity' }),
  ]);
}

class RenditionFollower {
  newest: MediaPlaylist | undefined;
  readonly #asked = new Map<string, Promise<Buffer | undefined>>();
  readonly #work = new Set<Promise<unknown>>();
  readonly #whole = new Set<number>();

  constructor(
    private readonly rendition: RenditionObserved,
    readonly url: string,
    private readonly until: number,
    private readonly excused: () => boolean,
  ) {}

  async run(): Promise<void> {
    for (let turn = 0; performance.now() < this.until; turn++) {
      const before = this.newest;
      const { msn, parts } = before ? edgeOf(before) : { msn: 0, parts: 0 };
      const skip = before !== undefined && turn % WHOLE_EVERY !== 0;
      const query = before ? `_HLS_msn=${msn}&_HLS_part=${parts}${skip ? '&_HLS_skip=YES' : ''}` : '';
      const { body, ...exchange } = await get(withQuery(this.url, query));
      if (this.#isExcused(exchange)) {
        await delay(RETRY_MS);
        continue;
      }
      if (exchange.status !== 200) {
        this.#fail(`${exchange.url} answered ${exchange.status}`);
        await delay(RETRY_MS);
        continue;
      }
      try {
        const raw = mediaPlaylist(body.toString());
        const playlist = raw.skipped > 0 ? before && withSkipped(raw, before) : raw;
        if (!playlist) throw new RangeError('a delta update leaves out what was never sent');
        this.rendition.answers.push({ ...exchange, ...(before ? { want: { msn, part: parts } } : {}), skip, raw, playlist });
        this.newest = playlist;
        this.#take(playlist, before);
      } catch (error) {
        this.#fail(error instanceof Error ? error.message : String(error));
        this.newest = undefined;
      }
      if (this.newest?.ended) break;
    }
    await Promise.all(this.#work);
    if (this.newest?.ended) await this.#readOnceMore();
  }

  /** Nothing may come behind the end, and it must stay playable. */
  async #readOnceMore(): Promise<void> {
    await delay(AFTER_END_MS);
    const { body, ...exchange } = await get(this.url);
    if (exchange.status !== 200) {
      this.#fail(`${exchange.url} answered ${exchange.status} behind its end`);
      return;
    }
    const raw = mediaPlaylist(body.toString());
    this.rendition.answers.push({ ...exchange, skip: false, raw, playlist: raw });
    for (const segment of [raw.segments[0], raw.segments.at(-1)]) if (segment?.uri !== undefined) await this.#media(segment.uri);
  }

  #take(playlist: MediaPlaylist, before: MediaPlaylist | undefined): void {
    for (const segment of playlist.segments) {
      if (segment.gap) continue;
      if (segment.map !== undefined && segment.parts.length > 0) this.#once(`map ${segment.map}`, () => this.#init(segment.map as string));
      for (const part of segment.parts) this.#once(`part ${part.uri}`, () => this.#part(part.uri, segment.map));
      if (segment.uri !== undefined && segment.parts.length > 0 && segment.msn % COMPARE_EVERY === 0 && !this.#whole.has(segment.msn)) {
        this.#whole.add(segment.msn);
        this.#do(this.#compare(segment));
      }
    }
    for (const { type, uri } of playlist.hints) if (type === 'PART') this.#once(`hint ${uri}`, () => this.#hint(uri));
    for (const gone of before?.segments.filter((s) => s.msn < playlist.mediaSequence && s.uri !== undefined && !s.gap) ?? [])
      this.#once(`gone ${gone.msn}`, () => this.#gone(gone, playlist));
  }

  async #init(uri: string): Promise<void> {
    const body = await this.#media(uri);
    if (body) this.rendition.inits.set(uri, initFacts(body));
  }

  async #part(uri: string, map: string | undefined): Promise<void> {
    const body = await this.#media(uri);
    if (map !== undefined) await this.#asked.get(`map ${map}`);
    const init = map === undefined ? undefined : this.rendition.inits.get(map);
    if (body && init) this.rendition.parts.set(uri, partFacts(body, init));
  }

  /** Asked for as soon as it is hinted; what is read counts as the part. */
  async #hint(uri: string): Promise<void> {
    const { body: _body, ...exchange } = await get(this.#resolve(uri));
    if (this.#isExcused(exchange)) return;
    if (exchange.status !== 0) this.rendition.hints.push({ ...exchange, uri });
  }

  /** Asked for at once and, some of them, just before it may be gone: its own and the playlist's duration later (§6.2.2). */
  async #gone(segment: PlaylistSegment, playlist: MediaPlaylist): Promise<void> {
    const ask = async (): Promise<void> => {
      const { body: _body, ...exchange } = await this.#got(segment.uri as string);
      this.rendition.removed.push(exchange);
    };
    await ask();
    const laterMs = JUST_BEFORE * 1000 * (secondsOf(segment) + playlist.segments.reduce((sum, s) => sum + secondsOf(s), 0));
    if (segment.msn % COMPARE_EVERY !== 0 || performance.now() + laterMs > this.until) return;
    await delay(laterMs);
    await ask();
    this.rendition.removedLater++;
  }

  async #compare(segment: PlaylistSegment): Promise<void> {
    const parts = await Promise.all(segment.parts.map((p) => this.#media(p.uri)));
    const whole = await this.#media(segment.uri as string);
    if (!whole || parts.some((p) => p === undefined)) return;
    const joined = Buffer.concat(parts as Buffer[]);
    this.rendition.segments.push({ uri: segment.uri as string, bytesOfParts: joined.length, same: joined.equals(whole) });
  }

  /** Fetched once; another asker gets the same. */
  #media(uri: string): Promise<Buffer | undefined> {
    const key = `media ${uri}`;
    let known = this.#asked.get(key);
    if (!known) {
      known = this.#got(uri).then(({ body, ...exchange }) => {
        this.rendition.media.push(exchange);
        return exchange.status === 200 ? body : undefined;
      });
      this.#asked.set(key, known);
      // compared while the segment is new; kept no longer
      void known.then(() => setTimeout(() => this.#asked.set(key, Promise.resolve(undefined)), 15_000).unref());
    }
    return known;
  }

  /** Asked again while the service is excused. */
  async #got(uri: string): Promise<Fetched> {
    for (;;) {
      const fetched = await get(this.#resolve(uri));
      if (!this.#isExcused(fetched)) return fetched;
      await delay(RETRY_MS);
    }
  }

  #isExcused({ status }: Exchange): boolean {
    if ((status !== 0 && status < 500) || !this.excused()) return false;
    this.rendition.excused++;
    return true;
  }

  #once(key: string, work: () => Promise<void>): void {
    if (this.#asked.has(key)) return;
    const done = work().then(
      () => undefined,
      (error: unknown) => {
        this.#fail(`${key}: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      },
    );
    this.#asked.set(key, done);
    this.#do(done);
  }

  #do(work: Promise<unknown>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  #resolve(uri: string): string {
    return new URL(uri, this.url).href;
  }

  #fail(text: string): void {
    if (this.rendition.failures.length < MAX_FAILURES) this.rendition.failures.push(text);
  }
}

function withQuery(url: string, query: string): string {
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

async function get(url: string, headers: Record<string, string> = { 'accept-encoding': 'gzip' }): Promise<Fetched> {
  const askedAtMs = performance.now();
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const headAtMs = performance.now();
    const body = Buffer.from(await response.arrayBuffer());
    return { url, askedAtMs, headAtMs, answeredAtMs: performance.now(), status: response.status, headers: Object.fromEntries(response.headers), bytes: body.length, body };
  } catch {
    const now = performance.now();
    return { url, askedAtMs, headAtMs: now, answeredAtMs: now, status: 0, headers: {}, bytes: 0, body: Buffer.alloc(0) };
  }
}
