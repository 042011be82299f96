/** A token bucket per caller. Bounded: when there are too many callers the longest unseen is forgotten. */
export interface RateLimitOptions {
  /** Refill, per second. */
  perSecond: number;
  burst: number;
  /** Callers remembered at most. */
  maxCallers?: number;
}

interface Bucket {
  level: number;
  atMs: number;
}

export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #maxCallers: number;

  constructor(private readonly options: RateLimitOptions) {
    this.#maxCallers = options.maxCallers ?? 10_000;
  }

  /** Takes one. @returns 0 when allowed, otherwise the milliseconds until the next one is */
  take(caller: string, nowMs: number = performance.now()): number {
    const { perSecond, burst } = this.options;
    const old = this.#buckets.get(caller);
    const level = old ? Math.min(burst, old.level + ((nowMs - old.atMs) / 1000) * perSecond) : burst;
    const allowed = level >= 1;
    this.#buckets.delete(caller); // to the young end of the map's order
    this.#buckets.set(caller, { level: allowed ? level - 1 : level, atMs: nowMs });
    if (this.#buckets.size > this.#maxCallers) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return allowed ? 0 : Math.ceil(((1 - level) / perSecond) * 1000);
  }

  get size(): number {
    return this.#buckets.size;
  }
}
