import { describe, expect, it } from 'vitest';
import { toneLevelDb } from '../../test/support/tones.ts';
import { dbfs, StereoResampler } from './pcm.ts';

function resampleTone(rateHz: number, channels: number, hz: number, blocks: number): { left: Float32Array; perBlock: number[] } {
  const resampler = new StereoResampler();
  const out = new Float32Array(8192);
  const left: number[] = [];
  const perBlock: number[] = [];
  const frames = rateHz / 100;
  for (let b = 0; b < blocks; b++) {
    const input = new Int16Array(frames * channels);
    for (let i = 0; i < frames; i++) for (let c = 0; c < channels; c++) input[i * channels + c] = Math.round(10_000 * Math.sin((2 * Math.PI * hz * (b * frames + i)) / rateHz));
    const made = resampler.process(input, rateHz, channels, out);
    perBlock.push(made);
    for (let i = 0; i < made; i++) left.push(out[2 * i] as number);
  }
  return { left: Float32Array.from(left), perBlock };
}

describe('StereoResampler', () => {
  for (const [rateHz, channels] of [[48_000, 1], [48_000, 2], [16_000, 1], [8000, 1], [44_100, 2], [32_000, 2], [96_000, 1]] as const)
    it(`makes 480 frames of 10 ms at ${rateHz} Hz with ${channels} channel(s), with no click at block ends`, () => {
      const { left, perBlock } = resampleTone(rateHz, channels, 440, 50);
      expect(perBlock.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(480 * 50 - 1);
      expect(perBlock.reduce((a, b) => a + b)).toBeLessThanOrEqual(480 * 50 + 1);
      let step = 0;
      for (let i = 10; i < left.length; i++) step = Math.max(step, Math.abs((left[i] as number) - (left[i - 1] as number)));
      expect(step).toBeLessThan(2 * Math.PI * 440 * (10_000 / 48_000) * 1.1);
      expect(toneLevelDb(left.subarray(480).map((v) => v / 32_768), 48_000, 440)).toBeCloseTo(20 * Math.log10(10_000 / 32_768), 0);
    });
});

describe('dbfs', () => {
  it('is −3 for a full-scale sine and has a floor', () => {
    expect(dbfs((32_768 * 32_768) / 2)).toBeCloseTo(-3.01, 1);
    expect(dbfs(0)).toBe(-100);
  });
});
