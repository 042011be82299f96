/** What is said, in the middle above the other overlays. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import type { CaptionLine } from '../../domain/room.ts';
import type { Rgba } from '../canvas.ts';
import { measuring } from './measuring.ts';
import type { OverlayBox, OverlayMeasures } from './place-overlays.ts';
import { ACCENT, evenPixels, INK, paint, roundedPlate, SOLID_PLATE } from './style.ts';
import { drawLine, font, isRightToLeft, plainText } from './text.ts';
import { wrapText } from './wrap-text.ts';

const LONGEST_TEXT = 300;
const LONGEST_SPEAKER = 40;

interface Row {
  text: string;
  /** The beginning of the text that is the speaker's name. */
  speaker: string;
}

const captionFont = (m: OverlayMeasures): string => font(Math.round(m.captionRow * 0.74));

/** The newest rows of the lines, oldest first. */
export function captionRows(lines: readonly Pick<CaptionLine, 'text' | 'speaker'>[], widest: number, m: OverlayMeasures): Row[] {
  const rows = lines.flatMap((line) => {
    const name = plainText(line.speaker ?? '', LONGEST_SPEAKER);
    const speaker = name === '' ? '' : `${name}: `;
    const text = plainText(line.text, LONGEST_TEXT);
    if (text === '') return [];
    return measuring(captionFont(m), (c) => wrapText(c, speaker + text, widest, m.captionRows)).map((row, i): Row => ({ text: row, speaker: i === 0 && row.startsWith(speaker) ? speaker : '' }));
  });
  return rows.slice(-m.captionRows);
}

/** As large as its text; undefined: nothing to show. */
export function drawCaptions(lines: readonly Pick<CaptionLine, 'text' | 'speaker'>[], box: OverlayBox, m: OverlayMeasures): Rgba | undefined {
  const side = m.captionPad * 1.6;
  const rows = captionRows(lines, box.width - 2 * side, m);
  if (rows.length === 0) return undefined;
  const widths = measuring(captionFont(m), (c) => rows.map((row) => c.measureText(row.text).width));
  const width = Math.min(box.width, evenPixels(Math.max(...widths) + 2 * side + 1));
  const height = evenPixels(rows.length * m.captionRow + 2 * m.captionPad);
  return paint(width, height, (context) => {
    roundedPlate(context, 0, 0, width, height, 8 * m.scale, SOLID_PLATE);
    context.font = captionFont(m);
    rows.forEach((row, i) => {
      const left = (width - (widths[i] ?? 0)) / 2;
      const baseline = m.captionPad + m.captionRow * (i + 0.75);
      // the whole row is shaped at once, and its beginning shown in another colour
      const nameEnd = row.speaker === '' || isRightToLeft(row.text) ? 0 : left + context.measureText(row.speaker).width;
      drawPart(context, row.text, left, baseline, INK, nameEnd, width);
      if (nameEnd > 0) drawPart(context, row.text, left, baseline, ACCENT, 0, nameEnd);
    });
  });
}

function drawPart(context: SKRSContext2D, text: string, left: number, baseline: number, colour: string, from: number, to: number): void {
  context.save();
  context.beginPath();
  context.rect(from, 0, to - from, context.canvas.height);
  context.clip();
  context.fillStyle = colour;
  drawLine(context, text, left, baseline);
  context.restore();
}
