/** What a synthetic participant hears: levels of given tones in the last second, by Goertzel's algorithm. */
export interface Heard {
  /** dBFS of a sine at each frequency asked for. */
  tones: Record<string, number>;
  rmsDbfs: number;
  blocks: number;
}

export class HeardTones {
  #samples = new Float32Array(48_000);
  #at = 0;
  #rateHz = 48_000;
  #blocks = 0;

  constructor(private readonly frequencies: readonly number[]) {}

  push(samples: Int16Array, rateHz: number, channels: number): void {
    if (rateHz !== this.#rateHz) {
      this.#rateHz = rateHz;
      this.#samples = new Float32Array(rateHz);
      this.#at = 0;
    }
    this.#blocks++;
    for (let i = 0; i < samples.length; i += channels) {
      this.#samples[this.#at] = (samples[i] as number) / 32_768;
      this.#at = (this.#at + 1) % this.#samples.length;
    }
  }

  get heard(): Heard {
    const ordered = new Float32Array(this.#samples.length);
    ordered.set(this.#samples.subarray(this.#at));
    ordered.set(this.#samples.subarray(0, this.#at), this.#samples.length - this.#at);
    const rms = Math.sqrt(ordered.reduce((sum, value) => sum + value * value, 0) / ordered.length);
    const tones = Object.fromEntries(this.frequencies.map((hz) => [String(hz), round(level(ordered, hz, this.#rateHz))]));
    return { tones, rmsDbfs: round(20 * Math.log10(Math.max(rms, 1e-6))), blocks: this.#blocks };
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function level(samples: Float32Array, hz: number, rateHz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
  let s1 = 0;
  let s2 = 0;
  for (let i = 0; i < samples.length; i++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (samples.length - 1));
    const s0 = (samples[i] as number) * hann + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  const power = Math.max(0, s1 * s1 + s2 * s2 - coefficient * s1 * s2);
  return 20 * Math.log10(Math.max((4 * Math.sqrt(power)) / samples.length, 1e-6));
}
