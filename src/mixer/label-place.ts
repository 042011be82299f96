/**
 * Where a tile's name goes: into its lower left corner; into the upper left one while something lies over that; nowhere while both are
 * covered. Half a name that sticks out from under a lower third is worse than none, and a name in between would be on the face. Pure.
 */
import type { Box, Region } from '../domain/layout/region.ts';
import { meet } from './overlays/place-overlays.ts';

export interface LabelPlace {
  /** Pixels from the left edge of what the tile shows. */
  x: number;
  /** From its upper edge; negative: from its lower one. */
  y: number;
}

/**
 * @param shown what the tile shows, on the canvas
 * @param margin kept free between the label and the tile's edges, and between it and what covers
 * @param covers what lies over the tile
 */
export function labelPlace(shown: Box, label: { width: number; height: number }, margin: number, covers: readonly Box[]): LabelPlace | undefined {
  const free = (y: number): boolean => {
    const box = { x: shown.x, y: y - margin, width: label.width + 2 * margin, height: label.height + 2 * margin };
    return !covers.some((cover) => meet(box, cover));
  };
  if (free(shown.y + shown.height - margin - label.height)) return { x: margin, y: -margin };
  return free(shown.y + margin) ? { x: margin, y: margin } : undefined;
}

/** With `contain` a picture of another shape is smaller than its region. @param aspect width ÷ height of what is shown, when known */
export function shownBox({ x, y, width, height, fit }: Pick<Region, keyof Box | 'fit'>, aspect: number | undefined): Box {
  if (fit === 'cover' || aspect === undefined || !(aspect > 0)) return { x, y, width, height };
  const wide = Math.min(width, height * aspect);
  const tall = Math.min(height, width / aspect);
  return { x: x + (width - wide) / 2, y: y + (height - tall) / 2, width: wide, height: tall };
}
