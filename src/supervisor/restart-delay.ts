/** How long a died role waits before it is started again: at once after a long life, ever later when it dies young. */
const DELAYS_MS = [100, 500, 1000, 2000, 5000] as const;
/** A process that lived this long is counted as healthy. */
export const HEALTHY_MS = 20_000;

/**
 * @param youngDeaths how many lives in a row ended before {@link HEALTHY_MS}, this one included
 * @returns milliseconds to wait
 */
export function restartDelayMs(youngDeaths: number): number {
  const last = DELAYS_MS.length - 1;
  return DELAYS_MS[Math.min(Math.max(youngDeaths - 1, 0), last)] as number;
}
