/** What covers the canvas before the start, in a break and after the end; its clock is a picture of its own, so that a second costs little. */
import { createCanvas } from '@napi-rs/canvas';
import type { Rgba } from '../canvas.ts';
import { measuring } from './measuring.ts';
import { evenDown, type OverlayBox, type OverlayMeasures } from './place-overlays.ts';
import { ACCENT, evenPixels, GROUND, INK, paint, QUIET_INK, rgbaOf } from './style.ts';
import { drawLine, font } from './text.ts';
import { wrapText } from './wrap-text.ts';

/** Over a picture: white on it has at least 4.5:1 also where the picture is white. */
const SCRIM = 'rgba(9,12,17,0.62)';

export interface SlateText {
  text: string;
  subtitle: string;
}

export interface SlatePlan {
  title: string[];
  subtitle: string[];
  titleRow: number;
  subtitleRow: number;
  /** Top of the block of text. */
  top: number;
  /** Where the clock is; undefined: no clock. */
  clock: OverlayBox | undefined;
}

export function planSlate(slate: SlateText, clockText: string | undefined, width: number, height: number, m: OverlayMeasures): SlatePlan {
  const widest = width - 4 * m.margin;
  const titleRow = 72 * m.scale;
  const subtitleRow = 38 * m.scale;
  const title = measuring(titleFont(titleRow), (c) => wrapText(c, slate.text, widest, m.slateRows));
  const subtitle = measuring(subtitleFont(subtitleRow), (c) => wrapText(c, slate.subtitle, widest, 2));
  const clockHeight = clockText === undefined ? 0 : evenDown(110 * m.scale);
  const between = clockText === undefined ? 0 : 28 * m.scale;
  const total = title.length * titleRow + (subtitle.length > 0 ? 12 * m.scale : 0) + subtitle.length * subtitleRow + between + clockHeight;
  const top = (height - total) / 2;
  const clockWidth = clockText === undefined ? 0 : evenPixels(clockCells(clockText) * cellWidth(clockHeight));
  return {
    title,
    subtitle,
    titleRow,
    subtitleRow,
    top,
    clock: clockText === undefined ? undefined : { x: evenDown((width - clockWidth) / 2), y: evenDown(top + total - clockHeight), width: clockWidth, height: clockHeight },
  };
}

const titleFont = (row: number): string => font(Math.round(row * 0.76), 700);
const subtitleFont = (row: number): string => font(Math.round(row * 0.72));

/** Opaque, of the canvas's size. @param picture of the same size, behind the text */
export function drawSlate(plan: SlatePlan, width: number, height: number, m: OverlayMeasures, picture: Rgba | undefined): Rgba {
  const drawing = createCanvas(width, height);
  const context = drawing.getContext('2d');
  if (picture) {
    const data = context.createImageData(width, height);
    data.data.set(picture.pixels);
    context.putImageData(data, 0, 0);
    context.fillStyle = SCRIM;
  } else context.fillStyle = GROUND;
  context.fillRect(0, 0, width, height);
  const middle = (text: string): number => (width - context.measureText(text).width) / 2;
  let y = plan.top;
  context.fillStyle = INK;
  context.font = titleFont(plan.titleRow);
  for (const row of plan.title) {
    drawLine(context, row, middle(row), y + plan.titleRow * 0.76);
    y += plan.titleRow;
  }
  y += 12 * m.scale;
  context.fillStyle = QUIET_INK;
  context.font = subtitleFont(plan.subtitleRow);
  for (const row of plan.subtitle) {
    drawLine(context, row, middle(row), y + plan.subtitleRow * 0.74);
    y += plan.subtitleRow;
  }
  if (plan.clock) {
    context.fillStyle = ACCENT;
    const line = evenPixels(3 * m.scale);
    context.fillRect(Math.round(width / 2 - 36 * m.scale), Math.round(plan.clock.y - 12 * m.scale), Math.round(72 * m.scale), line);
  }
  return rgbaOf(drawing);
}

/** `mm:ss`, from an hour on `h:mm:ss`. */
export function clockText(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.min(9999, Math.floor(seconds / 3600));
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const cellWidth = (height: number): number => height * 0.52;
/** Each digit in a cell of its own, a colon in half of one: nothing wobbles. */
const clockCells = (text: string): number => [...text].reduce((sum, sign) => sum + (sign === ':' ? 0.5 : 1), 0);

/** The digits on nothing. */
export function drawClock(text: string, box: OverlayBox): Rgba {
  return paint(box.width, box.height, (context) => {
    context.fillStyle = INK;
    context.font = font(Math.round(box.height * 0.84), 700);
    const cell = cellWidth(box.height);
    let x = 0;
    for (const sign of text) {
      const wide = sign === ':' ? cell / 2 : cell;
      drawLine(context, sign, x + (wide - context.measureText(sign).width) / 2, box.height * 0.8);
      x += wide;
    }
  });
}
