/** What the browser keeps for a page. In a frame of another site, or with site data blocked, it throws: then for this page only. */

class Kept {
  readonly #own = new Map<string, string>();

  constructor(private readonly open: () => Storage) {}

  get(key: string): string | undefined {
    try {
      return this.open().getItem(key) ?? this.#own.get(key);
    } catch {
      return this.#own.get(key);
    }
  }

  set(key: string, value: string): void {
    this.#own.set(key, value);
    try {
      this.open().setItem(key, value);
    } catch {
      // kept in this page
    }
  }

  remove(key: string): void {
    this.#own.delete(key);
    try {
      this.open().removeItem(key);
    } catch {
      // was in this page
    }
  }
}

/** For this tab. */
export const keptForTab = new Kept(() => window.sessionStorage);
/** For this browser. */
export const keptForBrowser = new Kept(() => window.localStorage);
