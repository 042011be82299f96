/** Looks over the boxes of a fragmented MP4 by their headers alone, to say in words what is wrong before FFmpeg guesses. */
import type { FileHandle } from 'node:fs/promises';

export interface BoxFault {
  /** Byte at which the file stops making sense. */
  at: number;
  /** Where the box before it begins: when that one is cut off, the fault shows only behind it. */
  previousAt: number;
  detail: string;
}

/** Any printable kind is let through: a kind that we do not know is no fault. */
const TYPE = /^[ -~©]{4}$/;

/** @returns undefined when `moov` comes first and whole boxes fill the file to its last byte */
export async function findBoxFault(file: Pick<FileHandle, 'read'>, bytes: number): Promise<BoxFault | undefined> {
  const header = Buffer.alloc(16);
  let at = 0;
  let previousAt = 0;
  let movie = false;
  let fragments = 0;
  while (at < bytes) {
    const { bytesRead } = await file.read(header, 0, 16, at);
    const type = header.toString('latin1', 4, 8);
    if (bytesRead < 8 || !TYPE.test(type)) return { at, previousAt, detail: 'is not MP4' };
    let size = header.readUInt32BE(0);
    if (size === 1) size = bytesRead < 16 ? 0 : Number(header.readBigUInt64BE(8));
    if (size < 8) return { at, previousAt, detail: 'is not MP4' };
    if (at + size > bytes) return { at, previousAt, detail: `is cut off inside its ${type} box` };
    if (type === 'moov') movie = true;
    if (type === 'moof') {
      if (!movie) return { at, previousAt, detail: 'begins without the description of its tracks' };
      fragments++;
    }
    previousAt = at;
    at += size;
  }
  return fragments === 0 ? { at: bytes, previousAt, detail: 'holds no media' } : undefined;
}
