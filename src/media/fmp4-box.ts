/** ISO/IEC 14496-12 boxes as buffers: nothing but sizes, names and big-endian numbers. */

/** A box of `type` around `parts`. */
export function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  let size = 8;
  for (const part of parts) size += part.byteLength;
  const out = Buffer.allocUnsafe(size);
  out.writeUInt32BE(size, 0);
  out.write(type, 4, 'latin1');
  let at = 8;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

/** A box that starts with version and 24 bits of flags. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Buffer {
  return box(type, u32(((version << 24) | flags) >>> 0), ...parts);
}

export function u16(...values: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(values.length * 2);
  values.forEach((value, i) => out.writeUInt16BE(value & 0xffff, i * 2));
  return out;
}

export function u32(...values: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, i) => out.writeUInt32BE(value >>> 0, i * 4));
  return out;
}

export function u64(value: bigint): Buffer {
  const out = Buffer.allocUnsafe(8);
  out.writeBigUInt64BE(value, 0);
  return out;
}

export function bytes(...values: readonly number[]): Buffer {
  return Buffer.from(values);
}

export function zeros(length: number): Buffer {
  return Buffer.alloc(length);
}
