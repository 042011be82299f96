/** What the choosers of all viewers of an edge decided, for its metrics. */
import type { Rendition } from '../domain/rendition.ts';
import type { SwitchReason } from './rendition-chooser.ts';

export class ChoiceCounters {
  probes = 0;
  readonly #switches = new Map<string, { to: Rendition; reason: SwitchReason; count: number }>();

  /** To which rung, and why: `overload` at once, `worse` after a second, `rollback` of a trial, `probe` upwards. */
  get switches(): Iterable<{ to: Rendition; reason: SwitchReason; count: number }> {
    return this.#switches.values();
  }

  switched(to: Rendition, reason: SwitchReason): void {
    const key = `${to} ${reason}`;
    const entry = this.#switches.get(key) ?? { to, reason, count: 0 };
    entry.count++;
    this.#switches.set(key, entry);
  }
}
