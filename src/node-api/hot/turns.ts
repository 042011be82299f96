/**
 * Work that comes for thousands at once (a part, for all who are held for it), done some at a time: who asks meanwhile gets his answer between
 * them. Callers take their turns one after the other, so that nobody waits behind the thousand pieces of somebody else.
 */
export class Turns {
  readonly #byCaller = new Map<string, Queue>();
  readonly #queues: Queue[] = [];
  #at = 0;
  #doneNow = 0;
  #planned = false;

  /** @param atOnce in one turn of the event loop */
  constructor(private readonly atOnce: number) {}

  /** Runs `work` at once, or in a later turn of the event loop when enough has run in this one. In the order of the calls of each caller. */
  take(caller: string, work: () => void): void {
    this.#plan();
    if (this.#doneNow < this.atOnce) {
      this.#doneNow++;
      return work();
    }
    let queue = this.#byCaller.get(caller);
    if (!queue) {
      this.#byCaller.set(caller, (queue = new Queue(caller)));
      this.#queues.push(queue);
    }
    queue.works.push(work);
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#planned = false;
    this.#doneNow = 0;
    if (this.#queues.length > 0) this.#plan();
    while (this.#doneNow < this.atOnce) {
      const work = this.#next();
      if (!work) return;
      this.#doneNow++;
      work();
    }
  }

  #next(): (() => void) | undefined {
    if (this.#at >= this.#queues.length) this.#at = 0;
    const queue = this.#queues[this.#at];
    if (!queue) return undefined;
    const work = queue.works[queue.next++];
    if (queue.next < queue.works.length) this.#at++;
    else this.#forget(queue);
    return work;
  }

  /** The last one takes its place: for one round it comes earlier. */
  #forget(queue: Queue): void {
    this.#byCaller.delete(queue.caller);
    const last = this.#queues.pop();
    if (last && last !== queue) this.#queues[this.#at] = last;
  }
}

class Queue {
  readonly works: (() => void)[] = [];
  next = 0;

  constructor(readonly caller: string) {}
}
