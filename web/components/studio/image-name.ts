import { ROOM_IMAGE_LIMITS, ROOM_IMAGE_TYPES } from '../../../src/domain/room-image.ts';
import { sizeOf } from '../words.ts';

/** A name for an uploaded file that the API takes and that no other picture has: «Our logo.png» → «Our-logo», then «Our-logo-2». */
export function imageNameFor(fileName: string, taken: readonly string[]): string {
  const plain = fileName
    .replace(/\.[^.]*$/, '')
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 56);
  const first = plain === '' ? 'picture' : plain;
  let name = first;
  for (let n = 2; taken.includes(name); n += 1) name = `${first}-${n}`;
  return name;
}

/** Why a file cannot be taken, in words; undefined when it can. The service looks again, and into it. */
export function imageFault(file: { type: string; size: number }): string | undefined {
  if (!ROOM_IMAGE_TYPES.some((type) => type === file.type)) return 'Only PNG, JPEG and WebP pictures can be shown.';
  if (file.size > ROOM_IMAGE_LIMITS.bytes) return `The picture has ${sizeOf(file.size)}; at most ${sizeOf(ROOM_IMAGE_LIMITS.bytes)} can be taken.`;
  return undefined;
}
