/**
 * Keeps a sum below −1 dBFS without ever clipping: it looks 5 ms ahead, so that the gain is down before the peak is out, moves
 * in a straight line instead of a step, and comes back slowly. One per output. Floats are on the scale of 16-bit samples.
 *
 * Per frame: the gain its peak needs; the least of the frames looked at; that one held back by the release; and the mean of
 * the frames looked at. The mean of values that are all low enough is low enough: no sample passes the limit.
 */
import { BUS_RATE_HZ, FULL_SCALE } from './pcm.ts';

/** −1 dBFS. */
export const LIMIT = Math.floor(FULL_SCALE * 10 ** (-1 / 20));
/** Frames that the output is late by: 5 ms. */
export const LIMITER_DELAY_FRAMES = 240;
const WINDOW = LIMITER_DELAY_FRAMES + 1;
const RELEASE_S = 0.15;
const RELEASE = 1 - Math.exp(-1 / (RELEASE_S * BUS_RATE_HZ));
/** So near to 1 the gain counts as 1: a step of −100 dB. */
const OPEN = 0.99999;

export class Limiter {
  /** Of the frame last put out; 1 while nothing is too loud. */
  gain = 1;
  readonly #line: Float32Array;
  /** Gains of the last WINDOW frames after hold and release, and their sum. */
  readonly #held = new Float64Array(WINDOW).fill(1);
  #heldAt = 0;
  #heldSum = WINDOW;
  #release = 1;
  /** Rising queue of (frame number, gain): its head is the least gain of the last WINDOW frames. */
  readonly #queueFrame = new Float64Array(WINDOW + 1);
  readonly #queueGain = new Float64Array(WINDOW + 1);
  #head = 0;
  #tail = 0;
  #frame = 0;
  #idle = true;

  /** @param maxFrames largest block */
  constructor(
    private readonly channels: 1 | 2,
    maxFrames: number,
  ) {
    this.#line = new Float32Array((LIMITER_DELAY_FRAMES + maxFrames) * channels);
  }

  /**
   * @param sum one block, interleaved
   * @param out gets as many samples, {@link LIMITER_DELAY_FRAMES} late
   */
  process(sum: Float32Array, out: Int16Array): void {
    const { channels } = this;
    const line = this.#line;
    const kept = LIMITER_DELAY_FRAMES * channels;
    const size = sum.length;
    line.set(sum, kept);
    let peak = 0;
    for (let i = 0; i < size; i++) {
      const sample = sum[i] as number;
      if (sample > peak) peak = sample;
      else if (-sample > peak) peak = -sample;
    }
    if (this.#idle && peak <= LIMIT) for (let i = 0; i < size; i++) out[i] = (((line[i] as number) + 32_768.5) | 0) - 32_768; // rounded: storing alone would cut off
    else this.#limit(size / channels, out);
    line.copyWithin(0, size, size + kept);
  }

  #limit(frames: number, out: Int16Array): void {
    const { channels } = this;
    const line = this.#line;
    const held = this.#held;
    const kept = LIMITER_DELAY_FRAMES * channels;
    let release = this.#release;
    let sum = this.#heldSum;
    let at = this.#heldAt;
    this.#idle = false;
    for (let i = 0; i < frames * channels; i += channels) {
      const first = line[kept + i] as number;
      let peak = first < 0 ? -first : first;
      if (channels === 2) {
        const second = line[kept + i + 1] as number;
        if (second > peak) peak = second;
        else if (-second > peak) peak = -second;
      }
      const least = this.#least(peak > LIMIT ? LIMIT / peak : 1);
      release += (1 - release) * RELEASE;
      if (release > least) release = least;
      sum += release - (held[at] as number);
      held[at] = release;
      if (++at === WINDOW) at = 0;
      const gain = sum / WINDOW;
      for (let c = i; c < i + channels; c++) out[c] = (((line[c] as number) * gain + 32_768.5) | 0) - 32_768;
    }
    sum = 0; // anew, so that roundings do not add up
    for (let i = 0; i < WINDOW; i++) sum += held[i] as number;
    this.#release = release;
    this.#heldSum = sum;
    this.#heldAt = at;
    this.gain = sum / WINDOW;
    if (release > OPEN && sum > OPEN * WINDOW) this.#open();
  }

  #open(): void {
    this.#idle = true;
    this.gain = 1;
    this.#release = 1;
    this.#held.fill(1);
    this.#heldSum = WINDOW;
    this.#head = this.#tail = 0;
  }

  /** @returns the least gain of the last WINDOW frames, with this one */
  #least(gain: number): number {
    const gains = this.#queueGain;
    let tail = this.#tail;
    while (tail !== this.#head) {
      const before = tail === 0 ? WINDOW : tail - 1;
      if ((gains[before] as number) < gain) break;
      tail = before;
    }
    this.#queueFrame[tail] = this.#frame;
    gains[tail] = gain;
    this.#tail = tail === WINDOW ? 0 : tail + 1;
    if ((this.#queueFrame[this.#head] as number) <= this.#frame - WINDOW) this.#head = this.#head === WINDOW ? 0 : this.#head + 1;
    this.#frame++;
    return gains[this.#head] as number;
  }
}
