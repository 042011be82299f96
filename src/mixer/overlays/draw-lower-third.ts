/** Name and function of who is seen, lower left. */
import type { Rgba } from '../canvas.ts';
import type { OverlayBox, OverlayMeasures } from './place-overlays.ts';
import { ACCENT, evenPixels, INK, paint, QUIET_INK, roundedPlate, SOLID_PLATE } from './style.ts';
import { drawLine, font, isRightToLeft, shortened } from './text.ts';
import { measuring } from './measuring.ts';

/** As wide as its text and as high as its box. */
export function drawLowerThird(title: string, subtitle: string, box: OverlayBox, m: OverlayMeasures): Rgba {
  const titleFont = font(Math.round(m.lowerThirdTitle * 0.76), 700);
  const subtitleFont = font(Math.round(m.lowerThirdSubtitle * 0.74));
  const bar = evenPixels(6 * m.scale);
  const left = bar + m.lowerThirdPad * 1.3;
  const widest = box.width - left - m.lowerThirdPad * 1.5;
  const upper = measuring(titleFont, (c) => shortened(c, title, widest));
  const lower = subtitle === '' ? '' : measuring(subtitleFont, (c) => shortened(c, subtitle, widest));
  const textWidth = Math.max(measuring(titleFont, (c) => c.measureText(upper).width), lower === '' ? 0 : measuring(subtitleFont, (c) => c.measureText(lower).width));
  const width = Math.min(box.width, evenPixels(left + textWidth + m.lowerThirdPad * 1.5 + 1));
  const mirrored = isRightToLeft(upper);
  return paint(width, box.height, (context) => {
    const start = (text: string): number => (mirrored ? width - left - context.measureText(text).width : left);
    const radius = 6 * m.scale;
    roundedPlate(context, 0, 0, width, box.height, radius, SOLID_PLATE);
    context.save();
    context.beginPath();
    context.roundRect(0, 0, width, box.height, radius);
    context.clip();
    context.fillStyle = ACCENT;
    context.fillRect(mirrored ? width - bar : 0, 0, bar, box.height);
    context.restore();
    context.fillStyle = INK;
    context.font = titleFont;
    drawLine(context, upper, start(upper), m.lowerThirdPad + m.lowerThirdTitle * 0.74);
    if (lower === '') return;
    context.fillStyle = QUIET_INK;
    context.font = subtitleFont;
    drawLine(context, lower, start(lower), m.lowerThirdPad + m.lowerThirdTitle + m.lowerThirdSubtitle * 0.7);
  });
}
