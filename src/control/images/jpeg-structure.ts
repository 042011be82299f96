/** The structure of a JPEG file (ITU T.81 annex B), read without decoding a pixel. Pure. */
import type { ImageStructure } from './image-structure.ts';

const [SOI, EOI, SOS] = [0xd8, 0xd9, 0xda];
/** Frames of all kinds; C4, C8 and CC are tables. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
/** Encoders make about ten. Each costs the decoder a pass over the whole picture, however few bytes it has. */
const MOST_SCANS = 64;

export function isJpeg(file: Buffer): boolean {
  return file.length > 3 && file[0] === 0xff && file[1] === SOI && file[2] === 0xff;
}

/** @returns a sentence when the file cannot be used */
export function readJpeg(file: Buffer): ImageStructure | string {
  let size: ImageStructure | undefined;
  let scans = 0;
  for (let at = 2; at + 1 < file.length; ) {
    if (file[at] !== 0xff) return 'The JPEG is damaged.';
    const marker = file[at + 1] as number;
    if (marker === 0xff) {
      at += 1; // fill byte
      continue;
    }
    if (marker === EOI) return size !== undefined && scans > 0 ? size : 'The JPEG holds no picture.';
    if (at + 4 > file.length) break;
    const end = at + 2 + file.readUInt16BE(at + 2);
    if (isFrame(marker)) {
      if (size !== undefined) return 'The JPEG holds more than one picture.';
      if (end > file.length || end - at < 10) break;
      size = { height: file.readUInt16BE(at + 5), width: file.readUInt16BE(at + 7) };
    }
    at = end;
    if (marker !== SOS) continue;
    if (++scans > MOST_SCANS) return `The JPEG has more than ${MOST_SCANS} scans.`;
    at = endOfScan(file, at);
  }
  return 'The JPEG is cut off.';
}

/** Entropy-coded data goes on over stuffed zeros and restart markers. */
function endOfScan(file: Buffer, begin: number): number {
  for (let at = begin; at + 1 < file.length; at++) {
    const next = file[at + 1] as number;
    if (file[at] === 0xff && next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return file.length;
}
