/** That the programme is being recorded. */
import type { Rgba } from '../canvas.ts';
import type { OverlayBox } from './place-overlays.ts';
import { ALERT, INK, paint, roundedPlate } from './style.ts';
import { drawLine, font } from './text.ts';

/** Fills its box. */
export function drawBadge({ width, height }: Pick<OverlayBox, 'width' | 'height'>): Rgba {
  const dot = height * 0.2;
  return paint(width, height, (context) => {
    roundedPlate(context, 0, 0, width, height, height * 0.22);
    context.font = font(Math.round(height * 0.56), 700);
    const text = 'REC';
    const textWidth = context.measureText(text).width;
    const left = (width - textWidth - dot * 2.8) / 2;
    context.fillStyle = ALERT;
    context.beginPath();
    context.arc(left + dot, height / 2, dot, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = INK;
    drawLine(context, text, left + dot * 2.8, height * 0.7);
  });
}
