/** Arithmetic on PCM. Floats here are on the scale of 16-bit samples (±32768), so that no conversion is needed on the way. */
export const BUS_RATE_HZ = 48_000;
export const FULL_SCALE = 32_768;
export const SILENCE_DBFS = -100;

/** RMS level of a mean square, in dBFS (a full-scale sine is −3). */
export function dbfs(meanSquare: number): number {
  return meanSquare <= 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 10 * Math.log10(meanSquare / (FULL_SCALE * FULL_SCALE)));
}

/**
 * Any rate, mono or more → 48 kHz stereo interleaved, by linear interpolation; the last input frame is kept over block ends,
 * so there are no clicks at them. More than two channels: the first two count. 10 ms in are exactly 480 frames out.
 */
export class StereoResampler {
  #rateHz = 0;
  /** The last input frame of the block before: frame −1 of the next one. */
  #left = 0;
  #right = 0;
  /** Place of the next output frame, in input frames of the next block; between −1 and 0. */
  #position = 0;

  /** @returns frames written to `out` */
  process(samples: Int16Array, rateHz: number, channels: number, out: Float32Array): number {
    const frames = Math.floor(samples.length / channels);
    const second = channels > 1 ? 1 : 0;
    if (frames === 0) return 0;
    const step = rateHz / BUS_RATE_HZ;
    if (rateHz !== this.#rateHz) {
      this.#rateHz = rateHz;
      this.#position = step - 1;
    }
    let made = 0;
    if (step === 1) {
      for (let at = 0; made < frames; made++, at += channels) {
        out[2 * made] = samples[at] as number;
        out[2 * made + 1] = samples[at + second] as number;
      }
    } else {
      const most = out.length >> 1;
      let position = this.#position;
      for (; position <= frames - 1 + 1e-6 && made < most; made++, position += step) {
        const before = Math.floor(position + 1e-6);
        const part = Math.max(0, position - before);
        const from = before * channels;
        const to = Math.min(before + 1, frames - 1) * channels;
        const left = before < 0 ? this.#left : (samples[from] as number);
        const right = before < 0 ? this.#right : (samples[from + second] as number);
        out[2 * made] = left + ((samples[to] as number) - left) * part;
        out[2 * made + 1] = right + ((samples[to + second] as number) - right) * part;
      }
      this.#position = position - frames;
    }
    this.#left = samples[(frames - 1) * channels] as number;
    this.#right = samples[(frames - 1) * channels + second] as number;
    return made;
  }
}
