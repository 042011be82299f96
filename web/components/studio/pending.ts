/** A partial change: what is absent stays, null clears. */
export type Patch<T> = { [K in keyof T]?: T[K] | null };

/** `before` with the patch on it. */
export function patched<T extends object>(before: T, patch: Patch<T>): T {
  const after: Record<string, unknown> = Object.fromEntries(Object.entries(before));
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete after[key];
    else after[key] = value;
  }
  return after as T;
}

/** Whether two values say the same, key order aside. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

/**
 * A part of the room that is changed here and shown at once. One request is under way at a time; what is changed meanwhile goes
 * with the next, so there is never more than one waiting. `send` gets the change and the whole value with it, and answers with the
 * value as the room has it now.
 */
export class PendingChanges<T extends object> {
  #unsent: Patch<T> = {};
  #underway: Patch<T> = {};
  #sending = false;
  /** The room's answer holds until the room itself says something else than it did then. */
  #answer: { value: T; then: T } | undefined;
  #error: unknown;

  constructor(
    private actual: T,
    private readonly send: (patch: Patch<T>, whole: T) => Promise<T>,
    private readonly changed: () => void,
  ) {}

  /** What the room says now. */
  roomSays(actual: T): void {
    this.actual = actual;
  }

  /** What is shown: the room's value with what was chosen here on it. */
  get value(): T {
    return patched(patched(this.#base, this.#underway), this.#unsent);
  }

  /** Why the last change was not taken; what it changed is shown as the room has it. */
  get error(): unknown {
    return this.#error;
  }

  change(patch: Patch<T>): void {
    this.#unsent = { ...this.#unsent, ...patch };
    if (!this.#sending) void this.#flush();
    this.changed();
  }

  get #base(): T {
    return this.#answer && same(this.#answer.then, this.actual) ? this.#answer.value : this.actual;
  }

  async #flush(): Promise<void> {
    this.#sending = true;
    while (Object.keys(this.#unsent).length > 0) {
      this.#underway = this.#unsent;
      this.#unsent = {};
      try {
        const value = await this.send(this.#underway, patched(this.#base, this.#underway));
        this.#answer = { value, then: this.actual };
        this.#error = undefined;
      } catch (reason) {
        this.#error = reason;
      }
      this.#underway = {};
      this.changed();
    }
    this.#sending = false;
  }
}
