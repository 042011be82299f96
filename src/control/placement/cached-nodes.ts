import type { NodeRecord } from '../../node-api/contract.ts';
import type { NodeRegistry } from '../../state/node-registry.ts';
import { FreshValue } from './fresh-value.ts';

/** The living nodes, read from Redis at most once a second: an HLS player asks several times a second. */
export class CachedNodes {
  #read: FreshValue<NodeRecord[]> | undefined;

  constructor(private readonly registry: NodeRegistry) {}

  list(): Promise<NodeRecord[]> {
    if (this.#read?.isFresh) return this.#read.promise;
    const read = new FreshValue(this.registry.list());
    this.#read = read;
    read.promise.catch(() => (this.#read = undefined));
    return read.promise;
  }

  /** What `list` would give, if that is known already. */
  known(): readonly NodeRecord[] | undefined {
    return this.#read?.isFresh ? this.#read.settled?.value : undefined;
  }

  /** The next `list` reads again: something was not where it should be. */
  forget(): void {
    this.#read = undefined;
  }
}
