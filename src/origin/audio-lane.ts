/** The programme's AAC on its way into parts; missing frames are silence. */
import { DEFAULT_AAC_CONFIG, aacConfig, silentAacFrame } from '../media/aac-config.ts';
import type { AudioSample } from './part.ts';

export interface AudioConfig {
  number: number;
  /** AudioSpecificConfig. */
  config: Buffer;
  channels: number;
  sampleRateHz: number;
  bitrateBps: number;
}

/** About 4 s. */
const MAX_WAITING = 200;

function audioConfig(number: number, config: Buffer, bitrateBps: number): AudioConfig {
  return { number, config, bitrateBps, ...aacConfig(config) };
}

export class AudioLane {
  readonly #waiting = new Map<number, Buffer>();
  #newest: AudioConfig | undefined;
  #current: AudioConfig = audioConfig(0, DEFAULT_AAC_CONFIG, 128_000);
  #lastFrame = -1;
  #silence: Buffer | undefined;

  get config(): AudioConfig {
    return this.#current;
  }
  get configured(): boolean {
    return this.#newest !== undefined;
  }
  /** The parameters change with the next part. */
  get changes(): boolean {
    return this.#newest !== undefined && this.#newest !== this.#current;
  }

  /** @throws RangeError when it is not AAC for one or two channels */
  configure(config: Buffer, bitrateBps: number, started: boolean): void {
    if (this.#newest?.config.equals(config)) return;
    const same = this.#current.config.equals(config);
    this.#newest = same && started ? this.#current : audioConfig(started ? this.#current.number + 1 : this.#current.number, config, bitrateBps);
    if (!started) this.#current = this.#newest;
    this.#silence = undefined;
  }

  resume(config: Pick<AudioConfig, 'number' | 'config' | 'bitrateBps'>): void {
    this.#current = audioConfig(config.number, config.config, config.bitrateBps);
    this.#newest = this.#current;
  }

  push(frame: number, data: Buffer, firstOpenFrame: number): 'taken' | 'late' | 'full' {
    if (frame < firstOpenFrame) return 'late';
    if (this.#waiting.size >= MAX_WAITING) return 'full';
    this.#waiting.set(frame, data);
    this.#lastFrame = Math.max(this.#lastFrame, frame);
    return 'taken';
  }

  reaches(frame: number): boolean {
    return this.#lastFrame >= frame - 1;
  }

  reset(): void {
    this.#waiting.clear();
  }

  take(from: number, to: number): { samples: AudioSample[]; silentFrames: number } {
    if (this.#newest) this.#current = this.#newest;
    const silence = (this.#silence ??= silentAacFrame(this.#current.channels));
    let silentFrames = 0;
    const samples: AudioSample[] = [];
    for (let frame = from; frame < to; frame++) {
      const data = this.#waiting.get(frame);
      if (!data) silentFrames++;
      samples.push({ data: data ?? silence, frame });
    }
    for (const frame of [...this.#waiting.keys()]) if (frame < to) this.#waiting.delete(frame);
    return { samples, silentFrames };
  }
}
