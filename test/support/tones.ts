/** Levels of single tones in sound: what "the right tone is present" means in our tests. */

/** Power of `hz` in mono samples (−1…1), in dBFS of a sine of that amplitude, by Goertzel's algorithm. Use 100 ms or more. */
export function toneLevelDb(samples: ArrayLike<number>, rateHz: number, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
  let s1 = 0;
  let s2 = 0;
  const n = samples.length;
  for (let i = 0; i < n; i++) {
    // Hann window: a neighbouring tone 50 Hz away must not leak in
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (n - 1));
    const s0 = (samples[i] as number) * window + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  const amplitude = (2 * Math.sqrt(Math.max(power, 0))) / (n * 0.5);
  return 20 * Math.log10(Math.max(amplitude, 1e-9));
}

/** RMS in dBFS. */
export function rmsDb(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] as number) ** 2;
  return 10 * Math.log10(Math.max(sum / Math.max(samples.length, 1), 1e-12));
}
