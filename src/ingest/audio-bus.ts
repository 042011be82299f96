/**
 * The arithmetic of a room's sound: every 10 ms all sources, brought to one loudness and with their gains, become the programme's
 * sound, and for each listener the same sum minus what comes from the listener. No clock in here: bus-clock.ts calls `mix` block
 * by block.
 *
 * Bus time (bus-time.ts) is arrival time on the host's clock. A block is mixed MIX_DELAY_NS after the time of its first sample
 * (10 ms for the block to be whole, 20 ms for blocks that come late, 2 ms of the resampler) and comes out OUTPUT_DELAY_NS later,
 * because the limiters look ahead; its PTS is the arrival time, not the time of mixing, less what libwebrtc delays sound against pictures (sync-correction.ts),
 * so no delay shows against the pictures.
 */
import type { ParticipantId } from '../domain/ids.ts';
import type { SourceKind } from '../domain/room.ts';
import { Limiter } from '../media/limiter.ts';
import { LoudnessSteering, MEDIA, VOICE } from '../media/loudness-steering.ts';
import { BusSource } from './bus-source.ts';
import { BLOCK_FRAMES } from './bus-time.ts';

/** Who left so many others ago starts anew. */
const REMEMBERED = 200;

/** One connection that gets the mix-minus, mono: browsers take Opus in mono unless told otherwise. */
export class BusListener {
  /** Valid until the next block. */
  readonly samples = new Int16Array(BLOCK_FRAMES);
  readonly limiter = new Limiter(1, BLOCK_FRAMES);

  /** @param play copies what it needs: the array is used again */
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
  /** Who comes back is as loud as before at once. */
  readonly #steerings = new Map<string, LoudnessSteering>();
  readonly #sum = new Float32Array(BLOCK_FRAMES * 2);
  readonly #mono = new Float32Array(BLOCK_FRAMES);
  readonly #minus = new Float32Array(BLOCK_FRAMES);
  readonly #limiter = new Limiter(2, BLOCK_FRAMES);

  add(participant: ParticipantId, kind: SourceKind = 'camera'): BusSource {
    const key = `${kind} ${participant}`;
    const steering = this.#steerings.get(key) ?? new LoudnessSteering(kind === 'screen' ? MEDIA : VOICE);
    this.#steerings.delete(key);
    this.#steerings.set(key, steering);
    if (this.#steerings.size > REMEMBERED) this.#steerings.delete(this.#steerings.keys().next().value as string);
    const source = new BusSource(participant, steering);
    this.sources.add(source);
    return source;
  }

  /** Fades out over 20 ms, then it is gone. */
  remove(source: BusSource): void {
    source.leave();
  }

  /** Mixes the block whose first sample has arrival time `fromNs`. @param toListeners false while catching up long stretches: nothing for {@link play} then */
  mix(fromNs: number, toListeners: boolean): void {
    const sum = this.#sum;
    sum.fill(0);
    for (const source of this.sources) {
      if (source.take(fromNs)) {
        const { block } = source;
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (block[i] as number);
      }
      if (source.gone) this.sources.delete(source);
    }
    this.#limiter.process(sum, this.programme);
    if (!toListeners || this.listeners.size === 0) return;
    const mono = this.#mono;
    for (let i = 0; i < BLOCK_FRAMES; i++) mono[i] = ((sum[2 * i] as number) + (sum[2 * i + 1] as number)) / 2;
    for (const listener of this.listeners) this.#without(listener);
  }

  /** Hands each listener its block of the last `mix`. */
  play(): void {
    for (const { play, samples } of this.listeners) play(samples);
  }

  #without(listener: BusListener): void {
    const { participant, limiter, samples } = listener;
    let heard = this.#mono;
    for (const { participant: who, sounding, block } of this.sources) {
      if (who !== participant || !sounding) continue;
      const minus = this.#minus;
      for (let i = 0; i < BLOCK_FRAMES; i++) minus[i] = (heard[i] as number) - ((block[2 * i] as number) + (block[2 * i + 1] as number)) / 2;
      heard = minus;
    }
    limiter.process(heard, samples);
  }
}
