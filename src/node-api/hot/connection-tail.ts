/** The header lines that belong to the connection rather than to the answer, with Date, made once a second for all. */
export class ConnectionTails {
  readonly #tails = new Map<string, Buffer>();
  #second = 0;

  /** @param lines complete header lines with their line ends. @returns the same Buffer for the same lines within a second */
  tail(lines: string, nowMs = Date.now()): Buffer {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#tails.clear();
    }
    let tail = this.#tails.get(lines);
    if (!tail) {
      tail = Buffer.from(`${lines}Date: ${new Date(second * 1000).toUTCString()}\r\n\r\n`, 'latin1');
      // Lines hold an origin that the caller may choose.
      if (this.#tails.size < 256) this.#tails.set(lines, tail);
    }
    return tail;
  }
}
