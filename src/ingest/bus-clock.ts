/** Drives the audio bus by the host's monotonic clock: block k stands at anchor + k × 10 ms, whatever the timers do. */
import type { AudioBus } from './audio-bus.ts';
import { BLOCK_FRAMES, BLOCK_NS, MIX_DELAY_NS, OUTPUT_DELAY_NS } from './bus-time.ts';
import { SOUND_LAG_NS } from './sync-correction.ts';

/** Longer stalls are skipped: the programme's sound jumps then. */
const MAX_CATCH_UP_BLOCKS = 100;
/** While catching up, listeners get only the newest blocks, so that their delay does not grow. */
const LISTENER_BURST_BLOCKS = 10;
/** So many are mixed at once while nobody listens: the mixers get them together anyway (sound-pairs.ts). */
const UNHEARD_BLOCKS = 2;
/** Later than this, the sinks' callbacks of the same stall are let in first. */
const STALL_BLOCKS = 2;

export class BusClock {
  /** Blocks left out after stalls that were too long. */
  skippedBlocks = 0;
  /** Time spent mixing, and handing the mix-minus to libwebrtc (with what its threads take from ours meanwhile), for the metrics. */
  busyNs = 0;
  playNs = 0;
  blocks = 0;
  #timer: NodeJS.Timeout | undefined;
  #anchorNs = 0;
  #next = 0;
  #yielded = false;
  #running = false;

  /** @param onBlock called after each mix with the PTS of the first sample (ns, the arrival time of its picture) and the number of that sample */
  constructor(
    private readonly bus: AudioBus,
    private readonly onBlock: (ptsNs: bigint, firstSample: bigint) => void,
    private readonly now: () => number = () => Number(process.hrtime.bigint()),
  ) {}

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#anchorNs = Math.ceil(this.now());
    this.#schedule();
  }

  close(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const wanted = this.bus.listeners.size > 0 ? 1 : UNHEARD_BLOCKS;
    const last = this.#next + wanted - 1 - (this.#next % wanted);
    const waitMs = (this.#anchorNs + last * BLOCK_NS + MIX_DELAY_NS - this.now()) / 1e6;
    // rounded up: a timer that fires a little early would only have to be set again
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, Math.ceil(waitMs)));
  }

  #tick(): void {
    if (!this.#running) return;
    const startedNs = this.now();
    let due = Math.floor((startedNs - MIX_DELAY_NS - this.#anchorNs) / BLOCK_NS) - this.#next + 1;
    if (due > STALL_BLOCKS && !this.#yielded) {
      this.#yielded = true;
      this.#timer = setTimeout(() => this.#tick(), 1);
      return;
    }
    this.#yielded = false;
    if (due > MAX_CATCH_UP_BLOCKS) {
      this.skippedBlocks += due - MAX_CATCH_UP_BLOCKS;
      this.#next += due - MAX_CATCH_UP_BLOCKS;
      due = MAX_CATCH_UP_BLOCKS;
    }
    for (; due > 0; due--, this.#next++) {
      const fromNs = this.#anchorNs + this.#next * BLOCK_NS;
      const toListeners = due <= LISTENER_BURST_BLOCKS;
      const mixAtNs = this.now();
      this.bus.mix(fromNs, toListeners);
      const mixedAtNs = this.now();
      if (toListeners) this.bus.play();
      this.busyNs += mixedAtNs - mixAtNs;
      this.playNs += this.now() - mixedAtNs;
      this.onBlock(BigInt(fromNs - SOUND_LAG_NS - OUTPUT_DELAY_NS), BigInt(this.#next) * BigInt(BLOCK_FRAMES));
      this.blocks++;
    }
    this.#schedule();
  }
}
