/** Playing a little faster until one is as near to live as the service allows; hls.js's own does it only with more than a second in the buffer. */

/**
 * With less than this ahead nothing is gained by going nearer: the next part may be late. Of parts of 200 ms hls.js keeps
 * 1.0 s otherwise, which made the picture 1.44 s old (p95) where 1.5 s are asked for.
 */
const LEAST_AHEAD_S = 0.8;
/** Nearer than this is as asked; farther than `FAST_S` takes the larger step. Both rates keep the pitch. */
const NEAR_S = 0.08;
const FAST_S = 0.3;

/**
 * @param beyondTargetS how much farther behind live it is than it has to be
 * @param aheadS what is in the buffer
 * @returns the element's playback rate
 */
export function catchUpRate(beyondTargetS: number, aheadS: number): number {
  if (beyondTargetS < NEAR_S || aheadS < LEAST_AHEAD_S) return 1;
  return beyondTargetS < FAST_S ? 1.05 : 1.1;
}
