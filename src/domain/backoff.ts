/** Exponential backoff with full jitter: a wait between half and all of `firstMs` × 2^(attempt − 1), at most `mostMs`. `attempt` counts from 1. */
export function backoffMs(attempt: number, limits: { firstMs: number; mostMs: number }, random: () => number = Math.random): number {
  const whole = Math.min(limits.mostMs, limits.firstMs * 2 ** Math.min(attempt - 1, 30));
  return whole / 2 + (whole / 2) * random();
}
