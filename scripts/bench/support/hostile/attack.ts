import type { Target } from './target.ts';

/** One kind of hostile behaviour that goes on until it is closed. */
export interface Attack {
  /** What was done and how it was answered, so far. */
  figures(): Record<string, number> | Promise<Record<string, number>>;
  close(): void | Promise<void>;
}

/** @param size how much of it: connections, viewers or requests a second, as the attack says */
export type Begin = (target: Target, size: number) => Promise<Attack>;

/** Counts by name. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(name: string | number, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}

/** Runs `step` `perSecond` times a second, some at once when timers are late; errors are nobody's. */
export function atRate(perSecond: number, step: () => void | Promise<void>): () => void {
  const startedMs = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const due = Math.min(done + perSecond / 10, ((performance.now() - startedMs) / 1000) * perSecond);
    while (done < due) {
      done++;
      void (async () => step())().catch(() => undefined);
    }
  }, 10);
  return () => clearInterval(timer);
}
