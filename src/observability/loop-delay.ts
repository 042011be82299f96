/**
 * How late a process's event loop is. Node's histogram is filled by a timer of its own and holds the distance of its ticks: looked at
 * each 10 ms, by prom-client and by us, it woke each idle role 200 times a second (0.004–0.005 core). A stall is seen all the same
 * when the look is rarer, by as much of it as is left when the tick is due.
 */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

export class LoopDelay {
  readonly #histogram: IntervalHistogram;

  /** @param everyMs distance of the looks */
  constructor(private readonly everyMs: number) {
    this.#histogram = monitorEventLoopDelay({ resolution: everyMs });
  }

  start(): void {
    this.#histogram.enable();
  }

  close(): void {
    this.#histogram.disable();
  }

  /** Of the looks since the last {@link reset}, without the distance between them. */
  get p99Ms(): number {
    return Math.max(0, this.#histogram.percentile(99) / 1e6 - this.everyMs);
  }

  reset(): void {
    this.#histogram.reset();
  }
}
