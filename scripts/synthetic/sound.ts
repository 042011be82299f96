/** Sound of a synthetic participant: a steady tone, a beep at each full second, or silence; 48 kHz mono in blocks of 10 ms. */
import { FLASH_MS } from './picture.ts';

export const BLOCK_SAMPLES = 480;
const RATE_HZ = 48_000;
/** −12 dBFS: four tones together stay below full scale. */
const AMPLITUDE = 0.25 * 32_767;

export interface SoundOptions {
  /** 0: silence. */
  toneHz: number;
  /** Only in the first 100 ms of each second of the wall clock. */
  beep: boolean;
}

export class Sound {
  readonly samples = new Int16Array(BLOCK_SAMPLES);
  #phase = 0;

  constructor(private readonly options: SoundOptions) {}

  /** Makes the block that begins at a wall-clock time. */
  make(timeMs: number): void {
    const { toneHz, beep } = this.options;
    const step = (2 * Math.PI * toneHz) / RATE_HZ;
    for (let i = 0; i < BLOCK_SAMPLES; i++) {
      const on = !beep || (timeMs + i / 48) % 1000 < FLASH_MS;
      this.samples[i] = on ? AMPLITUDE * Math.sin(this.#phase) : 0;
      this.#phase += step;
    }
    this.#phase %= 2 * Math.PI;
  }
}
