/** Loudness after ITU-R BS.1770-4, for 48 kHz. Samples are on the scale of 16-bit ones (±32768). */
import { FULL_SCALE } from './pcm.ts';

/** Annex 1, tables 1 and 2: the shelf for the head, and the high-pass. */
const SHELF = { b0: 1.53512485958697, b1: -2.69169618940638, b2: 1.19839281085285, a1: -1.69065929318241, a2: 0.73248077421585 };
const HIGH_PASS = { a1: -1.99004745483398, a2: 0.99007225036621 };
/** Annex 1, equation 2. */
const OFFSET_LU = -0.691;

/** @param power sum over the channels of their K-weighted mean squares, full scale 1 */
export function lufs(power: number): number {
  return power <= 0 ? -Infinity : OFFSET_LU + 10 * Math.log10(power);
}

/** The power that has this loudness. */
export function powerOf(loudnessLufs: number): number {
  return 10 ** ((loudnessLufs - OFFSET_LU) / 10);
}

/** K-weighted power of one source, block after block. */
export class LoudnessFilter {
  /** Four states of the two filters (transposed direct form II) per channel. */
  readonly #states = new Float64Array(8);

  /**
   * @param block stereo, interleaved
   * @param mono left and right are equal: only one is filtered
   * @returns the sum over both channels of their mean squares, full scale 1
   */
  power(block: Float32Array, mono: boolean): number {
    const left = this.#channel(block, 0);
    if (!mono) return left + this.#channel(block, 1);
    this.#states.copyWithin(4, 0, 4);
    return 2 * left;
  }

  #channel(block: Float32Array, channel: 0 | 1): number {
    const states = this.#states;
    const base = channel * 4;
    let s1 = states[base] as number;
    let s2 = states[base + 1] as number;
    let h1 = states[base + 2] as number;
    let h2 = states[base + 3] as number;
    let sum = 0;
    for (let i = channel; i < block.length; i += 2) {
      const x = block[i] as number;
      const shelved = SHELF.b0 * x + s1;
      s1 = SHELF.b1 * x - SHELF.a1 * shelved + s2;
      s2 = SHELF.b2 * x - SHELF.a2 * shelved;
      const y = shelved + h1;
      h1 = -2 * shelved - HIGH_PASS.a1 * y + h2;
      h2 = shelved - HIGH_PASS.a2 * y;
      sum += y * y;
    }
    // what rings on after the sound must not become denormal numbers, which are slow
    states[base] = Math.abs(s1) < 1e-9 ? 0 : s1;
    states[base + 1] = Math.abs(s2) < 1e-9 ? 0 : s2;
    states[base + 2] = Math.abs(h1) < 1e-9 ? 0 : h1;
    states[base + 3] = Math.abs(h2) < 1e-9 ? 0 : h2;
    return sum / (block.length / 2) / (FULL_SCALE * FULL_SCALE);
  }
}

/** Mean of momentary powers with the relative gate of BS.1770: what lies 10 LU below the mean does not count. */
export function gatedMean(powers: readonly number[]): number {
  const gate = mean(powers) / 10;
  return mean(powers.filter((power) => power >= gate));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}
