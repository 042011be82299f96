/**
 * Sound like a voice that never pauses: each gap in it is somebody's loss. Vowels alone are
 * music to libopus; with a hiss after each it takes them for speech, and repairs them as speech. 48 kHz mono.
 */
const RATE_HZ = 48_000;
/** First three formants of a, e, i, o, u. */
const VOWELS = [
  [730, 1090, 2440],
  [530, 1840, 2480],
  [270, 2290, 3010],
  [570, 840, 2410],
  [300, 870, 2240],
] as const;
const VOWEL_SAMPLES = 0.19 * RATE_HZ;
const BANDWIDTH_HZ = 90;
const AMPLITUDE = 0.02;
/** Of a vowel's time, at its end. */
const HISS_SHARE = 0.3;
const HISS_AMPLITUDE = 7;

export class Voice {
  #sample = 0;
  #phase = 0;
  #seed = 1;
  #noise = 0;
  readonly #state = [
    [0, 0],
    [0, 0],
    [0, 0],
  ] as [number, number][];

  /** @param pitchHz 120: a man's; it moves by a tenth, as that of a sentence */
  constructor(private readonly pitchHz: number) {}

  /** The next samples, 16 bit. */
  make(count: number): Int16Array<ArrayBuffer> {
    const samples = new Int16Array(count);
    for (let i = 0; i < count; i++, this.#sample++) samples[i] = Math.max(-32_000, Math.min(32_000, 32_767 * this.#next()));
    return samples;
  }

  #next(): number {
    const second = this.#sample / RATE_HZ;
    this.#phase += (this.pitchHz * (1 + 0.1 * Math.sin(2 * Math.PI * 0.7 * second))) / RATE_HZ;
    const at = this.#sample / VOWEL_SAMPLES;
    const hissing = at % 1 > 1 - HISS_SHARE;
    const pulse = this.#phase >= 1 && !hissing ? 1 : 0;
    this.#phase %= 1;
    const before = this.#noise;
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    this.#noise = 1.7 * (this.#seed / 1_073_741_824 - 1);
    const throat = pulse + 0.01 * this.#noise; // a little breath

    const [from, to] = [VOWELS[Math.floor(at) % VOWELS.length], VOWELS[(Math.floor(at) + 1) % VOWELS.length]];
    const glide = Math.min(1, 3 * (at % 1));
    let sum = 0;
    for (const [f, state] of this.#state.entries()) {
      const hz = (from?.[f] ?? 500) * (1 - glide) + (to?.[f] ?? 500) * glide;
      const radius = Math.exp((-Math.PI * BANDWIDTH_HZ) / RATE_HZ);
      const out = throat + 2 * radius * Math.cos((2 * Math.PI * hz) / RATE_HZ) * state[0] - radius * radius * state[1];
      [state[1], state[0]] = [state[0], out];
      sum += out;
    }
    if (hissing) sum += HISS_AMPLITUDE * (this.#noise - before);
    // syllables: louder and softer by 5 dB
    return AMPLITUDE * sum * (0.78 + 0.22 * Math.sin(2 * Math.PI * 4 * second));
  }
}
