import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anotherRegion, frameAfterKey, insideCanvas, MAX_REGIONS, SMALLEST, snapped, STARTERS, twins, type Frame } from './region-geometry.ts';

const anyFrame = fc.record({ x: fc.double({ min: -2, max: 2, noNaN: true }), y: fc.double({ min: -2, max: 2, noNaN: true }), width: fc.double({ min: -1, max: 3, noNaN: true }), height: fc.double({ min: -1, max: 3, noNaN: true }) });
const isInside = ({ x, y, width, height }: Frame): boolean => x >= 0 && y >= 0 && width >= SMALLEST && height >= SMALLEST && x + width <= 1.000001 && y + height <= 1.000001;

describe('boxes of a custom layout', () => {
  it('stay inside the canvas, whatever is done to them', () => {
    fc.assert(
      fc.property(anyFrame, fc.array(fc.tuple(fc.constantFrom('ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'), fc.boolean()), { maxLength: 150 }), (frame, keys) => {
        let at = insideCanvas(frame);
        for (const [key, shift] of keys) at = frameAfterKey(at, key, shift) ?? at;
        return isInside(at) && isInside(snapped(at, false)) && isInside(snapped(at, true));
      }),
      { numRuns: 300 },
    );
  });

  it('move with an arrow key and grow with Shift, where the upper left corner stays', () => {
    const frame = { x: 0.2, y: 0.2, width: 0.3, height: 0.3 };
    expect(frameAfterKey(frame, 'ArrowRight', false)).toEqual({ ...frame, x: 0.21 });
    expect(frameAfterKey(frame, 'ArrowDown', true)).toEqual({ ...frame, height: 0.31 });
    expect(frameAfterKey({ x: 0.7, y: 0, width: 0.3, height: 0.3 }, 'ArrowRight', true)).toEqual({ x: 0.7, y: 0, width: 0.3, height: 0.3 });
    expect(frameAfterKey(frame, 'Enter', false)).toBeUndefined();
  });

  it('snap to the edges and the middle when they are near', () => {
    expect(snapped({ x: 0.008, y: 0.3, width: 0.3, height: 0.195 }, false)).toEqual({ x: 0, y: 0.305, width: 0.3, height: 0.195 });
    expect(snapped({ x: 0.1, y: 0.1, width: 0.895, height: 0.2 }, true)).toEqual({ x: 0.1, y: 0.1, width: 0.9, height: 0.2 });
  });

  it('can begin with arrangements that are inside the canvas', () => {
    for (const { name, regions } of STARTERS) {
      for (const region of regions) expect(isInside(region), name).toBe(true);
      expect(twins(regions), name).toBeUndefined();
    }
  });

  it('can be added until there are as many as the API takes, each for another person and on top', () => {
    const regions = [...(STARTERS[0]?.regions ?? [])];
    while (regions.length < MAX_REGIONS) regions.push(anotherRegion(regions));
    expect(new Set(regions.map((r) => r.slot)).size).toBe(MAX_REGIONS);
    expect(regions.every(isInside)).toBe(true);
    expect(regions.at(-1)?.z).toBe(MAX_REGIONS - 2);
  });

  it('show each picture once', () => {
    const [first, second] = STARTERS[1]?.regions ?? [];
    if (!first || !second) throw new Error('no boxes');
    expect(twins([first, second, { ...first, x: 0.5 }])).toEqual([0, 2]);
    expect(twins([first, { ...first, source: 'screen' }])).toBeUndefined();
  });
});
