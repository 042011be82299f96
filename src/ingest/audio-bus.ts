/**
 * The arithmetic of a room's sound: every 10 ms all sources with their gains become the programme's sound, and for each
 * listener the same sum minus what comes from the listener. No clock in here: bus-clock.ts calls `mix` block by block.
 *
 * Bus time is arrival time on the host's clock. A block is mixed {@link MIX_DELAY_NS} after the time of its first sample
 * (10 ms for the block to be whole, 20 ms for blocks that come late); its PTS is the arrival time, not the time of mixing,
 * less what libwebrtc delays sound against pictures (bus-clock.ts), so no delay shows against the pictures.
 */
import type { ParticipantId } from '../domain/ids.ts';
import { dbfs, Limiter } from '../media/pcm.ts';
import { AudioQueue } from './audio-queue.ts';

export const BLOCK_FRAMES = 480;
export const BLOCK_NS = 10_000_000;
const LATE_NS = 20_000_000;
export const MIX_DELAY_NS = BLOCK_NS + LATE_NS;
/** 20 ms for every change of gain. */
const RAMP_FRAMES = 960;
/** Level meters: a fifth of each new block (time constant about 50 ms). */
const METER_SHARE = 0.2;

export class BusSource {
  readonly queue = new AudioQueue(LATE_NS);
  readonly block = new Float32Array(BLOCK_FRAMES * 2);
  /** There is sound in `block`. */
  sounding = false;
  meanSquare = 0;
  leavingBlocks = -1;
  #gain = 0;
  #wanted = 1;
  #step = 0;

  constructor(readonly participant: ParticipantId) {
    this.gain = 1;
  }

  /** Linear; reached over 20 ms. */
  set gain(value: number) {
    this.#wanted = value;
    this.#step = (value - this.#gain) / RAMP_FRAMES;
  }

  take(fromNs: number): void {
    const block = this.block;
    this.sounding = this.queue.read(fromNs, BLOCK_FRAMES, block);
    if (!this.sounding || (this.#gain === 0 && this.#wanted === 0)) {
      if (!this.sounding) this.#gain = this.#step > 0 ? 0 : this.#wanted; // the ramp starts with the sound
      if (this.#gain !== this.#wanted) this.#step = (this.#wanted - this.#gain) / RAMP_FRAMES;
      this.sounding = false;
      this.meanSquare *= 1 - METER_SHARE;
      return;
    }
    let gain = this.#gain;
    let power = 0;
    for (let i = 0; i < block.length; i += 2) {
      if (gain !== this.#wanted) {
        gain += this.#step;
        if (this.#step > 0 ? gain >= this.#wanted : gain <= this.#wanted) gain = this.#wanted;
      }
      const left = (block[i] as number) * gain;
      const right = (block[i + 1] as number) * gain;
      block[i] = left;
      block[i + 1] = right;
      power += left * left + right * right;
    }
    this.#gain = gain;
    this.meanSquare += (power / block.length - this.meanSquare) * METER_SHARE;
  }

  get levelDbfs(): number {
    return dbfs(this.meanSquare);
  }
}

/** One connection that gets the mix-minus, mono: browsers take Opus in mono unless told otherwise. */
export class BusListener {
  /** Valid until the next block. */
  readonly samples = new Int16Array(BLOCK_FRAMES);
  readonly limiter = new Limiter();

  constructor(
    readonly participant: ParticipantId,
    readonly play: (samples: Int16Array) => void,
  ) {}
}

export class AudioBus {
  readonly sources = new Set<BusSource>();
  readonly listeners = new Set<BusListener>();
  /** The programme's sound of the last `mix`, stereo. */
  readonly programme = new Int16Array(BLOCK_FRAMES * 2);
  readonly #sum = new Float32Array(BLOCK_FRAMES * 2);
  readonly #minus = new Float32Array(BLOCK_FRAMES);
  readonly #limiter = new Limiter();

  add(participant: ParticipantId): BusSource {
    const source = new BusSource(participant);
    this.sources.add(source);
    return source;
  }

  /** Fades out over 20 ms, then it is gone. */
  remove(source: BusSource): void {
    if (source.leavingBlocks >= 0) return;
    source.gain = 0;
    source.leavingBlocks = 3;
  }

  /** Mixes the block whose first sample has arrival time `fromNs`. @param toListeners false while catching up long stretches */
  mix(fromNs: number, toListeners: boolean): void {
    const sum = this.#sum;
    sum.fill(0);
    for (const source of this.sources) {
      source.take(fromNs);
      if (source.sounding) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (source.block[i] as number);
      if (source.leavingBlocks >= 0 && source.leavingBlocks-- === 0) this.sources.delete(source);
    }
    this.#limiter.process(sum, 2, this.programme);
    if (toListeners) for (const listener of this.listeners) this.#play(listener);
  }

  #play(listener: BusListener): void {
    const minus = this.#minus;
    const sum = this.#sum;
    for (let i = 0; i < BLOCK_FRAMES; i++) minus[i] = ((sum[2 * i] as number) + (sum[2 * i + 1] as number)) / 2;
    for (const source of this.sources) {
      if (source.participant !== listener.participant || !source.sounding) continue;
      for (let i = 0; i < BLOCK_FRAMES; i++) minus[i] = (minus[i] as number) - ((source.block[2 * i] as number) + (source.block[2 * i + 1] as number)) / 2;
    }
    listener.limiter.process(minus, 1, listener.samples);
    listener.play(listener.samples);
  }
}
