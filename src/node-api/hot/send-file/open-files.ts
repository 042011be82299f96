/** Files from which answers are being sent, open as long as they are asked for. */
import { closeSync, openSync } from 'node:fs';

/** One for each segment of each rendition that viewers are fetching parts of. */
const MAX_OPEN = 256;

export class OpenFiles {
  readonly #files = new Map<string, { fd: number; used: boolean }>();
  #closed = false;

  get size(): number {
    return this.#files.size;
  }

  /** @returns a descriptor good until the next turn of the event loop, undefined when the file cannot be opened */
  descriptor(path: string): number | undefined {
    const known = this.#files.get(path);
    if (known) {
      known.used = true;
      return known.fd;
    }
    if (this.#closed) return undefined;
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return undefined;
    }
    for (const oldest of this.#files.keys()) {
      if (this.#files.size < MAX_OPEN) break;
      this.#close(oldest);
    }
    this.#files.set(path, { fd, used: true });
    return fd;
  }

  /** Closes what nobody has asked for since the last time. */
  sweep(): void {
    for (const [path, file] of this.#files) {
      if (!file.used) this.#close(path);
      file.used = false;
    }
  }

  close(): void {
    this.#closed = true;
    for (const path of this.#files.keys()) this.#close(path);
  }

  #close(path: string): void {
    const file = this.#files.get(path);
    this.#files.delete(path);
    if (file) closeSync(file.fd);
  }
}
