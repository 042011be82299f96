import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Box } from '../domain/layout/region.ts';
import { labelPlace, shownBox } from './label-place.ts';
import { meet } from './overlays/place-overlays.ts';

const TILE: Box = { x: 20, y: 364, width: 616, height: 348 };
const LABEL = { width: 120, height: 36 };
const BELOW = { x: 9, y: -9 };
const ABOVE = { x: 9, y: 9 };
const LOWER_THIRD: Box = { x: 32, y: 588, width: 440, height: 100 };

describe('the place of a name', () => {
  it('is below when nothing, or nothing there, lies over its tile', () => {
    expect(labelPlace(TILE, LABEL, 9, [])).toEqual(BELOW);
    expect(labelPlace({ ...TILE, x: 644 }, LABEL, 9, [LOWER_THIRD])).toEqual(BELOW);
    expect(labelPlace(TILE, LABEL, 9, [{ x: 0, y: 0, width: 1280, height: 600 }])).toEqual(BELOW);
  });

  it('is above while its corner is covered, if only by some pixels or by less than the margin', () => {
    expect(labelPlace(TILE, LABEL, 9, [LOWER_THIRD])).toEqual(ABOVE);
    const [right, top] = [20 + 9 + 120, 712 - 9 - 36];
    expect(labelPlace(TILE, LABEL, 9, [{ x: right - 2, y: top, width: 200, height: 36 }])).toEqual(ABOVE);
    expect(labelPlace(TILE, LABEL, 9, [{ x: right + 8, y: top, width: 200, height: 36 }])).toEqual(ABOVE);
    expect(labelPlace(TILE, LABEL, 9, [{ x: right + 10, y: top, width: 200, height: 36 }])).toEqual(BELOW);
  });

  it('is nowhere while both corners are covered', () => {
    expect(labelPlace(TILE, LABEL, 9, [LOWER_THIRD, { x: 0, y: 300, width: 1280, height: 80 }])).toBeUndefined();
  });

  it('is free of all that covers, and inside its tile', () => {
    const box = fc.record({ x: fc.nat(1200), y: fc.nat(680), width: fc.integer({ min: 60, max: 1280 }), height: fc.integer({ min: 30, max: 720 }) });
    fc.assert(
      fc.property(box, fc.integer({ min: 20, max: 400 }), fc.array(box, { maxLength: 4 }), (tile, width, covers) => {
        const label = { width: Math.min(width, tile.width - 8), height: 16 };
        const at = labelPlace(tile, label, 4, covers);
        if (!at) return;
        const placed = { x: tile.x + at.x, y: at.y < 0 ? tile.y + tile.height + at.y - label.height : tile.y + at.y, ...label };
        for (const cover of covers) expect(meet(placed, cover)).toBe(false);
        expect([placed.x >= tile.x, placed.y >= tile.y - 2, placed.x + label.width <= tile.x + tile.width, placed.y + label.height <= tile.y + tile.height]).toEqual([true, true, true, true]);
      }),
    );
  });
});

describe('what a tile shows', () => {
  it('fills it, unless it is to be whole and has another shape', () => {
    const tile = { x: 100, y: 50, width: 800, height: 450 };
    expect(shownBox({ ...tile, fit: 'cover' }, 9 / 16)).toEqual(tile);
    expect(shownBox({ ...tile, fit: 'contain' }, undefined)).toEqual(tile);
    expect(shownBox({ ...tile, fit: 'contain' }, 1)).toEqual({ x: 275, y: 50, width: 450, height: 450 });
    expect(shownBox({ ...tile, fit: 'contain' }, 4)).toEqual({ x: 100, y: 175, width: 800, height: 200 });
  });
});
