import { even } from '../domain/layout/layout-engine.ts';

export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Shapes this near to each other are shown as they are: nobody sees 2 %, and no copy is needed. */
const SAME_SHAPE = 0.02;

/**
 * The middle part of a picture that has the shape of its region, even pixels.
 * @param rotation the picture is turned by it after cropping
 * @returns undefined when the whole picture is to be used
 */
export function coverCrop(width: number, height: number, rotation: number, regionWidth: number, regionHeight: number): Crop | undefined {
  const turned = rotation === 90 || rotation === 270;
  const wanted = turned ? regionHeight / regionWidth : regionWidth / regionHeight;
  const shape = width / height;
  if (Math.abs(shape / wanted - 1) <= SAME_SHAPE) return undefined;
  const cropWidth = Math.min(width & ~1, Math.max(2, shape > wanted ? even(height * wanted) : width & ~1));
  const cropHeight = Math.min(height & ~1, Math.max(2, shape > wanted ? height & ~1 : even(width / wanted)));
  return { x: 2 * Math.floor((width - cropWidth) / 4), y: 2 * Math.floor((height - cropHeight) / 4), width: cropWidth, height: cropHeight };
}

/** GStreamer's I420 rows are multiples of 4 bytes long in luma and chroma; tightly packed pictures fit only at multiples of 8. */
const WIDTH_STEP = 8;

/**
 * The part of `crop` (or of the whole picture) that can be handed over tightly packed: up to 7 columns and a row are lost.
 * @returns undefined when the whole picture can be used as it is
 */
export function packable(width: number, height: number, crop: Crop | undefined): Crop | undefined {
  const from = crop ?? { x: 0, y: 0, width, height };
  const fits = { x: from.x, y: from.y, width: from.width - (from.width % WIDTH_STEP), height: from.height & ~1 };
  return fits.width === width && fits.height === height ? undefined : fits;
}

/** Where a whole picture goes inside its region, centred, even pixels. */
export function containBox(pictureWidth: number, pictureHeight: number, region: Crop): Crop {
  const scale = Math.min(region.width / pictureWidth, region.height / pictureHeight);
  const width = Math.min(region.width, Math.max(2, even(pictureWidth * scale)));
  const height = Math.min(region.height, Math.max(2, even(pictureHeight * scale)));
  return { x: region.x + even((region.width - width) / 2), y: region.y + even((region.height - height) / 2), width, height };
}

/** Copies a part of an I420 picture (even crop) into a buffer of its own; 0.1 ms for 640×360. */
export function cropI420(pixels: Buffer, width: number, height: number, crop: Crop): Buffer {
  const out = Buffer.allocUnsafe((crop.width * crop.height * 3) / 2);
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  let to = 0;
  const copy = (start: number, stride: number, x: number, y: number, w: number, h: number): void => {
    for (let row = 0; row < h; row++) {
      const at = start + (y + row) * stride + x;
      to += pixels.copy(out, to, at, at + w);
    }
  };
  copy(0, width, crop.x, crop.y, crop.width, crop.height);
  const u = width * height;
  copy(u, chromaWidth, crop.x / 2, crop.y / 2, crop.width / 2, crop.height / 2);
  copy(u + chromaWidth * chromaHeight, chromaWidth, crop.x / 2, crop.y / 2, crop.width / 2, crop.height / 2);
  return out;
}
