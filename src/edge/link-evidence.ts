/**
 * What a viewer's reports say about its link. Pure: keeps a few seconds of reports and answers questions about them.
 *
 * REMB is an estimate of libwebrtc's delay detector. It rises by 8 % a second at most and never over 1.5 × what is received, so that it lags behind
 * whenever more is sent (a still picture begins to move, a better rendition): its height says nothing then. Its *fall* says that a queue grew, and
 * what came through at that moment: the detector sets it to 0.85 of that.
 */
const KEPT_MS = 5000;
const MIN_EXPECTED_PACKETS = 12;
/** The shortest round trip seen is forgotten after one to two of these: routes change. */
const BASE_PERIOD_MS = 30_000;
const FALL = 0.93;
const BETA = 0.85;

interface Losses {
  atMs: number;
  lost: number;
  expected: number;
}

export class LinkEvidence {
  #losses: Losses[] = [];
  #nacks: Losses[] = [];
  #ballast: Losses[] = [];
  #roundTrips: { atMs: number; ms: number }[] = [];
  #baseMs = Infinity;
  #baseBeforeMs = Infinity;
  #baseSinceMs = 0;
  #rembBps: number | undefined;
  #fall: { atMs: number; bps: number } | undefined;
  /** Reports of any kind since {@link forget}. */
  reports = 0;

  /** Packets lost of those expected between two reception reports. */
  lost(nowMs: number, lost: number, expected: number): void {
    this.reports++;
    if (expected > 0) add(this.#losses, { atMs: nowMs, lost: Math.max(0, lost), expected }, nowMs);
  }

  /** As {@link lost}, of the retransmission stream. */
  ballastLost(nowMs: number, lost: number, expected: number): void {
    if (expected > 0) add(this.#ballast, { atMs: nowMs, lost: Math.max(0, lost), expected }, nowMs);
  }

  /** Packets asked for again for the first time, of those sent since the last call: tells of loss a round trip later, where reports take a second. */
  nacked(nowMs: number, asked: number, sent: number): void {
    if (sent > 0 || asked > 0) add(this.#nacks, { atMs: nowMs, lost: asked, expected: sent }, nowMs);
  }

  /** One sample per sender report that was answered. */
  roundTrip(nowMs: number, ms: number): void {
    this.reports++;
    if (nowMs - this.#baseSinceMs > BASE_PERIOD_MS) {
      this.#baseBeforeMs = this.#baseMs;
      this.#baseMs = Infinity;
      this.#baseSinceMs = nowMs;
    }
    this.#baseMs = Math.min(this.#baseMs, ms);
    add(this.#roundTrips, { atMs: nowMs, ms }, nowMs);
  }

  estimate(nowMs: number, bps: number): void {
    this.reports++;
    if (this.#rembBps !== undefined && bps < FALL * this.#rembBps) this.#fall = { atMs: nowMs, bps };
    this.#rembBps = bps;
  }

  /** What was sent is another thing now: losses and queues of before say nothing about it. */
  forget(): void {
    this.#losses = [];
    this.#nacks = [];
    this.#ballast = [];
    this.#roundTrips = this.#roundTrips.slice(-1);
    this.#fall = undefined;
    this.reports = 0;
  }

  /** Share of packets lost since `sinceMs`, 0…1, by reports or by what was asked for again; 0 while too few were expected to tell. */
  lossSince(sinceMs: number, minExpected = MIN_EXPECTED_PACKETS): number {
    return Math.max(share(this.#losses, sinceMs, minExpected), share(this.#nacks, sinceMs, minExpected));
  }

  /** By the reception reports that count from after `sinceMs` only (browsers send ten a second while they lose much); 0 while too few packets were expected. */
  reportedLossWithin(sinceMs: number): number {
    const straddling = this.#losses.find(({ atMs }) => atMs >= sinceMs);
    return straddling ? share(this.#losses.slice(this.#losses.indexOf(straddling) + 1), sinceMs, 20) : 0;
  }

  ballastLossSince(sinceMs: number): number {
    return share(this.#ballast, sinceMs, 8);
  }

  /** By how much the last two round trips since `sinceMs` were both longer than the shortest, ms; 0 when the second is clearly shorter (a queue that empties). */
  queueSince(sinceMs: number): number {
    const [before, last] = this.#roundTrips.slice(-2);
    if (!before || !last || before.atMs < sinceMs || last.ms < 0.85 * before.ms) return 0;
    return Math.max(0, Math.min(before.ms, last.ms) - this.baseRoundTripMs);
  }

  /** The last round trip over the shortest, ms. */
  get lastQueueMs(): number {
    const last = this.#roundTrips.at(-1);
    return last ? Math.max(0, last.ms - this.baseRoundTripMs) : 0;
  }

  get baseRoundTripMs(): number {
    const base = Math.min(this.#baseMs, this.#baseBeforeMs);
    return base === Infinity ? 0 : base;
  }

  get rembBps(): number | undefined {
    return this.#rembBps;
  }

  /** What came through when the estimate last fell, if it did since `sinceMs`. */
  throughputAtFallSince(sinceMs: number): number | undefined {
    return this.#fall && this.#fall.atMs >= sinceMs ? this.#fall.bps / BETA : undefined;
  }
}

function add<T extends { atMs: number }>(list: T[], item: T, nowMs: number): void {
  list.push(item);
  while (list.length > 64 || nowMs - (list[0] as T).atMs > KEPT_MS) list.shift();
}

function share(list: readonly Losses[], sinceMs: number, minExpected: number): number {
  let lost = 0;
  let expected = 0;
  for (const item of list) {
    if (item.atMs < sinceMs) continue;
    lost += item.lost;
    expected += item.expected;
  }
  return expected >= minExpected ? Math.min(1, lost / expected) : 0;
}
