/** A caller's share of a round. */
const QUANTUM = 2;

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

  /** @param atOnce in one turn of the event loop: pieces of work that cost 1 */
  constructor(private readonly atOnce: number) {}

  /** Runs `work`, of cost 1, at once, or in a later turn of the event loop when enough has run in this one. In the order of the calls of each caller. */
  take(caller: string, work: () => void): void {
    this.#plan();
    if (this.#doneNow >= this.atOnce) return this.later(caller, work, 1);
    this.#doneNow++;
    work();
  }

  /** Never at once. */
  later(caller: string, work: () => void, cost: number): void {
    this.#plan();
    let queue = this.#byCaller.get(caller);
    if (!queue) {
      this.#byCaller.set(caller, (queue = new Queue(caller)));
      this.#queues.push(queue);
    }
    queue.add({ work, cost });
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
      const piece = this.#next();
      if (!piece) return;
      this.#doneNow += piece.cost;
      piece.work();
    }
  }

  #next(): Piece | undefined {
    for (;;) {
      if (this.#at >= this.#queues.length) this.#at = 0;
      const queue = this.#queues[this.#at];
      if (!queue) return undefined;
      const piece = queue.first;
      // As deficit round robin (Shreedhar and Varghese 1995), with no credit kept: what costs much comes when its caller has let so many rounds pass.
      queue.saved += QUANTUM;
      if (piece && piece.cost > queue.saved) this.#at++;
      else {
        queue.saved = 0;
        queue.drop();
        if (queue.first) this.#at++;
        else this.#forget(queue);
        return piece;
      }
    }
  }

  /** The last one takes its place: for one round it comes earlier. */
  #forget(queue: Queue): void {
    this.#byCaller.delete(queue.caller);
    const last = this.#queues.pop();
    if (last && last !== queue) this.#queues[this.#at] = last;
  }
}

interface Piece {
  work: () => void;
  cost: number;
}

class Queue {
  /** What has been taken from it goes with it, also when there is never nothing to do. */
  #out: Piece[] = [];
  #in: Piece[] = [];
  #next = 0;
  /** Of its share in the rounds since it was served. */
  saved = 0;

  constructor(readonly caller: string) {}

  add(piece: Piece): void {
    this.#in.push(piece);
  }

  get first(): Piece | undefined {
    if (this.#next === this.#out.length) {
      this.#out = this.#in;
      this.#in = [];
      this.#next = 0;
    }
    return this.#out[this.#next];
  }

  /** The first, which is there. */
  drop(): void {
    this.#next++;
  }
}
