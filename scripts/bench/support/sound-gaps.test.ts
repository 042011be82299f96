import { describe, expect, it } from 'vitest';
import { levelOf, soundReport } from './sound-gaps.ts';
import { Voice } from './voice.ts';

describe('gaps in a sound', () => {
  it('are found with their length; only those over 100 ms count against it', () => {
    const levels = [...Array(500).fill(0.4), ...Array(15).fill(0.01), ...Array(400).fill(0.4), ...Array(5).fill(0), ...Array(80).fill(0.3)] as number[];
    expect(soundReport(levels)).toEqual({ seconds: 10, wholeShare: 0.985, gapsOver100Ms: 1, longestGapMs: 150, missingShare: 0.02 });
  });

  it('are all there is in silence', () => {
    expect(soundReport(Array<number>(100).fill(0))).toMatchObject({ wholeShare: 0, missingShare: 1 });
  });

  it('are none in a voice, block by block', () => {
    const voice = new Voice(120);
    const levels = Array.from({ length: 2000 }, () => levelOf(voice.make(480)));
    expect(soundReport(levels)).toMatchObject({ wholeShare: 1, missingShare: 0, longestGapMs: 0 });
  });
});
