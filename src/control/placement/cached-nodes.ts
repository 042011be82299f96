import type { NodeRecord } from '../../node-api/contract.ts';
import type { NodeRegistry } from '../../state/node-registry.ts';

const FRESH_MS = 1000;

/** The living nodes, read from Redis at most once a second: an HLS player asks several times a second. */
export class CachedNodes {
  #value: Promise<NodeRecord[]> | undefined;
  #readAt = 0;

  constructor(private readonly registry: NodeRegistry) {}

  list(): Promise<NodeRecord[]> {
    const now = performance.now();
    if (this.#value && now - this.#readAt < FRESH_MS) return this.#value;
    this.#readAt = now;
    const value = this.registry.list();
    this.#value = value;
    value.catch(() => (this.#value = undefined));
    return value;
  }

  /** The next `list` reads again: something was not where it should be. */
  forget(): void {
    this.#value = undefined;
  }
}
