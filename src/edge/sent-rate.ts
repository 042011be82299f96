/** How much is sent, over the last second, from a running count of octets. */
const WINDOW_MS = 1000;

export class SentRate {
  readonly #samples: { atMs: number; octets: number }[] = [];

  /** To be asked a few times a second; 0 before two samples. */
  bps(nowMs: number, octets: number): number {
    const samples = this.#samples;
    samples.push({ atMs: nowMs, octets });
    while (samples.length > 2 && nowMs - (samples[1] as { atMs: number }).atMs >= WINDOW_MS) samples.shift();
    const first = samples[0] as { atMs: number; octets: number };
    return nowMs > first.atMs ? (8000 * (octets - first.octets)) / (nowMs - first.atMs) : 0;
  }
}
