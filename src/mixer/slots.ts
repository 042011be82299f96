import type { FeedId } from '../domain/ids.ts';

/** Who has which slot of the fixed pool. A feed keeps its slot for as long as it lives; a freed slot is used again last. */
export class Slots {
  readonly #of = new Map<FeedId, number>();
  readonly #free: number[];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, i) => i);
  }

  of(feed: FeedId): number | undefined {
    return this.#of.get(feed);
  }

  /** @returns the slot, or undefined when all are taken */
  take(feed: FeedId): number | undefined {
    const has = this.#of.get(feed);
    if (has !== undefined) return has;
    const slot = this.#free.shift();
    if (slot !== undefined) this.#of.set(feed, slot);
    return slot;
  }

  release(feed: FeedId): number | undefined {
    const slot = this.#of.get(feed);
    if (slot === undefined) return undefined;
    this.#of.delete(feed);
    this.#free.push(slot);
    return slot;
  }
}
