/** Arithmetic on PCM. Floats here are on the scale of 16-bit samples (±32768), so that no conversion is needed on the way. */
export const BUS_RATE_HZ = 48_000;
export const FULL_SCALE = 32_768;
export const SILENCE_DBFS = -100;

/** RMS level of a mean square, in dBFS (a full-scale sine is −3). */
export function dbfs(meanSquare: number): number {
  return meanSquare <= 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 10 * Math.log10(meanSquare / (FULL_SCALE * FULL_SCALE)));
}

/** Everything comes out of {@link StereoResampler} so much later, in frames of 48 kHz: 2 ms, half of the low-pass at 8 kHz. */
export const RESAMPLER_DELAY_FRAMES = 96;
const DELAY_S = RESAMPLER_DELAY_FRAMES / BUS_RATE_HZ;
/** Input frames under the low-pass at rates below 48 kHz. Above 48 kHz it is as long in time. */
const TAPS = 32;
/** Where the low-pass has half its level, as a part of the lower of the two rates' Nyquist frequency: speech of 8 kHz ends at 3.4 of 4 kHz. */
const CUTOFF = 0.92;
/** Of the Kaiser window: images 60 dB down and more. */
const BETA = 6;

/**
 * Any rate, mono or more → 48 kHz stereo interleaved, by a polyphase low-pass. Its past is kept over the ends of
 * blocks and brought to the new rate when that changes, and its delay is {@link RESAMPLER_DELAY_FRAMES} at every rate (from 8 kHz on), so
 * there are no clicks. More than two channels: the first two count. 10 ms in are exactly 480 frames out at all rates that have whole frames in
 * 10 ms. 48 kHz is copied.
 */
export class StereoResampler {
  #rateHz = 0;
  #channels = 0;
  /** 48 kHz ÷ greatest common divisor of the rates: the phases, one row of taps each. */
  #up = 1;
  #down = 1;
  #taps = 0;
  #rows = new Float32Array(0);
  /** Frames of the blocks before that are kept: 4 ms, as the low-pass at 8 kHz needs, so that one can follow on every rate. */
  #past = 0;
  /** Where in `#left` the taps of a block's first output frame begin, at the earliest. */
  #first = 0;
  /** Where those of the next one begin, in 1/#up frames from there. */
  #position = 0;
  /** The past, then this block. */
  #left = new Float32Array(0);
  #right = new Float32Array(0);

  /** @returns frames written to `out`; what does not fit is left out */
  process(samples: Int16Array, rateHz: number, channels: number, out: Float32Array): number {
    const frames = Math.floor(samples.length / channels);
    const stereo = channels > 1;
    if (frames === 0) return 0;
    if (rateHz !== this.#rateHz) this.#begin(rateHz, samples[0] as number, samples[stereo ? 1 : 0] as number);
    if (stereo && this.#channels === 1) this.#right.set(this.#left.subarray(0, this.#past));
    this.#channels = stereo ? 2 : 1;
    const past = this.#past;
    this.#left = grown(this.#left, past + frames);
    this.#right = grown(this.#right, past + frames);
    for (let i = 0, at = 0; i < frames; i++, at += channels) {
      this.#left[past + i] = samples[at] as number;
      if (stereo) this.#right[past + i] = samples[at + 1] as number;
    }
    const most = out.length >> 1;
    const made = rateHz === BUS_RATE_HZ ? this.#copy(Math.min(frames, most), out) : this.#filter(frames, most, out);
    this.#left.copyWithin(0, frames, frames + past);
    if (stereo) this.#right.copyWithin(0, frames, frames + past);
    return made;
  }

  #copy(frames: number, out: Float32Array): number {
    const left = this.#left;
    const right = this.#channels === 2 ? this.#right : left;
    for (let i = 0, at = this.#first; i < frames; i++, at++) {
      out[2 * i] = left[at] as number;
      out[2 * i + 1] = right[at] as number;
    }
    return frames;
  }

  #filter(frames: number, most: number, out: Float32Array): number {
    const left = this.#left;
    const right = this.#right;
    const rows = this.#rows;
    const taps = this.#taps;
    const up = this.#up;
    const end = frames * up;
    let made = 0;
    for (; this.#position < end && made < most; made++, this.#position += this.#down) {
      const frame = Math.floor(this.#position / up);
      const row = (this.#position - frame * up) * taps;
      const first = this.#first + frame;
      let sumLeft = 0;
      for (let k = 0; k < taps; k++) sumLeft += (rows[row + k] as number) * (left[first + k] as number);
      let sumRight = sumLeft;
      if (this.#channels === 2) {
        sumRight = 0;
        for (let k = 0; k < taps; k++) sumRight += (rows[row + k] as number) * (right[first + k] as number);
      }
      out[2 * made] = sumLeft;
      out[2 * made + 1] = sumRight;
    }
    this.#position = Math.max(0, this.#position - frames * up);
    return made;
  }

  /** Another rate: its filter, and the past as it would have been at it. `nextLeft` and `nextRight` follow the past. */
  #begin(rateHz: number, nextLeft: number, nextRight: number): void {
    const { past: pastBefore, rateHz: rateBefore } = { past: this.#past, rateHz: this.#rateHz };
    this.#design(rateHz);
    this.#left = atRate(this.#left.subarray(0, pastBefore), rateBefore / rateHz, this.#past, nextLeft);
    this.#right = atRate(this.#right.subarray(0, pastBefore), rateBefore / rateHz, this.#past, nextRight);
  }

  /** The taps of each phase, oldest input frame first, with a sum of 1 each (so that a constant stays one). */
  #design(rateHz: number): void {
    this.#rateHz = rateHz;
    this.#past = Math.max(TAPS, Math.ceil(2 * DELAY_S * rateHz));
    if (rateHz === BUS_RATE_HZ) {
      this.#first = this.#past - RESAMPLER_DELAY_FRAMES;
      return;
    }
    const common = greatestCommonDivisor(rateHz, BUS_RATE_HZ);
    this.#up = BUS_RATE_HZ / common;
    this.#down = rateHz / common;
    const cutoff = CUTOFF * Math.min(1, BUS_RATE_HZ / rateHz);
    this.#taps = 2 * Math.ceil((TAPS / 2) * Math.max(1, rateHz / BUS_RATE_HZ));
    const half = this.#taps / 2;
    const begin = this.#past - Math.max(half, DELAY_S * rateHz) - (half - 1);
    this.#first = Math.floor(begin);
    this.#position = Math.round((begin - this.#first) * this.#up);
    this.#rows = new Float32Array(this.#up * this.#taps);
    for (let phase = 0; phase < this.#up; phase++) {
      const row = this.#rows.subarray(phase * this.#taps, (phase + 1) * this.#taps);
      let sum = 0;
      for (let k = 0; k < this.#taps; k++) {
        const distance = k - (half - 1) - phase / this.#up;
        const x = Math.PI * cutoff * distance;
        row[k] = (x === 0 ? 1 : Math.sin(x) / x) * bessel(BETA * Math.sqrt(Math.max(0, 1 - (distance / half) ** 2)));
        sum += row[k] as number;
      }
      for (let k = 0; k < this.#taps; k++) row[k] = (row[k] as number) / sum;
    }
  }
}

/** `frames` frames of a past, interpolated: good enough for 2 ms. @param ratio old rate ÷ new rate */
function atRate(past: Float32Array, ratio: number, frames: number, next: number): Float32Array<ArrayBuffer> {
  const made = new Float32Array(frames);
  if (past.length === 0) return made;
  for (let i = 0; i < frames; i++) {
    const place = past.length - (frames - i) * ratio;
    const before = Math.floor(place);
    const from = past[before] ?? 0;
    made[i] = from + ((before + 1 < past.length ? (past[before + 1] ?? 0) : next) - from) * (place - before);
  }
  return made;
}

function grown(array: Float32Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const longer = new Float32Array(length);
  longer.set(array);
  return longer;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The modified Bessel function of order 0. */
function bessel(x: number): number {
  let sum = 1;
  for (let k = 1, term = 1; k < 30; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}
