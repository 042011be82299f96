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
  for (const [rateHz, channels] of [[48_000, 1], [48_000, 2], [16_000, 1], [8000, 1], [4000, 1], [44_100, 2], [32_000, 2], [96_000, 1]] as const)
    it(`makes 480 frames of 10 ms at ${rateHz} Hz with ${channels} channel(s), with no click at block ends`, () => {
      const { left, perBlock } = resampleTone(rateHz, channels, 440, 50);
      expect(new Set(perBlock)).toEqual(new Set([480]));
      let step = 0;
      for (let i = 200; i < left.length; i++) step = Math.max(step, Math.abs((left[i] as number) - (left[i - 1] as number)));
      expect(step).toBeLessThan(2 * Math.PI * 440 * (10_000 / 48_000) * 1.1);
      expect(toneLevelDb(left.subarray(480).map((v) => v / 32_768), 48_000, 440)).toBeCloseTo(20 * Math.log10(10_000 / 32_768), 0);
    });

  for (const [rateHz, hz] of [[8000, 2500], [8000, 3200], [16_000, 7000], [32_000, 14_000], [44_100, 19_000]] as const)
    it(`a tone of ${hz} Hz at ${rateHz} Hz keeps its level and has no image at ${rateHz - hz} Hz`, () => {
      const left = resampleTone(rateHz, 1, hz, 50).left.subarray(480).map((v) => v / 32_768);
      const level = toneLevelDb(left, 48_000, hz);
      expect(level).toBeGreaterThan(20 * Math.log10(10_000 / 32_768) - 3);
      expect(level - toneLevelDb(left, 48_000, rateHz - hz)).toBeGreaterThan(45);
    });

  it('what 48 kHz cannot hold is left out instead of mirrored', () => {
    const left = resampleTone(96_000, 1, 30_000, 50).left.subarray(480).map((v) => v / 32_768);
    expect(toneLevelDb(left, 48_000, 18_000)).toBeLessThan(-55);
  });

  it('changes its rate, and goes between mono and stereo, without noise', () => {
    const resampler = new StereoResampler();
    const out = new Float32Array(8192);
    for (const [rateHz, channels] of [[16_000, 1], [48_000, 2], [16_000, 2], [16_000, 1], [8000, 2]] as const)
      for (let block = 0; block < 3; block++) {
        const made = resampler.process(new Int16Array((rateHz / 100) * channels).fill(1000), rateHz, channels, out);
        expect(made).toBe(480);
        for (let i = 0; i < 2 * made; i++) expect(Math.abs(out[i] as number)).toBeLessThan(1200);
        if (block === 2) expect([out[2 * made - 2], out[2 * made - 1]].map((v) => Math.round(v as number))).toEqual([1000, 1000]);
      }
  });
});

describe('dbfs', () => {
  it('is −3 for a full-scale sine and has a floor', () => {
    expect(dbfs((32_768 * 32_768) / 2)).toBeCloseTo(-3.01, 1);
    expect(dbfs(0)).toBe(-100);
  });
});
