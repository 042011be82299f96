/**
 * How much of its core an edge takes, smoothed. Nearly all of its work is done by one thread, so a core is all it can use: at
 * nine tenths of one, smoothed over some seconds, it takes no more viewers, and further ones go to another edge.
 */
const SMOOTHING_MS = 5000;
const FULL_AT = 0.9;
const FREE_AT = 0.8;

export class EdgeLoad {
  #share = 0;
  #full = false;
  #last: { nowMs: number; cpuMs: number };

  /** @param cpuMs processor time used by the process so far */
  constructor(nowMs: number, cpuMs: number) {
    this.#last = { nowMs, cpuMs };
  }

  /** Called about once a second. */
  sample(nowMs: number, cpuMs: number): void {
    const passedMs = nowMs - this.#last.nowMs;
    if (passedMs <= 0) return;
    const weight = 1 - Math.exp(-passedMs / SMOOTHING_MS);
    this.#share += weight * ((cpuMs - this.#last.cpuMs) / passedMs - this.#share);
    this.#last = { nowMs, cpuMs };
    this.#full = this.#share >= (this.#full ? FREE_AT : FULL_AT);
  }

  /** Cores, smoothed. */
  get share(): number {
    return this.#share;
  }

  get full(): boolean {
    return this.#full;
  }
}
