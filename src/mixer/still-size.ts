import { even } from '../domain/layout/layout-engine.ts';

/** Lengths of the longer side that stills are drawn at: a tile that grows a little needs no new one. */
const LONG_SIDES = [160, 320, 640, 960];

/** How large to draw the still of a tile: its shape, and one of a few sizes; the canvas scales it to the tile. */
export function stillSize(width: number, height: number): { width: number; height: number } {
  const longer = Math.max(width, height);
  const wanted = LONG_SIDES.find((side) => side >= longer) ?? (LONG_SIDES.at(-1) as number);
  const scale = wanted / longer;
  return { width: Math.max(2, even(width * scale)), height: Math.max(2, even(height * scale)) };
}
