/** Bytes in several buffers, cut into pieces that are not copied. */
export class BodySlices {
  #index = 0;
  #from = 0;

  constructor(private readonly buffers: readonly Buffer[]) {}

  get isEmpty(): boolean {
    return this.#index >= this.buffers.length;
  }

  /** The next `bytes`, fewer at the end. */
  next(bytes: number): Buffer[] {
    const out: Buffer[] = [];
    let left = bytes;
    for (let buffer = this.buffers[this.#index]; buffer && left > 0; buffer = this.buffers[this.#index]) {
      const piece = buffer.subarray(this.#from, this.#from + left);
      if (piece.length > 0) out.push(piece);
      left -= piece.length;
      this.#from += piece.length;
      if (this.#from < buffer.length) break;
      this.#index++;
      this.#from = 0;
    }
    return out;
  }
}
