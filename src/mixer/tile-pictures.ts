/** Names on tiles and the tile of somebody without a picture: drawn when they change, never per frame. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { even } from '../domain/layout/layout-engine.ts';

const FONT = '"DejaVu Sans", "Liberation Sans", "Noto Sans", sans-serif';
const AVATAR_COLOURS = ['#1f6f8b', '#8b3a62', '#4a6b2f', '#7a5230', '#4b4a8b', '#8b2f2f', '#2f6b5d', '#6b5b2f'];
export const AVATAR_WIDTH = 640;
export const AVATAR_HEIGHT = 360;

export interface Rgba {
  width: number;
  height: number;
  /** RGBA, not premultiplied. */
  pixels: Buffer;
}

function shortened(context: SKRSContext2D, text: string, widest: number): string {
  if (context.measureText(text).width <= widest) return text;
  const letters = [...text];
  while (letters.length > 1 && context.measureText(`${letters.join('')}…`).width > widest) letters.pop();
  return `${letters.join('')}…`;
}

/** The name on a dark plate, with a crossed-out microphone when muted. @param size height of the plate in pixels */
export function drawLabel(name: string, muted: boolean, size: number, widest: number): Rgba {
  const height = even(size);
  const fontPx = Math.round(height * 0.58);
  const probe = createCanvas(8, 8).getContext('2d');
  probe.font = `${fontPx}px ${FONT}`;
  const markWidth = muted ? height * 0.8 : 0;
  const pad = height * 0.35;
  const text = shortened(probe, name, Math.max(height, widest - 2 * pad - markWidth));
  const width = Math.max(2, Math.min(even(widest), even(probe.measureText(text).width + 2 * pad + markWidth + 1)));
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = 'rgba(0,0,0,0.55)';
  context.beginPath();
  context.roundRect(0, 0, width, height, height / 4);
  context.fill();
  if (muted) drawMutedMark(context, pad, height);
  context.fillStyle = '#ffffff';
  context.font = `${fontPx}px ${FONT}`;
  context.textBaseline = 'middle';
  context.fillText(text, pad + markWidth, height / 2 + height * 0.03);
  return { width, height, pixels: Buffer.from(context.getImageData(0, 0, width, height).data) };
}

function drawMutedMark(context: SKRSContext2D, left: number, height: number): void {
  const unit = height / 10;
  context.strokeStyle = '#ff6b5e';
  context.fillStyle = '#ff6b5e';
  context.lineWidth = unit * 0.9;
  context.beginPath();
  context.roundRect(left + unit * 1.6, unit * 2, unit * 2.2, unit * 3.8, unit);
  context.fill();
  context.beginPath();
  context.moveTo(left + unit * 0.4, unit * 2);
  context.lineTo(left + unit * 5, unit * 8);
  context.moveTo(left + unit * 2.7, unit * 6);
  context.lineTo(left + unit * 2.7, unit * 8);
  context.stroke();
}

function initials(name: string): string {
  const words = name.split(/[\s_-]+/).filter((w) => w !== '');
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((w) => [...(w ?? '?')][0] ?? '?').join('').toUpperCase();
}

function colourOf(name: string): string {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return AVATAR_COLOURS[sum % AVATAR_COLOURS.length] as string;
}

/** Initials on a disc, as I420 of {@link AVATAR_WIDTH} × {@link AVATAR_HEIGHT}. */
export function drawAvatar(name: string): Buffer {
  const canvas = createCanvas(AVATAR_WIDTH, AVATAR_HEIGHT);
  const context = canvas.getContext('2d');
  context.fillStyle = '#20242b';
  context.fillRect(0, 0, AVATAR_WIDTH, AVATAR_HEIGHT);
  context.fillStyle = colourOf(name);
  context.beginPath();
  context.arc(AVATAR_WIDTH / 2, AVATAR_HEIGHT / 2, AVATAR_HEIGHT * 0.28, 0, Math.PI * 2);
  context.fill();
  context.fillStyle = '#ffffff';
  context.font = `${Math.round(AVATAR_HEIGHT * 0.24)}px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(initials(name), AVATAR_WIDTH / 2, AVATAR_HEIGHT / 2);
  return rgbaToI420(Buffer.from(context.getImageData(0, 0, AVATAR_WIDTH, AVATAR_HEIGHT).data), AVATAR_WIDTH, AVATAR_HEIGHT);
}

/** BT.601 limited range, even sizes. */
export function rgbaToI420(rgba: Buffer, width: number, height: number): Buffer {
  const out = Buffer.allocUnsafe((width * height * 3) / 2);
  let u = width * height;
  let v = u + (width * height) / 4;
  const at = (i: number): number => rgba[i] as number;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      out[y * width + x] = ((66 * at(i) + 129 * at(i + 1) + 25 * at(i + 2) + 128) >> 8) + 16;
      if ((x & 1) === 0 && (y & 1) === 0) {
        out[u++] = ((-38 * at(i) - 74 * at(i + 1) + 112 * at(i + 2) + 128) >> 8) + 128;
        out[v++] = ((112 * at(i) - 94 * at(i + 1) - 18 * at(i + 2) + 128) >> 8) + 128;
      }
    }
  }
  return out;
}
