/** The host's sign in a corner: a picture, a text, or the picture with the text below it. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import type { Rgba } from '../canvas.ts';
import { measuring } from './measuring.ts';
import type { OverlayMeasures } from './place-overlays.ts';
import { evenPixels, INK, paint } from './style.ts';
import { drawLine, font, shortened } from './text.ts';
import type { OverlayImage } from './overlay-image.ts';

export interface WatermarkInput {
  text: string;
  image: OverlayImage | undefined;
  /** Width as a fraction of the canvas's. */
  scale: number;
}

/** Aspect kept; at most as high as `m.watermarkHeight`. Undefined: nothing to draw. */
export function drawWatermark({ text, image, scale }: WatermarkInput, canvasWidth: number, m: OverlayMeasures): Rgba | undefined {
  const widest = Math.max(8, Math.min(scale * canvasWidth, canvasWidth - 2 * m.margin));
  const line = text === '' ? undefined : fitLine(text, widest, Math.min(m.smallWatermarkHeight * (image ? 0.3 : 1), 60 * m.scale), m);
  const lineHeight = line ? line.fontPx * 1.35 : 0;
  const room = m.watermarkHeight - lineHeight;
  const factor = image ? Math.min(widest / image.width, room / image.height) : 0;
  const imageWidth = image ? Math.max(1, image.width * factor) : 0;
  const imageHeight = image ? Math.max(1, image.height * factor) : 0;
  const width = evenPixels(Math.max(imageWidth, line?.width ?? 0));
  const height = evenPixels(imageHeight + lineHeight);
  if (!image && !line) return undefined;
  return paint(width, height, (context) => {
    image?.draw(context, (width - imageWidth) / 2, 0, imageWidth, imageHeight);
    if (line) drawShadowed(context, line, (width - line.width) / 2, height - line.fontPx * 0.36);
  });
}

interface Line {
  text: string;
  fontPx: number;
  width: number;
}

function fitLine(text: string, widest: number, highest: number, m: OverlayMeasures): Line {
  const atTen = measuring(font(100, 700), (c) => c.measureText(text).width) / 100;
  const least = Math.max(9, Math.round(13 * m.scale));
  const fontPx = Math.round(Math.max(least, Math.min(highest / 1.35, (widest - 2) / atTen)));
  return measuring(font(fontPx, 700), (c) => {
    const shown = shortened(c, text, widest);
    return { text: shown, fontPx, width: Math.ceil(c.measureText(shown).width) + 2 };
  });
}

/** Without a plate: a dark rim keeps it readable on light pictures. */
function drawShadowed(context: SKRSContext2D, line: Line, left: number, baseline: number): void {
  context.font = font(line.fontPx, 700);
  context.shadowColor = 'rgba(0,0,0,0.75)';
  context.shadowBlur = line.fontPx / 6;
  context.fillStyle = INK;
  drawLine(context, line.text, left + 1, baseline);
}
