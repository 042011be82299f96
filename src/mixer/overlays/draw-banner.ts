/** A notice along the lower edge. */
import type { Rgba } from '../canvas.ts';
import { measuring } from './measuring.ts';
import { BANNER_ROWS, type OverlayBox, type OverlayMeasures } from './place-overlays.ts';
import { ACCENT, evenPixels, INK, paint, SOLID_PLATE } from './style.ts';
import { drawLine, font, isRightToLeft } from './text.ts';
import { wrapText } from './wrap-text.ts';

const bannerFont = (m: OverlayMeasures): string => font(Math.round(m.bannerRow * 0.74));

export function bannerRows(text: string, canvasWidth: number, m: OverlayMeasures): string[] {
  return measuring(bannerFont(m), (c) => wrapText(c, text, canvasWidth - 2 * m.margin, BANNER_ROWS));
}

export function drawBanner(rows: readonly string[], box: OverlayBox, m: OverlayMeasures): Rgba {
  return paint(box.width, box.height, (context) => {
    context.fillStyle = SOLID_PLATE;
    context.fillRect(0, 0, box.width, box.height);
    context.fillStyle = ACCENT;
    context.fillRect(0, 0, box.width, evenPixels(3 * m.scale));
    context.fillStyle = INK;
    context.font = bannerFont(m);
    rows.forEach((row, i) => {
      const left = isRightToLeft(row) ? box.width - m.margin - context.measureText(row).width : m.margin;
      drawLine(context, row, left, m.bannerPad + m.bannerRow * (i + 0.77));
    });
  });
}
