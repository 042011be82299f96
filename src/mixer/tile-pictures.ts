/** Names on tiles, the tile of somebody without a picture, and that of those who have no tile: drawn when they change, never per frame. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { AVATAR_SHAPE, avatarColour } from '../domain/avatar.ts';
import type { Rgba } from './canvas.ts';
import { ALERT, evenPixels, GROUND, INK, paint, PLATE, roundedPlate } from './overlays/style.ts';
import { drawLine, font, graphemes, plainText, shortened } from './overlays/text.ts';

/** Around who speaks. 5:1 against black, visible on light pictures through its hue. */
export const SPEAKER_BORDER_COLOUR = '#22c58b';
const LONGEST_NAME = 64;

/** Pixels, even: 4 at 720 lines, so that the border is as thick on each canvas for who looks from as far. */
export function speakerBorderThickness(canvasWidth: number, canvasHeight: number): number {
  return evenPixels(Math.min(canvasWidth, canvasHeight) / 180);
}

const probe = createCanvas(2, 2).getContext('2d');

/**
 * The name on a dark plate, with a crossed-out microphone when muted. Without a name and not muted it is an empty plate: leave it out.
 * @param size height of the plate in pixels
 * @param widest of the plate, pixels; longer names end in "…"
 */
export function drawLabel(name: string, muted: boolean, size: number, widest: number): Rgba {
  const height = evenPixels(size);
  const fontPx = Math.round(height * 0.58);
  const pad = height * 0.36;
  const markWidth = muted ? height * 0.62 : 0;
  const text = plainText(name, LONGEST_NAME);
  const between = muted && text !== '' ? height * 0.16 : 0;
  probe.font = font(fontPx);
  const shown = text === '' ? '' : shortened(probe, text, Math.max(fontPx, widest - 2 * pad - markWidth - between));
  const textWidth = shown === '' ? 0 : probe.measureText(shown).width;
  const width = Math.min(evenPixels(widest), evenPixels(textWidth + 2 * pad + markWidth + between + 1));
  return paint(width, height, (context) => {
    roundedPlate(context, 0, 0, width, height, height * 0.22);
    if (muted) drawMutedMark(context, pad, height);
    context.fillStyle = INK;
    context.font = font(fontPx);
    drawLine(context, shown, pad + markWidth + between, height / 2 + fontPx * 0.36);
  });
}

/** A microphone with a stroke through it, `0.62 × height` wide. */
function drawMutedMark(context: SKRSContext2D, left: number, height: number): void {
  const unit = height / 20;
  const middle = left + 6.2 * unit;
  context.save();
  context.fillStyle = ALERT;
  context.strokeStyle = ALERT;
  context.lineWidth = Math.max(1, 1.4 * unit);
  context.lineCap = 'round';
  context.beginPath();
  context.roundRect(middle - 2.2 * unit, 3.6 * unit, 4.4 * unit, 7.6 * unit, 2.2 * unit);
  context.fill();
  context.beginPath();
  context.arc(middle, 9 * unit, 4.2 * unit, 0.08 * Math.PI, 0.92 * Math.PI);
  context.moveTo(middle, 13.2 * unit);
  context.lineTo(middle, 16 * unit);
  context.moveTo(middle - 2.2 * unit, 16 * unit);
  context.lineTo(middle + 2.2 * unit, 16 * unit);
  context.stroke();
  // the stroke is cut out of the microphone first, so that it reads at 16 pixels
  context.globalCompositeOperation = 'destination-out';
  context.lineWidth = Math.max(3, 3.6 * unit);
  stroke(context, middle, unit);
  context.globalCompositeOperation = 'source-over';
  context.strokeStyle = PLATE;
  stroke(context, middle, unit);
  context.strokeStyle = ALERT;
  context.lineWidth = Math.max(1.5, 1.6 * unit);
  stroke(context, middle, unit);
  context.restore();
}

function stroke(context: SKRSContext2D, middle: number, unit: number): void {
  context.beginPath();
  context.moveTo(middle - 5.2 * unit, 4.4 * unit);
  context.lineTo(middle + 5.2 * unit, 15.6 * unit);
  context.stroke();
}

/** The first letters of the first and the last word; of names without letters their first sign; empty when there is nothing to see. */
export function initialsOf(name: string): string {
  const text = plainText(name, LONGEST_NAME);
  const words = text.split(/[\s_\-‐–—.,·・]+/u).map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ''));
  const named = words.filter((word) => word !== '');
  if (named.length === 0) return graphemes(text)[0] ?? '';
  const lettered = named.filter((word) => /^\p{L}/u.test(word));
  const chosen = lettered.length > 0 ? lettered : named;
  const ends = chosen.length > 1 ? [chosen[0], chosen[chosen.length - 1]] : [chosen[0]];
  const initials = ends.map((word) => capital(graphemes(word ?? '')[0] ?? ''));
  // two Arabic letters side by side would join to a syllable
  return initials.join(initials.some((letter) => /\p{Script=Arabic}/u.test(letter)) ? ' ' : '');
}

function capital(letter: string): string {
  // Georgian capitals are used for whole words only, and few fonts have them
  if (/\p{Script=Georgian}/u.test(letter)) return letter;
  return graphemes(letter.toUpperCase())[0] ?? letter;
}

/** Initials on a disc, opaque; without any a head and shoulders. */
export function drawAvatar(name: string, width: number, height: number): Rgba {
  const initials = initialsOf(name);
  return tile(width, height, (context, side) => {
    const radius = side * AVATAR_SHAPE.radius;
    const x = width / 2;
    const y = height / 2 - side * AVATAR_SHAPE.up;
    context.fillStyle = avatarColour(plainText(name, LONGEST_NAME));
    context.beginPath();
    context.arc(x, y, radius, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = INK;
    if (initials === '') drawPerson(context, x, y, radius);
    else drawCentred(context, initials, x, y, side * AVATAR_SHAPE.letters, radius * 1.5);
  });
}

function drawPerson(context: SKRSContext2D, x: number, y: number, radius: number): void {
  context.save();
  context.beginPath();
  context.arc(x, y, radius, 0, Math.PI * 2);
  context.clip();
  context.beginPath();
  context.arc(x, y - radius * 0.2, radius * 0.34, 0, Math.PI * 2);
  context.fill();
  context.beginPath();
  context.ellipse(x, y + radius * 0.86, radius * 0.62, radius * 0.56, 0, 0, Math.PI * 2);
  context.fill();
  context.restore();
}

/** "+N": so many people have no tile. Opaque. */
export function drawMore(count: number, width: number, height: number): Rgba {
  return tile(width, height, (context, side) => {
    context.fillStyle = INK;
    drawCentred(context, `+${Math.max(0, Math.floor(count))}`, width / 2, height / 2, side * 0.3, width * 0.8);
  });
}

function tile(width: number, height: number, draw: (context: SKRSContext2D, side: number) => void): Rgba {
  const w = evenPixels(width);
  const h = evenPixels(height);
  return paint(w, h, (context) => {
    context.fillStyle = GROUND;
    context.fillRect(0, 0, w, h);
    draw(context, Math.min(w, h));
  });
}

function drawCentred(context: SKRSContext2D, text: string, x: number, y: number, fontPx: number, widest: number): void {
  context.font = font(Math.round(fontPx), 700);
  const natural = context.measureText(text);
  const largest = Math.max(natural.width, natural.actualBoundingBoxAscent + natural.actualBoundingBoxDescent);
  if (largest > widest) context.font = font(Math.max(6, Math.floor((fontPx * widest) / largest)), 700);
  // centred by the ink, not by the line: scripts stand differently on theirs
  const box = context.measureText(text);
  drawLine(context, text, x - box.width / 2, y + (box.actualBoundingBoxAscent - box.actualBoundingBoxDescent) / 2);
}
