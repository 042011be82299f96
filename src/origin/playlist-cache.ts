/** A playlist's text and its gzip, made once per change and shared by everybody who waits for it. */
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';

const compress = promisify(gzip);

interface Entry {
  revision: number;
  text: Buffer;
  zipped?: Promise<Buffer>;
}

export class PlaylistCache {
  readonly #entries = new Map<string, Entry>();
  /** Texts made: must not grow with the number of viewers. */
  made = 0;

  text(key: string, revision: number, make: () => string): Buffer {
    return this.#entry(key, revision, make).text;
  }

  zipped(key: string, revision: number, make: () => string): Promise<Buffer> {
    const entry = this.#entry(key, revision, make);
    return (entry.zipped ??= compress(entry.text, { level: 4 }));
  }

  #entry(key: string, revision: number, make: () => string): Entry {
    let entry = this.#entries.get(key);
    if (entry?.revision !== revision) {
      entry = { revision, text: Buffer.from(make()) };
      this.#entries.set(key, entry);
      this.made++;
    }
    return entry;
  }
}
