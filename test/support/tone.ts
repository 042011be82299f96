/** Power of one frequency in PCM, by Goertzel's algorithm with a Hann window. */

/** @returns dBFS as the RMS level of that tone alone: a full-scale sine is −3, silence is −200 */
export function tonePower(samples: Int16Array | Float32Array, hz: number, rateHz: number): number {
  const n = samples.length;
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
  let s1 = 0;
  let s2 = 0;
  for (let i = 0; i < n; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (n - 1));
    const s0 = (samples[i] as number) * window + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  const amplitude = (2 * Math.sqrt(Math.max(0, power))) / (n / 2); // the window's mean is one half
  return amplitude <= 0 ? -200 : 20 * Math.log10(amplitude / 32_768 / Math.SQRT2);
}
