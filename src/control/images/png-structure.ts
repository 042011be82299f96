/** The structure of a PNG file (W3C PNG, third edition), read without decoding a pixel. Pure. */
import type { ImageStructure } from './image-structure.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Channels and allowed bit depths by colour type (section 11.2.1). */
const COLOUR: Record<number, { channels: number; depths: readonly number[] }> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};
/** First column, first row, column step, row step of Adam7's passes (section 8.1). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_v, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** Encoders cut the rows into pieces of 8 KB and more. */
const MOST_CHUNKS = 4000;

export interface PngStructure extends ImageStructure {
  /** The deflated rows, in their chunks. */
  data: Buffer[];
  /** What `data` must inflate to, bytes. */
  inflatedBytes: number;
}

export function isPng(file: Buffer): boolean {
  return file.subarray(0, SIGNATURE.length).equals(SIGNATURE);
}

/** @returns a sentence when the file cannot be used */
export function readPng(file: Buffer): PngStructure | string {
  let header: { width: number; height: number; inflatedBytes: number } | undefined;
  const data: Buffer[] = [];
  let chunks = 0;
  for (let at = SIGNATURE.length; at + 12 <= file.length; ) {
    if (++chunks > MOST_CHUNKS) return `The PNG has more than ${MOST_CHUNKS} chunks.`;
    const length = file.readUInt32BE(at);
    const end = at + 12 + length;
    if (end > file.length) break;
    const type = file.toString('latin1', at + 4, at + 8);
    if (crc(file.subarray(at + 4, end - 4)) !== file.readUInt32BE(end - 4)) return 'The PNG is damaged: a checksum is wrong.';
    const body = file.subarray(at + 8, end - 4);
    if (header === undefined) {
      if (type !== 'IHDR' || length !== 13) return 'The PNG does not begin with its header.';
      const known = COLOUR[body[9] as number];
      if (!known?.depths.includes(body[8] as number)) return 'The PNG has an unknown colour format.';
      const [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      header = { width, height, inflatedBytes: inflatedBytes(width, height, known.channels * (body[8] as number), body[12] === 1) };
    } else if (type === 'acTL') return 'An animated PNG is not accepted.';
    else if (type === 'IDAT') data.push(body);
    else if (type === 'IEND') return data.length > 0 ? { ...header, data } : 'The PNG holds no picture.';
    at = end;
  }
  return 'The PNG is cut off.';
}

function inflatedBytes(width: number, height: number, bitsPerPixel: number, interlaced: boolean): number {
  const rows = (columns: number, lines: number): number => (columns === 0 ? 0 : lines * (1 + Math.ceil((columns * bitsPerPixel) / 8)));
  if (!interlaced) return rows(width, height);
  return ADAM7.reduce((sum, [x, y, dx, dy]) => sum + rows(Math.max(0, Math.ceil((width - x) / dx)), Math.max(0, Math.ceil((height - y) / dy))), 0);
}

function crc(bytes: Buffer): number {
  let c = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) c = (CRC_TABLE[(c ^ (bytes[at] as number)) & 0xff] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
