/** One publication's sound on the bus: its queue, its loudness, its gain, and its meter. */
import type { ParticipantId } from '../domain/ids.ts';
import { LoudnessFilter } from '../media/loudness.ts';
import type { LoudnessSteering } from '../media/loudness-steering.ts';
import { dbfs } from '../media/pcm.ts';
import { AudioQueue } from './audio-queue.ts';
import { BLOCK_FRAMES, LATE_NS } from './bus-time.ts';

/** 20 ms for every change of gain. */
const RAMP_FRAMES = 960;
/** The ramp, and what of it may begin within a block. */
const LEAVING_BLOCKS = 3;
/** In pauses the place is corrected at once, in speech once a second by 10 ms or half of what is wrong, and only when it is worth it. */
const QUIET_DBFS = -55;
const LEAST_MOVE_NS = 3e6;
const AUDIBLE_MOVE_NS = 8e6;
const LITTLE_MOVE_NS = 10e6;
const MOVE_BLOCKS = 100;
/** Level meters: a fifth of each new block (time constant about 50 ms). */
const METER_SHARE = 0.2;

export class BusSource {
  readonly queue = new AudioQueue(LATE_NS);
  readonly block = new Float32Array(BLOCK_FRAMES * 2);
  /** There is sound in `block`. */
  sounding = false;
  /** Of what goes into the sum. */
  meanSquare = 0;
  readonly #filter = new LoudnessFilter();
  /** Of the block before, so that the steering's steps become a line. */
  #steered: number;
  #gain = 0;
  #wanted = 1;
  #step = 1 / RAMP_FRAMES;
  #leavingBlocks = -1;
  /** The sound is put on the bus so much later than it came. */
  #delayNs = 0;
  #wantedDelayNs = 0;
  #movedBlocks = 0;
  readonly #other = new Float32Array(BLOCK_FRAMES * 2);

  constructor(
    readonly participant: ParticipantId,
    private readonly steering: LoudnessSteering,
  ) {
    this.#steered = steering.gain;
  }

  /** The host's, linear, on top of the steering; reached over 20 ms. */
  set gain(value: number) {
    if (this.#leavingBlocks >= 0) return;
    this.#wanted = value;
    this.#step = (value - this.#gain) / RAMP_FRAMES;
  }

  /** Where its sound belongs on the bus (sync-correction.ts); taken over in a pause, or in small steps, each faded over a block. */
  set delayMs(value: number) {
    this.#wantedDelayNs = Math.round(value * 1e6);
  }

  /** Fades out; {@link gone} when it is silent. */
  leave(): void {
    this.gain = 0;
    if (this.#leavingBlocks < 0) this.#leavingBlocks = LEAVING_BLOCKS;
  }

  get gone(): boolean {
    return this.#leavingBlocks === 0;
  }

  get levelDbfs(): number {
    return dbfs(this.meanSquare);
  }

  /** Reads the next block, with its gains applied. @returns whether there is sound in it */
  take(fromNs: number): boolean {
    const leaving = this.#leavingBlocks >= 0;
    if (leaving) this.#leavingBlocks--;
    const { block, queue, steering } = this;
    const there = this.#read(fromNs);
    const muted = this.#gain === 0 && this.#wanted === 0;
    // who is muted is not heard, so nothing is learned; who leaves may be back already, with the same steering
    if (!leaving && !muted) steering.step(there ? this.#filter.power(block, queue.mono) : 0);
    this.sounding = there && !muted;
    if (this.sounding) this.#apply();
    else {
      if (!there) this.#gain = this.#step > 0 ? 0 : this.#wanted; // the ramp starts with the sound
      if (this.#gain !== this.#wanted) this.#step = (this.#wanted - this.#gain) / RAMP_FRAMES;
      this.#steered = steering.gain;
      this.meanSquare *= 1 - METER_SHARE;
    }
    return this.sounding;
  }

  #read(fromNs: number): boolean {
    const there = this.queue.read(fromNs - this.#delayNs, BLOCK_FRAMES, this.block);
    const offNs = this.#wantedDelayNs - this.#delayNs;
    this.#movedBlocks++;
    const quiet = !there || this.levelDbfs < QUIET_DBFS;
    if (Math.abs(offNs) < LEAST_MOVE_NS || (!quiet && (Math.abs(offNs) < AUDIBLE_MOVE_NS || this.#movedBlocks < MOVE_BLOCKS))) return there;
    this.#movedBlocks = 0;
    this.#delayNs += quiet || Math.abs(offNs) <= LITTLE_MOVE_NS ? offNs : Math.sign(offNs) * Math.max(LITTLE_MOVE_NS, Math.abs(offNs) / 2);
    if (!there) return there;
    this.queue.read(fromNs - this.#delayNs, BLOCK_FRAMES, this.#other);
    for (let i = 0; i < this.block.length; i++) {
      const part = (i >> 1) / BLOCK_FRAMES;
      this.block[i] = (this.block[i] as number) * (1 - part) + (this.#other[i] as number) * part;
    }
    return there;
  }

  #apply(): void {
    const block = this.block;
    const steeredStep = (this.steering.gain - this.#steered) / BLOCK_FRAMES;
    let steered = this.#steered;
    let gain = this.#gain;
    let power = 0;
    for (let i = 0; i < block.length; i += 2) {
      if (gain !== this.#wanted) {
        gain += this.#step;
        if (this.#step > 0 ? gain >= this.#wanted : gain <= this.#wanted) gain = this.#wanted;
      }
      steered += steeredStep;
      const factor = gain * steered;
      const left = (block[i] as number) * factor;
      const right = (block[i + 1] as number) * factor;
      block[i] = left;
      block[i + 1] = right;
      power += left * left + right * right;
    }
    this.#gain = gain;
    this.#steered = this.steering.gain;
    this.meanSquare += (power / block.length - this.meanSquare) * METER_SHARE;
  }
}
