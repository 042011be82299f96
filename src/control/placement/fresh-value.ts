const FRESH_MS = 1000;

/** Something read from Redis that may be used for a second, and at once as soon as it has come. */
export class FreshValue<T> {
  /** Undefined while it is on its way. */
  settled: { readonly value: T } | undefined;
  readonly #atMs = performance.now();

  constructor(readonly promise: Promise<T>) {
    promise.then(
      (value) => (this.settled = { value }),
      () => undefined,
    );
  }

  get isFresh(): boolean {
    return performance.now() - this.#atMs < FRESH_MS;
  }
}
