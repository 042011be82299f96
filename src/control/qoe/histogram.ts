/** Histograms of fixed buckets: what many viewers tell, kept in a few counters. */

/** Upper bounds in ms; one more bucket holds what lies above. */
export const STARTUP_BOUNDS_MS = [100, 200, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000] as const;
/** Fine where WebRTC (100–400 ms) and LL-HLS (1–3 s) are. */
export const LATENCY_BOUNDS_MS = [50, 100, 150, 200, 250, 300, 400, 500, 700, 1000, 1250, 1500, 1750, 2000, 2250, 2500, 3000, 4000, 5000, 7500, 10_000, 20_000, 60_000] as const;

export function bucketOf(bounds: readonly number[], value: number): number {
  const at = bounds.findIndex((bound) => value <= bound);
  return at < 0 ? bounds.length : at;
}

/**
 * The value below which the share `q` (0…1) lies, taking values as spread evenly within a bucket.
 * @returns undefined without any value; the highest bound for what lies above it
 */
export function quantile(bounds: readonly number[], counts: readonly number[], q: number): number | undefined {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return undefined;
  let left = q * total;
  for (let i = 0; i < bounds.length; i++) {
    const count = counts[i] ?? 0;
    const from = bounds[i - 1] ?? 0;
    const to = bounds[i] as number;
    if (count > 0 && left <= count) return from + (to - from) * (left / count);
    left -= count;
  }
  return bounds.at(-1);
}
