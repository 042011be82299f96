/**
 * Uploaded pictures, read from a local file. They come from outside: size and kind are looked at before anything is decoded, and
 * whatever is wrong with one is an error of this one picture. Decoding runs on libuv's threads; scaling in pieces of some ms.
 */
import { createCanvas, loadImage, type Canvas as Drawing, type Image, type SKRSContext2D } from '@napi-rs/canvas';
import { open } from 'node:fs/promises';
import { ROOM_IMAGE_LIMITS } from '../../domain/room-image.ts';
import type { Rgba } from '../canvas.ts';
import { pictureSize } from './picture-size.ts';

export interface OverlayImage {
  width: number;
  height: number;
  draw(context: SKRSContext2D, x: number, y: number, width: number, height: number): void;
}

/** Of the result, scaled in one go. */
const PIECE_PIXELS = 80_000;

/** Halved until it is less than twice as large as it will be shown. @param widest pixels; it is shown at most so wide and `highest` high */
export async function loadOverlayImage(path: string, widest: number, highest: number): Promise<OverlayImage> {
  const image = await decode(path);
  let source: Image | Drawing = image;
  let { width, height } = image;
  const shownSize = Math.min(widest / width, highest / height);
  for (let left = shownSize; left <= 0.5 && width >= 4 && height >= 4; left *= 2) {
    const half = createCanvas(width >> 1, height >> 1);
    await drawInPieces(half, source, { x: 0, y: 0, width, height });
    source = half;
    width = half.width;
    height = half.height;
  }
  const shown = source;
  return {
    width,
    height,
    draw: (context, x, y, w, h) => {
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = 'high';
      context.drawImage(shown, x, y, w, h);
    },
  };
}

/** The middle of the picture, covering `width` × `height`. Transparent parts are dark. */
export async function loadCover(path: string, width: number, height: number): Promise<Rgba> {
  const image = await decode(path);
  let source: Image | Drawing = image;
  const shape = Math.min(image.width / width, image.height / height);
  let crop = {
    x: Math.floor((image.width - width * shape) / 2),
    y: Math.floor((image.height - height * shape) / 2),
    width: Math.max(1, Math.round(width * shape)),
    height: Math.max(1, Math.round(height * shape)),
  };
  while (crop.width >= 2 * width && crop.height >= 2 * height) {
    const half = createCanvas(crop.width >> 1, crop.height >> 1);
    await drawInPieces(half, source, crop);
    source = half;
    crop = { x: 0, y: 0, width: half.width, height: half.height };
  }
  const pixels = Buffer.allocUnsafe(width * height * 4);
  const rows = Math.max(2, Math.floor(PIECE_PIXELS / width));
  for (let y = 0; y < height; y += rows) {
    const tall = Math.min(rows, height - y);
    const piece = createCanvas(width, tall);
    const context = piece.getContext('2d');
    context.fillStyle = '#000000';
    context.fillRect(0, 0, width, tall);
    context.imageSmoothingQuality = 'medium';
    context.drawImage(source, crop.x, crop.y, crop.width, crop.height, 0, -y, width, height); // as a whole, so that pieces meet without a seam
    pixels.set(context.getImageData(0, 0, width, tall).data, y * width * 4);
    await nextTurn();
  }
  return { width, height, pixels };
}

async function drawInPieces(on: Drawing, source: Image | Drawing, from: { x: number; y: number; width: number; height: number }): Promise<void> {
  const context = on.getContext('2d');
  context.imageSmoothingQuality = 'low';
  const rows = Math.max(2, Math.floor(PIECE_PIXELS / on.width));
  for (let y = 0; y < on.height; y += rows) {
    const tall = Math.min(rows, on.height - y);
    context.drawImage(source, from.x, from.y + (from.height * y) / on.height, from.width, (from.height * tall) / on.height, 0, y, on.width, tall);
    context.getImageData(0, 0, 1, 1); // draws what was asked for until now
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function decode(path: string): Promise<Image> {
  const bytes = await readBounded(path);
  const image = await loadImage(bytes);
  const { width, height } = image;
  if (!(width >= 1 && height >= 1)) throw new Error('a picture without pixels');
  return image;
}

async function readBounded(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > ROOM_IMAGE_LIMITS.bytes) throw new Error(`a file of ${size} bytes is too large`);
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    const read = bytes.subarray(0, bytesRead);
    const { width, height } = pictureSize(read);
    if (width > ROOM_IMAGE_LIMITS.sidePixels || height > ROOM_IMAGE_LIMITS.sidePixels) throw new Error(`a picture of ${width}×${height} is too large`);
    return read;
  } finally {
    await file.close();
  }
}
