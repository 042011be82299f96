import type { CustomRegion } from '../../api/types.ts';

export interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Fractions of the canvas: a box must stay large enough to be taken hold of. */
export const SMALLEST = 0.05;
/** One press of an arrow key. */
export const KEY_STEP = 0.01;
/** The API takes as many regions. */
export const MAX_REGIONS = 25;
/** An edge this near to an edge of the canvas or to its middle is put onto it while a box is dragged. */
const SNAP = 0.012;

/** Whole ten-thousandths: what is left of a pixel even at 4K. */
const rounded = (n: number): number => Math.round(n * 10_000) / 10_000;
const between = (low: number, n: number, high: number): number => Math.min(high, Math.max(low, n));

/** Inside the canvas and not too small: a box that is pushed out stops at the edge. */
export function insideCanvas({ x, y, width, height }: Frame): Frame {
  const w = rounded(between(SMALLEST, width, 1));
  const h = rounded(between(SMALLEST, height, 1));
  return { width: w, height: h, x: rounded(between(0, x, 1 - w)), y: rounded(between(0, y, 1 - h)) };
}

export function moved(frame: Frame, dx: number, dy: number): Frame {
  return insideCanvas({ ...frame, x: frame.x + dx, y: frame.y + dy });
}

/** The lower right corner goes; it stops at the canvas's edge, and the upper left one stays. */
export function resized(frame: Frame, dw: number, dh: number): Frame {
  return insideCanvas({ ...frame, width: Math.min(frame.width + dw, 1 - frame.x), height: Math.min(frame.height + dh, 1 - frame.y) });
}

/** Edges near the canvas's edges and middle go onto them. `corner`: only the lower right corner is being moved. */
export function snapped(frame: Frame, corner: boolean): Frame {
  const along = (start: number, length: number): [start: number, length: number] => {
    const lines = [0, 0.5, 1];
    const near = (n: number): number | undefined => lines.find((line) => Math.abs(line - n) < SNAP);
    const end = near(start + length);
    if (corner) return end === undefined ? [start, length] : [start, end - start];
    const begin = near(start);
    if (begin !== undefined) return [begin, length];
    if (end !== undefined) return [end - length, length];
    return Math.abs(start + length / 2 - 0.5) < SNAP ? [0.5 - length / 2, length] : [start, length];
  };
  const [x, width] = along(frame.x, frame.width);
  const [y, height] = along(frame.y, frame.height);
  return insideCanvas({ x, y, width, height });
}

/** What an arrow key does to a box: moves it, with Shift resizes it. Undefined for other keys. */
export function frameAfterKey(frame: Frame, key: string, shift: boolean): Frame | undefined {
  const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!direction) return undefined;
  const [dx = 0, dy = 0] = direction.map((n) => n * KEY_STEP);
  return shift ? resized(frame, dx, dy) : moved(frame, dx, dy);
}

const slot = (index: number, x: number, y: number, width: number, height: number, more: Partial<CustomRegion> = {}): CustomRegion => ({
  slot: index,
  source: 'camera',
  x,
  y,
  width,
  height,
  z: 0,
  fit: 'cover',
  ...more,
});

/** Arrangements to begin with. */
export const STARTERS: readonly { name: string; regions: readonly CustomRegion[] }[] = [
  { name: 'Two side by side', regions: [slot(0, 0, 0, 0.5, 1), slot(1, 0.5, 0, 0.5, 1)] },
  { name: 'Four', regions: [slot(0, 0, 0, 0.5, 0.5), slot(1, 0.5, 0, 0.5, 0.5), slot(2, 0, 0.5, 0.5, 0.5), slot(3, 0.5, 0.5, 0.5, 0.5)] },
  { name: 'Large with a corner', regions: [slot(0, 0, 0, 1, 1), slot(1, 0.7, 0.66, 0.28, 0.3, { z: 1 })] },
  { name: 'Large and a column', regions: [slot(0, 0, 0, 0.75, 1), slot(1, 0.75, 0, 0.25, 0.3333), slot(2, 0.75, 0.3333, 0.25, 0.3333), slot(3, 0.75, 0.6666, 0.25, 0.3334)] },
  { name: 'Screen and its speaker', regions: [slot(0, 0, 0, 0.8, 1, { source: 'screen', fit: 'contain' }), slot(0, 0.8, 0, 0.2, 0.5)] },
];

/** A further box for somebody who has none yet, a little aside of the last one. */
export function anotherRegion(regions: readonly CustomRegion[]): CustomRegion {
  const taken = new Set(regions.filter((r) => r.source === 'camera').map((r) => r.slot));
  let index = 0;
  while (taken.has(index)) index += 1;
  const aside = (regions.length % 6) * 0.05;
  return slot(index, rounded(0.1 + aside), rounded(0.1 + aside), 0.3, 0.3, { z: Math.min(999, Math.max(0, ...regions.map((r) => r.z)) + 1) });
}

/** Two boxes that would show the same picture, which the API refuses: their places in the list, or undefined. */
export function twins(regions: readonly CustomRegion[]): readonly [number, number] | undefined {
  for (const [index, a] of regions.entries()) {
    const first = regions.slice(0, index).findIndex((b) => a.source === b.source && a.participant === b.participant && a.slot === b.slot);
    if (first >= 0) return [first, index];
  }
  return undefined;
}
