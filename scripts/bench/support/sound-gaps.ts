/** How whole a sound that never pauses arrives: its level in blocks of 10 ms, and the gaps in that. */
export const BLOCK_MS = 10;

/** Root mean square of a block of samples. */
export function levelOf(samples: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < samples.length; i++) squares += (samples[i] as number) ** 2;
  return Math.sqrt(squares / Math.max(1, samples.length));
}

export interface SoundReport {
  seconds: number;
  /** Of the time outside of gaps longer than 100 ms. */
  wholeShare: number;
  gapsOver100Ms: number;
  longestGapMs: number;
  /** Of the blocks in which there is nothing to hear, in gaps of any length. */
  missingShare: number;
}

const LONG_MS = 100;
/** 20 dB below its usual level it counts as missing: the voice's own softest block is 10 dB below, after wideband Opus 16. */
const MISSING_BELOW = 0.1;

export function soundReport(levels: readonly number[]): SoundReport {
  const usual = [...levels].sort((a, b) => a - b)[Math.floor(levels.length / 2)] ?? 0;
  const gapsMs: number[] = [];
  let gap = 0;
  for (const level of [...levels, Number.POSITIVE_INFINITY]) {
    if (!(level >= usual * MISSING_BELOW) || usual === 0) gap++;
    else if (gap > 0) [gap] = [0, gapsMs.push(gap * BLOCK_MS)];
  }
  const long = gapsMs.filter((ms) => ms > LONG_MS);
  const totalMs = Math.max(1, levels.length * BLOCK_MS);
  const sum = (all: number[]): number => all.reduce((a, b) => a + b, 0);
  return {
    seconds: totalMs / 1000,
    wholeShare: usual === 0 ? 0 : 1 - sum(long) / totalMs,
    gapsOver100Ms: long.length,
    longestGapMs: Math.max(0, ...gapsMs),
    missingShare: usual === 0 ? 1 : sum(gapsMs) / totalMs,
  };
}
