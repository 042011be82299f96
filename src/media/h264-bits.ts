/** Bits as H.264 and AAC write them: most significant first, Exp-Golomb (ITU-T H.264 §9.1). */

export class BitReader {
  #at = 0;

  constructor(private readonly data: Uint8Array) {}

  u(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.data[this.#at >> 3];
      if (byte === undefined) throw new RangeError('read past the end');
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at++;
    }
    return value;
  }

  flag(): boolean {
    return this.u(1) === 1;
  }

  ue(): number {
    let zeros = 0;
    while (this.u(1) === 0) if (++zeros > 31) throw new RangeError('Exp-Golomb code is too long');
    return 2 ** zeros - 1 + this.u(zeros);
  }

  se(): number {
    const k = this.ue();
    return k % 2 === 0 ? -k / 2 : (k + 1) / 2;
  }
}

export class BitWriter {
  readonly #bytes: number[] = [];
  #bits = 0;

  u(count: number, value: number): void {
    for (let i = count - 1; i >= 0; i--) {
      if (this.#bits % 8 === 0) this.#bytes.push(0);
      const bit = Math.floor(value / 2 ** i) % 2;
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] as number) | (bit << (7 - (this.#bits % 8)));
      this.#bits++;
    }
  }

  ue(value: number): void {
    const length = Math.floor(Math.log2(value + 1));
    this.u(length, 0);
    this.u(length + 1, value + 1);
  }

  se(value: number): void {
    this.ue(value > 0 ? value * 2 - 1 : -value * 2);
  }

  /** Filled up with zero bits to whole bytes. */
  aligned(): Buffer {
    return Buffer.from(this.#bytes);
  }

  /** With the stop bit of an RBSP (§7.3.2.11). */
  rbsp(): Buffer {
    this.u(1, 1);
    return this.aligned();
  }
}

/** Takes the emulation prevention bytes out of a NAL unit's payload (§7.4.1). */
export function unescapeRbsp(nal: Uint8Array, maxBytes = nal.length): Buffer {
  const out: number[] = [];
  let zeros = 0;
  for (let i = 0; i < nal.length && out.length < maxBytes; i++) {
    const byte = nal[i] as number;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out.push(byte);
  }
  return Buffer.from(out);
}

export function escapeRbsp(rbsp: Uint8Array): Buffer {
  const out: number[] = [];
  let zeros = 0;
  for (const byte of rbsp) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out.push(byte);
  }
  return Buffer.from(out);
}
