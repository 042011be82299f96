/** What a file claims to be, before anything is decoded: kind, size, and whether its structure is whole. Pure. */
import { AppError } from '../../domain/errors.ts';
import { ROOM_IMAGE_LIMITS } from '../../domain/room-image.ts';
import type { RoomImage } from '../../domain/room.ts';
import { isJpeg, readJpeg } from './jpeg-structure.ts';
import { isPng, readPng, type PngStructure } from './png-structure.ts';
import { isWebp, readWebp } from './webp-structure.ts';

export interface ImageStructure {
  width: number;
  height: number;
}

const KINDS: Record<RoomImage['contentType'], { name: string; is: (file: Buffer) => boolean; read: (file: Buffer) => ImageStructure | PngStructure | string }> = {
  'image/png': { name: 'PNG', is: isPng, read: readPng },
  'image/jpeg': { name: 'JPEG', is: isJpeg, read: readJpeg },
  'image/webp': { name: 'WebP', is: isWebp, read: readWebp },
};

/** @throws AppError unusableImage: not what its type says, too large a picture, animated, cut off */
export function imageStructure(file: Buffer, contentType: RoomImage['contentType']): ImageStructure | PngStructure {
  const { name, is, read } = KINDS[contentType];
  if (!is(file)) throw new AppError('unusableImage', { detail: `This is no ${name}.` });
  const found = read(file);
  if (typeof found === 'string') throw new AppError('unusableImage', { detail: found });
  const { width, height } = found;
  const side = ROOM_IMAGE_LIMITS.sidePixels;
  if (width === 0 || height === 0) throw new AppError('unusableImage', { detail: 'The picture has no size.' });
  if (width > side || height > side) throw new AppError('unusableImage', { detail: `The picture is ${width}×${height}; at most ${side} pixels a side.` });
  return found;
}
