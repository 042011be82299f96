/**
 * Where overlays may be drawn: one box for each that is on, none of which cover each other, on any canvas. Pure. Boxes are the room an
 * overlay has at most; what is drawn in it may be smaller and keeps to the edge it belongs to. Only a large watermark, which is more a
 * picture than a sign, lies below texts and badge: there would be no room left for them.
 *
 * From the bottom up: banner, watermark of a lower corner with the lower third beside it (above it where the canvas is narrow), captions.
 * Captions are on top of the others because they come and go: nothing moves for them.
 */
import type { Corner, VideoFormat } from '../../domain/room.ts';

export interface OverlayBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What is on, and as much of its size as is known before it has a place. */
export interface WantedOverlays {
  /** Pixels. */
  watermark?: { corner: Corner; width: number; height: number };
  badge?: { width: number; height: number };
  /** Lines of text. */
  banner?: { rows: number };
  lowerThird?: { subtitle: boolean };
  captions?: boolean;
}

export type OverlayBoxes = Partial<Record<keyof WantedOverlays, OverlayBox>>;

export const BANNER_ROWS = 2;

/** Measures of a canvas, pixels. */
export interface OverlayMeasures {
  /** 1 at 720 lines; small canvases keep their texts a little larger than that, so that they can be read. */
  scale: number;
  /** Kept free at each edge: 4.4 % of the shorter side. */
  margin: number;
  gap: number;
  bannerRow: number;
  bannerPad: number;
  captionRow: number;
  captionPad: number;
  /** Rows of the captions that are seen at once, with those that a long line is broken into. */
  captionRows: number;
  /** Rows of a slate's title. */
  slateRows: number;
  lowerThirdTitle: number;
  lowerThirdSubtitle: number;
  lowerThirdPad: number;
  /** Of a watermark, at most: it fits above a banner. */
  watermarkHeight: number;
  /** Of a watermark that texts and badge make room for, at most. */
  smallWatermarkHeight: number;
  badgeHeight: number;
}

export function overlayMeasures({ width, height }: Pick<VideoFormat, 'width' | 'height'>): OverlayMeasures {
  const side = Math.min(width, height);
  const unit = side / 720;
  const scale = Math.max(unit, Math.min(0.6, unit * 1.2));
  const px = (at720: number): number => evenDown(at720 * scale);
  return {
    scale,
    margin: evenDown(side / 22.5),
    gap: px(14),
    bannerRow: px(32),
    bannerPad: px(12),
    captionRow: px(38),
    captionPad: px(10),
    // half as wide a canvas breaks the same sentence into twice as many rows, and has the height for them
    captionRows: height > width ? 5 : 3,
    slateRows: height > width ? 6 : 3,
    lowerThirdTitle: px(42),
    lowerThirdSubtitle: px(30),
    lowerThirdPad: px(14),
    watermarkHeight: evenDown(height - 2 * evenDown(side / 22.5) - (BANNER_ROWS * px(32) + 2 * px(12) + px(14))),
    smallWatermarkHeight: evenDown(height * 0.22),
    badgeHeight: px(30),
  };
}

export function badgeSize(m: OverlayMeasures): { width: number; height: number } {
  return { width: evenDown(m.badgeHeight * 2.6), height: m.badgeHeight };
}

/** Even, towards zero; at least 2. */
export function evenDown(value: number): number {
  return Math.max(2, 2 * Math.floor(value / 2));
}

const isBottom = (corner: Corner): boolean => corner === 'bottomLeft' || corner === 'bottomRight';
const isLeft = (corner: Corner): boolean => corner === 'topLeft' || corner === 'bottomLeft';
/** With less of the canvas's width than this beside a watermark, texts go above it. */
const NARROW_SHARE = 0.6;

export function placeOverlays(format: Pick<VideoFormat, 'width' | 'height'>, wanted: WantedOverlays): OverlayBoxes {
  const { width, height } = format;
  const m = overlayMeasures(format);
  const boxes: OverlayBoxes = {};
  let floor = height - m.margin;

  if (wanted.banner) {
    const tall = evenDown(m.bannerRow * wanted.banner.rows + 2 * m.bannerPad);
    boxes.banner = { x: 0, y: evenDown(height - tall), width, height: tall };
    floor = boxes.banner.y - m.gap;
  }

  const mark = wanted.watermark;
  if (mark) boxes.watermark = cornerBox(format, mark.corner, mark.width, mark.height, m.margin, isBottom(mark.corner) ? floor : undefined);
  const small = mark && mark.height <= m.smallWatermarkHeight ? boxes.watermark : undefined;
  const low = mark && isBottom(mark.corner) ? small : undefined;

  if (wanted.badge) {
    const right = mark?.corner !== 'topRight';
    const box = cornerBox(format, right ? 'topRight' : 'topLeft', wanted.badge.width, wanted.badge.height, m.margin);
    // a watermark across the whole width leaves no corner
    if (small && !low && meet(box, small)) box.y = evenDown(small.y + small.height + m.gap);
    boxes.badge = box;
  }

  let span = { left: m.margin, right: width - m.margin, floor };
  if (low && mark) {
    const room = width - 2 * m.margin - low.width - m.gap;
    if (room >= width * NARROW_SHARE) span = isLeft(mark.corner) ? { ...span, left: low.x + low.width + m.gap } : { ...span, right: low.x - m.gap };
    else span = { ...span, floor: low.y - m.gap };
  }

  if (wanted.lowerThird) {
    const tall = evenDown(m.lowerThirdTitle + (wanted.lowerThird.subtitle ? m.lowerThirdSubtitle : 0) + 2 * m.lowerThirdPad);
    const x = evenDown(span.left);
    boxes.lowerThird = { x, y: evenDown(span.floor - tall), width: evenDown(Math.min(span.right - x, Math.max(width * NARROW_SHARE, 560 * m.scale))), height: tall };
  }

  if (wanted.captions) {
    const tall = evenDown(m.captionRows * m.captionRow + 2 * m.captionPad);
    // in the middle of the canvas also beside a watermark
    const half = Math.min(width / 2 - span.left, span.right - width / 2);
    const besides = !boxes.lowerThird && half * 2 >= width * NARROW_SHARE;
    const base = boxes.lowerThird ? boxes.lowerThird.y - m.gap : besides || !low ? span.floor : Math.min(span.floor, low.y - m.gap);
    const clear = low && base > low.y ? half : width / 2 - m.margin;
    const wide = evenDown(Math.min(clear * 2, 920 * m.scale));
    boxes.captions = { x: evenDown((width - wide) / 2), y: evenDown(base - tall), width: wide, height: tall };
  }
  return boxes;
}

function cornerBox({ width, height }: Pick<VideoFormat, 'width' | 'height'>, corner: Corner, wide: number, tall: number, margin: number, floor = height - margin): OverlayBox {
  const w = Math.min(wide, width - 2 * margin);
  return {
    x: isLeft(corner) ? margin : evenDown(width - margin - w),
    y: isBottom(corner) ? evenDown(floor - tall) : margin,
    width: w,
    height: tall,
  };
}

export function meet(a: OverlayBox, b: OverlayBox): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
