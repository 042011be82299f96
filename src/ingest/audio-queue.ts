/**
 * One publisher's sound on the host's clock: blocks come in as the sink hands them over, and the bus reads any stretch of
 * host time out of it. Time is counted in samples from an anchor, so a burst after a stall of JavaScript lands where it
 * belongs; only when blocks come too late to be used for a while (or early, which cannot be) is the anchor set again.
 */
import { RESAMPLER_DELAY_FRAMES, StereoResampler } from '../media/pcm.ts';

const NS_PER_FRAME = 1e9 / 48_000;
/** 1 s: the sound of a stall of JavaScript must fit. */
const CAPACITY_FRAMES = 48_000;
const RING_SAMPLES = CAPACITY_FRAMES * 2;
/** The first blocks are held back to learn the least delay they come with. */
const PRIMING_BLOCKS = 4;
/** Lateness is judged by its least value over so many blocks (500 ms), because a late callback says nothing. */
const WINDOW_BLOCKS = 50;
/** Nothing can come so much too early: the anchor is wrong. */
const EARLY_NS = 60e6;
/** Sound that was away for longer, and now comes at its pace again: no need to look for 500 ms. */
const GAP_NS = 100e6;
const GAP_BLOCKS = 4;
/** Blocks of a burst come closer together than that. */
const PACE_NS = 5e6;
/** A lasting error of the anchor that is worth a cut: half of what would show as bad lip-sync. */
const OFF_NS = 20e6;
/** Before missing sound, after it, and at the start: 5 ms of fade. */
const FADE_FRAMES = 240;

export class AudioQueue {
  /** Times the anchor was set again. */
  reanchored = 0;
  /** Frames that were not there when the bus wanted them. */
  missedFrames = 0;
  /** Left and right of the newest block are equal. */
  mono = true;
  readonly #ring = new Float32Array(CAPACITY_FRAMES * 2);
  readonly #resampler = new StereoResampler();
  readonly #block = new Float32Array(4096 * 2);
  #anchorNs = Number.NaN;
  /** Frames written since the anchor. */
  #written = 0;
  #blocks = 0;
  #leastLatenessNs = Infinity;
  #windowBlocks = 0;
  #lastLatenessNs = 0;
  #gapBlocks = 0;
  /** The last frames that were there, dying away while there are none. */
  #lastLeft = 0;
  #lastRight = 0;
  #dying = 0;
  #fadeLeft = FADE_FRAMES;

  /** @param usableLatenessNs how late a block may come and still be mixed */
  constructor(private readonly usableLatenessNs: number) {}

  /** @param arrivalNs host monotonic */
  push(samples: Int16Array, rateHz: number, channels: number, arrivalNs: number): void {
    const frames = this.#resampler.process(samples, rateHz, channels, this.#block);
    this.mono = channels === 1;
    if (this.#blocks === 0) this.#anchorNs = arrivalNs;
    this.#blocks++;
    const latenessNs = arrivalNs - (this.#anchorNs + this.#written * NS_PER_FRAME);
    if (this.#blocks <= PRIMING_BLOCKS) {
      if (latenessNs < 0) this.#anchorNs += latenessNs;
    } else this.#judge(latenessNs);
    const at = (this.#written % CAPACITY_FRAMES) * 2;
    const fitting = Math.min(frames * 2, RING_SAMPLES - at);
    this.#ring.set(this.#block.subarray(0, fitting), at);
    if (fitting < frames * 2) this.#ring.set(this.#block.subarray(fitting, frames * 2));
    this.#written += frames;
  }

  /**
   * Adds up to `frames` frames from host time `fromNs` into `out` (stereo interleaved, overwritten).
   * @returns false when there is no sound at all in that stretch
   */
  read(fromNs: number, frames: number, out: Float32Array): boolean {
    if (this.#blocks < PRIMING_BLOCKS) return false;
    const first = Math.round((fromNs - this.#anchorNs) / NS_PER_FRAME) + RESAMPLER_DELAY_FRAMES;
    const oldest = Math.max(0, this.#written - CAPACITY_FRAMES);
    if (first >= this.#written && this.#dying === 0) return false;
    const from = (first % CAPACITY_FRAMES) * 2;
    if (this.#fadeLeft === 0 && first >= oldest && first + frames <= this.#written && from + frames * 2 <= RING_SAMPLES) {
      out.set(this.#ring.subarray(from, from + frames * 2)); // nearly always
      this.#lastLeft = out[2 * frames - 2] as number;
      this.#lastRight = out[2 * frames - 1] as number;
      this.#dying = FADE_FRAMES;
      return true;
    }
    for (let i = 0; i < frames; i++) {
      const frame = first + i;
      let left: number;
      let right: number;
      if (frame >= oldest && frame < this.#written) {
        const at = (frame % CAPACITY_FRAMES) * 2;
        left = this.#ring[at] as number;
        right = this.#ring[at + 1] as number;
        if (this.#fadeLeft > 0) {
          const part = 1 - this.#fadeLeft-- / FADE_FRAMES;
          left *= part;
          right *= part;
        }
        this.#lastLeft = left;
        this.#lastRight = right;
        this.#dying = FADE_FRAMES;
      } else {
        // what is missing dies away instead of stopping with a click
        this.missedFrames++;
        this.#fadeLeft = FADE_FRAMES;
        if (this.#dying > 0) this.#dying--;
        left = (this.#lastLeft * this.#dying) / FADE_FRAMES;
        right = (this.#lastRight * this.#dying) / FADE_FRAMES;
      }
      out[2 * i] = left;
      out[2 * i + 1] = right;
    }
    return true;
  }

  #judge(latenessNs: number): void {
    if (latenessNs < this.#leastLatenessNs) this.#leastLatenessNs = latenessNs;
    if (latenessNs < -EARLY_NS) return this.#reanchor(latenessNs);
    const burst = latenessNs < this.#lastLatenessNs - PACE_NS;
    this.#lastLatenessNs = latenessNs;
    if (burst) {
      this.#gapBlocks = 0;
      return; // made late by a stall of ours: says nothing about the anchor
    }
    this.#gapBlocks = latenessNs > GAP_NS ? this.#gapBlocks + 1 : 0;
    if (this.#gapBlocks >= GAP_BLOCKS) return this.#reanchor(latenessNs);
    if (++this.#windowBlocks < WINDOW_BLOCKS) return;
    if (this.#leastLatenessNs > this.usableLatenessNs || this.#leastLatenessNs < -OFF_NS) this.#reanchor(this.#leastLatenessNs);
    this.#windowBlocks = 0;
    this.#leastLatenessNs = Infinity;
  }

  #reanchor(byNs: number): void {
    this.#anchorNs += byNs;
    this.#fadeLeft = FADE_FRAMES;
    this.#windowBlocks = 0;
    this.#gapBlocks = 0;
    this.#leastLatenessNs = Infinity;
    this.reanchored++;
  }
}
