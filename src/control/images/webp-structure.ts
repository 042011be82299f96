/** The structure of a WebP file (RFC 9649), read without decoding a pixel. Pure. */
import type { ImageStructure } from './image-structure.ts';

const ANIMATED = 0x02;
/** Colour profile, alpha, Exif, XMP and a few more. */
const MOST_CHUNKS = 100;

export function isWebp(file: Buffer): boolean {
  return file.length >= 12 && file.toString('latin1', 0, 4) === 'RIFF' && file.toString('latin1', 8, 12) === 'WEBP';
}

/** @returns a sentence when the file cannot be used */
export function readWebp(file: Buffer): ImageStructure | string {
  const fileEnd = 8 + file.readUInt32LE(4);
  if (fileEnd > file.length) return 'The WebP is cut off.';
  let canvas: ImageStructure | undefined;
  let chunks = 0;
  for (let at = 12; at + 8 <= fileEnd; ) {
    if (++chunks > MOST_CHUNKS) return `The WebP has more than ${MOST_CHUNKS} chunks.`;
    const type = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, at + 8 + length);
    if (at + 8 + length > fileEnd) return 'The WebP is cut off.';
    if (type === 'VP8X' && length >= 10) {
      if (((body[0] as number) & ANIMATED) !== 0) return 'An animated WebP is not accepted.';
      canvas = { width: 1 + body.readUIntLE(4, 3), height: 1 + body.readUIntLE(7, 3) };
    }
    if (type === 'ANIM' || type === 'ANMF') return 'An animated WebP is not accepted.';
    if (type === 'VP8 ' || type === 'VP8L') {
      const size = type === 'VP8 ' ? lossySize(body) : losslessSize(body);
      if (size === undefined) return 'The WebP is damaged.';
      if (canvas !== undefined && (canvas.width !== size.width || canvas.height !== size.height)) return 'The WebP names two sizes.';
      return size;
    }
    at += 8 + length + (length & 1); // padded to even
  }
  return 'The WebP holds no picture.';
}

/** A key frame's header (RFC 6386 section 9.1). */
function lossySize(body: Buffer): ImageStructure | undefined {
  if (body.length < 10 || ((body[0] as number) & 1) !== 0 || body.readUIntBE(3, 3) !== 0x9d012a) return undefined;
  return { width: body.readUInt16LE(6) & 0x3fff, height: body.readUInt16LE(8) & 0x3fff };
}

/** RFC 9649 section 3.4. */
function losslessSize(body: Buffer): ImageStructure | undefined {
  if (body.length < 5 || body[0] !== 0x2f) return undefined;
  const bits = body.readUInt32LE(1);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}
