import { DEFAULT_GAP } from '../room.ts';
import type { Box } from './region.ts';

/** Even, rounded to nearest. */
export function even(value: number): number {
  return 2 * Math.round(value / 2);
}

/** Even, rounded down, at least 2. */
export function evenDown(value: number): number {
  return Math.max(2, 2 * Math.floor(value / 2 + 1e-9));
}

/**
 * As {@link evenDown}, and equal to `whole` modulo 4: an odd number of such boxes can be centred in `whole` with the same number of
 * even pixels on both sides.
 */
export function evenLike(value: number, whole: number): number {
  const down = evenDown(value);
  return down > 2 && (down - whole) % 4 !== 0 ? down - 2 : down;
}

/** Offset that centres `size` in `whole`; even. */
export function centred(size: number, whole: number): number {
  return 2 * Math.floor((whole - size) / 4 + 1e-9);
}

export interface Area {
  width: number;
  height: number;
}

/** Shapes that tiles may take, as width ÷ height. */
export interface Shapes {
  narrowest: number;
  widest: number;
}

export const WIDE = 16 / 9;
/** A wide picture cropped to it still shows a face and shoulders. */
const NARROWEST = 3 / 4;

/**
 * Landscape canvases take 16:9 tiles, the shape of cameras. Others would leave half of themselves empty so: tiles are as tall as
 * fills the canvas, and cameras are cropped. Without cropping (`contain`) 16:9 is best everywhere.
 */
export function tileShapes(canvas: Area, fit: 'cover' | 'contain'): Shapes {
  return canvas.width > canvas.height || fit === 'contain' ? { narrowest: WIDE, widest: WIDE } : { narrowest: NARROWEST, widest: WIDE };
}

/** Even pixels between tiles; such that an even number of tiles can be centred exactly, see {@link evenLike}. */
export function gapPixels(gap: number | undefined, canvas: Area): number {
  const wanted = gap !== undefined && Number.isFinite(gap) ? Math.min(0.1, Math.max(0, gap)) : DEFAULT_GAP;
  const raw = wanted * Math.min(canvas.width, canvas.height);
  const remainder = canvas.width % 4;
  const exact = 4 * Math.round((raw - remainder) / 4) + remainder;
  return raw < 1 || remainder !== canvas.height % 4 || exact <= 0 ? even(raw) : exact;
}

/** The canvas without its margin. */
export function inside(area: Area, margin: number): Box {
  return { x: margin, y: margin, width: area.width - 2 * margin, height: area.height - 2 * margin };
}

/** `count` boxes in a row (or column), the first at `x`, `y`. */
export function line(count: number, first: Box, gap: number, down: boolean): Box[] {
  return Array.from({ length: count }, (_, i) => ({
    ...first,
    x: first.x + (down ? 0 : i * (first.width + gap)),
    y: first.y + (down ? i * (first.height + gap) : 0),
  }));
}
