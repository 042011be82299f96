/** Loads uploaded pictures one after the other (each takes up to 64 MB for a moment), and reports those that cannot be shown, once each. */
export class ImageLoader {
  readonly #failed = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(private readonly failed: (path: string, error: unknown) => void) {}

  /** Never rejects. @returns undefined when it cannot be shown, or after `close` */
  load<T>(path: string, load: (path: string) => Promise<T>): Promise<T | undefined> {
    const loaded = this.#last.then(async () => {
      if (this.#closed) return undefined;
      try {
        return await load(path);
      } catch (error) {
        // paths change with every upload, so an old one does not come again
        if (!this.#failed.has(path)) this.failed(path, error);
        this.#failed.add(path);
        return undefined;
      }
    });
    this.#last = loaded;
    return loaded;
  }

  close(): void {
    this.#closed = true;
  }
}
