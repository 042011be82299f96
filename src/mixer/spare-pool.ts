/** Warm mixers: loading GStreamer and building the graph takes about half a second that a new or replaced mix need not wait. */
import { MixChild } from './mix-child.ts';

/** A spare that was taken is replaced after the mix it is for has come up: both at once would fight for the cores. */
const REFILL_MS = 1500;

export class SparePool {
  readonly #spares: MixChild[] = [];
  #refill: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly script: string,
    private readonly wanted: number,
  ) {}

  start(): void {
    this.#fill();
  }

  /** A loaded process when there is one, else a new one; it takes its `start` in either case. */
  take(): MixChild {
    const at = this.#spares.findIndex((s) => s.loaded && !s.exited);
    const child = this.#spares.splice(at < 0 ? 0 : at, 1)[0] ?? new MixChild(this.script);
    child.removeAllListeners();
    this.#fillLater();
    return child;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#refill);
    for (const spare of this.#spares.splice(0)) spare.kill();
  }

  #fillLater(): void {
    if (this.#closed || this.#refill) return;
    this.#refill = setTimeout(() => this.#fill(), REFILL_MS);
  }

  #fill(): void {
    this.#refill = undefined;
    while (!this.#closed && this.#spares.length < this.wanted) {
      const spare = new MixChild(this.script);
      this.#spares.push(spare);
      spare.on('exited', () => {
        const at = this.#spares.indexOf(spare);
        if (at < 0) return;
        this.#spares.splice(at, 1);
        this.#fillLater();
      });
    }
  }
}
