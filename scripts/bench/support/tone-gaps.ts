/** How whole a steady tone arrives: its level in blocks of 10 ms, and the gaps in that. */
export const BLOCK_MS = 10;

/** Amplitude of a tone in a block of samples of −1…1 (Goertzel), about 0…1. */
export function toneLevel(samples: ArrayLike<number>, sampleRate: number, toneHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * toneHz) / sampleRate);
  let [before, last] = [0, 0];
  for (let i = 0; i < samples.length; i++) [before, last] = [last, (samples[i] as number) + coefficient * last - before];
  return (2 * Math.sqrt(Math.max(0, before * before + last * last - coefficient * before * last))) / samples.length;
}

export interface ToneReport {
  seconds: number;
  /** Of the time outside of gaps longer than 100 ms. */
  wholeShare: number;
  gapsOver100Ms: number;
  longestGapMs: number;
  /** Of the blocks in which the tone is missing, in gaps of any length. */
  missingShare: number;
}

const LONG_MS = 100;
/** 12 dB below its usual level it counts as missing. */
const MISSING_BELOW = 0.25;

export function toneReport(levels: readonly number[]): ToneReport {
  const usual = [...levels].sort((a, b) => a - b)[Math.floor(levels.length * 0.75)] ?? 0;
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
