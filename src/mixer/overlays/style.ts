/** How the programme looks: one set of colours and measures for everything that is drawn over people. */
import { createCanvas, type Canvas as Drawing, type SKRSContext2D } from '@napi-rs/canvas';
import { AVATAR_GROUND } from '../../domain/avatar.ts';
import type { Rgba } from '../canvas.ts';

/** White on it has a contrast of at least 6:1 over any picture (WCAG 2.1, 1.4.3 asks for 4.5:1): over white it becomes #5c5e61. */
export const PLATE = 'rgba(11,15,20,0.68)';
/** Where one reads for long. */
export const SOLID_PLATE = 'rgba(11,15,20,0.86)';
export const INK = '#ffffff';
export const QUIET_INK = '#d5dbe3';
export const ACCENT = '#2fbf8f';
export const ALERT = '#ff6f61';
/** Behind avatars and slates. */
export const GROUND = AVATAR_GROUND;

/** Even, at least 2: I420 has one colour for two by two pixels. */
export function evenPixels(value: number): number {
  return Math.max(2, 2 * Math.round(value / 2));
}

/** A picture that `draw` paints, on nothing. */
export function paint(width: number, height: number, draw: (context: SKRSContext2D) => void): Rgba {
  const drawing = createCanvas(width, height);
  draw(drawing.getContext('2d'));
  return rgbaOf(drawing);
}

export function rgbaOf(drawing: Drawing): Rgba {
  const { width, height } = drawing;
  const data = drawing.getContext('2d').getImageData(0, 0, width, height).data;
  return { width, height, pixels: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
}

export function roundedPlate(context: SKRSContext2D, x: number, y: number, width: number, height: number, radius: number, colour = PLATE): void {
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
}
