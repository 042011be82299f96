import { Counter, Histogram, type Registry } from 'prom-client';
import type { RoomId } from '../../domain/ids.ts';
import type { Logger } from '../../observability/logger.ts';
import type { SlotChange, ViewerStore } from '../../state/viewer-store.ts';
import { LATENCY_BOUNDS_MS, STARTUP_BOUNDS_MS } from './histogram.ts';
import { kindOf, SLOT_MS, tally, type Increments, type ViewerReport } from './tally.ts';

const FLUSH_MS = 1000;
/** Reports that wait for the next flush; more are dropped and counted. */
const MAX_WAITING = 20_000;

interface Waiting {
  seen: Set<string>;
  gone: Set<string>;
  increments: Increments;
}

/**
 * Takes what players tell: into Prometheus at once, into Redis once a second for all of a room together, so that thousands of
 * players cost a few commands. What a slot gets is the time of the flush, up to a second after it was told.
 */
export class QoeBook {
  #waiting = new Map<RoomId, Waiting>();
  #reports = 0;
  #flushing: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #startup: Histogram<'kind'>;
  readonly #latency: Histogram<'kind'>;
  readonly #counters: Record<'taken' | 'dropped' | 'stalls' | 'stalledSeconds' | 'watchedSeconds', Counter<'kind'>>;

  constructor(
    private readonly store: Pick<ViewerStore, 'add'>,
    private readonly log: Logger,
    registry: Registry,
  ) {
    const seconds = (bounds: readonly number[]): number[] => bounds.map((ms) => ms / 1000);
    const shared = { labelNames: ['kind' as const], registers: [registry] };
    this.#startup = new Histogram({ ...shared, name: 'tessera_viewer_startup_seconds', help: 'From opening a player to its first picture, as players tell', buckets: seconds(STARTUP_BOUNDS_MS) });
    this.#latency = new Histogram({ ...shared, name: 'tessera_viewer_latency_seconds', help: 'From the mix to the screen of those who watch live, as players tell', buckets: seconds(LATENCY_BOUNDS_MS) });
    const counter = (name: string, help: string): Counter<'kind'> => new Counter({ ...shared, name: `tessera_viewer_${name}_total`, help });
    this.#counters = {
      taken: counter('reports', 'Reports of players'),
      dropped: counter('reports_dropped', 'Reports dropped because too many waited for Redis'),
      stalls: counter('stalls', 'Times the picture stopped for want of data'),
      stalledSeconds: counter('stalled_seconds', 'Time the picture stood'),
      watchedSeconds: counter('watched_seconds', 'Time watched'),
    };
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.#timer.unref();
  }

  take(room: RoomId, report: ViewerReport): void {
    const kind = { kind: kindOf(report.mode) };
    this.#counters.taken.inc(kind);
    if (report.startupMs !== undefined) this.#startup.observe(kind, report.startupMs / 1000);
    if (report.latencyMs !== undefined) this.#latency.observe(kind, report.latencyMs / 1000);
    this.#counters.stalls.inc(kind, report.stalls);
    this.#counters.stalledSeconds.inc(kind, report.stalledMs / 1000);
    this.#counters.watchedSeconds.inc(kind, report.watchedMs / 1000);
    if (this.#reports >= MAX_WAITING) {
      this.#counters.dropped.inc(kind);
      return;
    }
    this.#reports++;
    let waiting = this.#waiting.get(room);
    if (!waiting) this.#waiting.set(room, (waiting = { seen: new Set(), gone: new Set(), increments: {} }));
    // A viewer by WHEP is counted by its session.
    const present = !report.leaving && kind.kind === 'hls';
    waiting[present ? 'seen' : 'gone'].add(report.viewer);
    waiting[present ? 'gone' : 'seen'].delete(report.viewer);
    tally(waiting.increments, report);
  }

  /** One at a time; while Redis is away what waits goes on waiting, up to its bound. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  /** Writes what waits; the caller bounds the time. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.flush();
  }

  async #flush(): Promise<void> {
    const taken = this.#waiting;
    if (taken.size === 0) return;
    this.#waiting = new Map();
    this.#reports = 0;
    const slot = Math.floor(Date.now() / SLOT_MS);
    for (const [room, { seen, gone, increments }] of taken) {
      const change: SlotChange = { seen: [...seen], gone: [...gone], increments };
      await this.store.add(room, slot, change).catch((error: unknown) => this.log.warn({ err: error, room, reports: seen.size }, 'what viewers told could not be kept'));
    }
  }
}
