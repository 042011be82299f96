import { describe, expect, it } from 'vitest';
import { toneLevel, toneReport } from './tone-gaps.ts';

describe('gaps in a tone', () => {
  it('are found with their length; only those over 100 ms count against it', () => {
    const levels = [...Array(500).fill(0.4), ...Array(15).fill(0.01), ...Array(400).fill(0.4), ...Array(5).fill(0), ...Array(80).fill(0.3)] as number[];
    expect(toneReport(levels)).toEqual({ seconds: 10, wholeShare: 0.985, gapsOver100Ms: 1, longestGapMs: 150, missingShare: 0.02 });
  });

  it('are all there is in silence', () => {
    expect(toneReport(Array<number>(100).fill(0))).toMatchObject({ wholeShare: 0, missingShare: 1 });
  });

  it('are of one tone, not of another', () => {
    const sine = (hz: number) => Array.from({ length: 480 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / 48_000));
    expect(toneLevel(sine(700), 48_000, 700)).toBeCloseTo(0.5, 1);
    expect(toneLevel(sine(2100), 48_000, 700)).toBeLessThan(0.05);
  });
});
