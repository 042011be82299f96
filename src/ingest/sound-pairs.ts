/**
 * The programme's sound for the mixers, two blocks at a time: each message wakes the mixer, its source and its three encoders, and
 * those want 20 ms or more. Listeners do not come by here; the programme's sound is 10 ms later by it.
 */
import { encodePcm } from '../media/feed-protocol.ts';
import { BLOCK_FRAMES } from './bus-time.ts';

const BLOCK_BYTES = BLOCK_FRAMES * 4;

export class SoundPairs {
  readonly #pair = Buffer.alloc(2 * BLOCK_BYTES);
  #first: { ptsNs: bigint; firstSample: bigint; number: bigint } | undefined;

  /** @param send gets a whole message of the feed protocol */
  constructor(private readonly send: (message: Buffer) => void) {}

  /** @param samples one block, stereo; copied */
  push(ptsNs: bigint, firstSample: bigint, samples: Int16Array): void {
    const number = firstSample / BigInt(BLOCK_FRAMES);
    if (this.#first && number !== this.#first.number + 1n) this.#flush(BLOCK_BYTES); // the bus left blocks out
    const at = this.#first ? BLOCK_BYTES : 0;
    this.#first ??= { ptsNs, firstSample, number };
    this.#pair.set(Buffer.from(samples.buffer, samples.byteOffset, BLOCK_BYTES), at);
    // an odd one ends its pair, as it ends what the bus mixes at once (bus-clock.ts)
    if (number % 2n === 1n) this.#flush(at + BLOCK_BYTES);
  }

  #flush(bytes: number): void {
    if (!this.#first) return;
    const { ptsNs, firstSample } = this.#first;
    this.send(encodePcm({ ptsNs, firstSample, samples: this.#pair.subarray(0, bytes) }));
    this.#first = undefined;
  }
}
