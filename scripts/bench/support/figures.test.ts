import { describe, expect, it } from 'vitest';
import { cadence } from './cadence.ts';
import { commonSlope, lineFit } from './line-fit.ts';
import type { Arrival } from './programme-probe.ts';

const FRAME_MS = 1000 / 30;
const arrivals = (frames: readonly number[], durationFrames = 1): Arrival[] =>
  frames.map((n) => ({ atMs: 50 + n * FRAME_MS + (n % 3), ptsMs: n * FRAME_MS, durationMs: durationFrames * FRAME_MS }));
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('cadence', () => {
  it('is 30 fps with nothing missing for an even run', () => {
    expect(cadence(arrivals(count(600)))).toMatchObject({ frames: 600, framesPerSecond: 30, missing: 0, repeated: 0, offGrid: 0, long: 0 });
  });

  it('counts places without a picture, and pictures that come twice', () => {
    expect(cadence(arrivals([0, 1, 2, 5, 6])).missing).toBe(2);
    expect(cadence(arrivals([0, 1, 2, 2, 3]))).toMatchObject({ missing: 0, repeated: 1 });
  });

  it('takes pictures of two places each for whole', () => {
    expect(cadence(arrivals(count(100).map((n) => 2 * n), 2))).toMatchObject({ framesPerSecond: 15, missing: 0, repeated: 0, long: 100 });
  });
});

describe('line fit', () => {
  it('finds slope and level, and how sure it is', () => {
    const fit = lineFit(count(1000).map((x) => ({ x, y: 3 + 0.01 * x + ((x * 7919) % 11) - 5 })));
    expect(fit.slope).toBeCloseTo(0.01, 3);
    expect(fit.slopeError).toBeGreaterThan(0);
    expect(fit.slopeError).toBeLessThan(0.001);
  });

  it('finds the slope that groups of different levels share', () => {
    const groups = [0, 100, -40].map((level) => count(50).map((x) => ({ x, y: level + 2 * x })));
    expect(commonSlope(groups)).toMatchObject({ points: 150 });
    expect(commonSlope(groups).slope).toBeCloseTo(2, 9);
  });
});
