/** Work that comes for thousands at once (a part, for all who are held for it), done some at a time: who asks meanwhile gets his answer between them. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #doneNow = 0;
  #planned = false;

  /** @param atOnce in one turn of the event loop */
  constructor(private readonly atOnce: number) {}

  /** Runs `work` at once, or in a later turn of the event loop when enough has run in this one. In the order of the calls. */
  take(work: () => void): void {
    this.#plan();
    if (this.#doneNow < this.atOnce) {
      this.#doneNow++;
      work();
    } else this.#waiting.push(work);
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#planned = false;
    this.#doneNow = 0;
    const to = Math.min(this.#next + this.atOnce, this.#waiting.length);
    if (to > this.#next) this.#plan();
    while (this.#next < to) {
      this.#doneNow++;
      this.#waiting[this.#next++]?.();
    }
    if (this.#next < this.#waiting.length) return;
    this.#waiting.length = 0;
    this.#next = 0;
  }
}
