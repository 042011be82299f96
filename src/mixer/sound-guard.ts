/**
 * Keeps the programme's sound going: what ingest sends goes through the sound line, and when nothing comes any more, silence does.
 * Silence is only put in when the process itself was awake all the time: after a stall the sound is still waiting in the socket.
 */
import { AUDIO_RATE_HZ, NS_PER_MS } from '../domain/programme-time.ts';
import type { PcmBlock } from '../media/feed-protocol.ts';
import { sampleAt, SoundLine } from './sound-line.ts';

const CHECK_MS = 50;
/** Sound this late is missing. Bursts after a garbage collection or a busy core stay well below it. */
const MISSING_NS = 250n * NS_PER_MS;
/** Silence is put in up to here behind now, so that sound which comes back has room. */
const BEHIND_NS = 100n * NS_PER_MS;
const STALL_NS = 150n * NS_PER_MS;
/** Sound of a time that has not come is not ours: taken in, it would push silence in front of it and shift all that follows. */
const AHEAD_NS = 100n * NS_PER_MS;

export class SoundGuard {
  readonly #line: SoundLine;
  #timer: NodeJS.Timeout | undefined;
  #lastCheckNs = 0n;

  constructor(
    private readonly anchorNs: bigint,
    baseNs: bigint,
    put: (samples: Buffer, sample: bigint) => void,
  ) {
    this.#line = new SoundLine(baseNs - anchorNs, put);
  }

  get silenceMs(): number {
    return Math.round((this.#line.filledSamples * 1000) / AUDIO_RATE_HZ);
  }

  start(): void {
    this.#lastCheckNs = process.hrtime.bigint();
    this.#timer = setInterval(() => {
      const nowNs = process.hrtime.bigint();
      const stalled = nowNs - this.#lastCheckNs > STALL_NS;
      this.#lastCheckNs = nowNs;
      // the poll phase comes between a timer and an immediate: what waits in the socket is read first
      if (!stalled) setImmediate(() => this.#fill(nowNs));
    }, CHECK_MS);
  }

  write(block: PcmBlock): void {
    if (block.ptsNs > process.hrtime.bigint() + AHEAD_NS) return;
    this.#line.write(block.ptsNs - this.anchorNs, block.samples);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #fill(nowNs: bigint): void {
    if (this.#line.next < sampleAt(nowNs - MISSING_NS - this.anchorNs)) this.#line.silenceUpTo(sampleAt(nowNs - BEHIND_NS - this.anchorNs));
  }
}
