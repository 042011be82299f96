import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toneLevelDb } from '../../test/support/tones.ts';
import { LIMIT, Limiter, LIMITER_DELAY_FRAMES } from './limiter.ts';

const FRAMES = 480;

/** A mono signal through the limiter, block by block. */
function through(limiter: Limiter, signal: (frame: number) => number, blocks: number): Int16Array {
  const all = new Int16Array(blocks * FRAMES);
  const out = new Int16Array(FRAMES);
  for (let k = 0; k < blocks; k++) {
    limiter.process(Float32Array.from({ length: FRAMES }, (_, i) => signal(k * FRAMES + i)), out);
    all.set(out, k * FRAMES);
  }
  return all;
}

const sine = (hz: number, amplitude: number) => (frame: number): number => amplitude * Math.sin((2 * Math.PI * hz * frame) / 48_000);
const largest = (samples: Int16Array): number => samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe('Limiter', () => {
  it('passes what is not too loud through as it is, 5 ms late', () => {
    const tone = sine(440, LIMIT - 1);
    const out = through(new Limiter(1, FRAMES), tone, 20);
    for (let i = LIMITER_DELAY_FRAMES; i < out.length; i++) expect(Math.abs((out[i] as number) - tone(i - LIMITER_DELAY_FRAMES))).toBeLessThan(0.501);
  });

  it('never lets a sample over −1 dBFS pass, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -900_000, max: 900_000, noNaN: true }), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 700 }), (levels, every) => {
        const out = through(new Limiter(1, FRAMES), (i) => (i % every === 0 ? (levels[Math.floor(i / every) % levels.length] as number) : 1000), 6);
        expect(largest(out)).toBeLessThanOrEqual(Math.ceil(LIMIT));
      }),
      { numRuns: 60 },
    );
  });

  it('limits both channels by the same gain', () => {
    const limiter = new Limiter(2, FRAMES);
    const sum = Float32Array.from({ length: FRAMES * 2 }, (_, i) => (i % 2 === 0 ? 60_000 : 6000));
    const out = new Int16Array(FRAMES * 2);
    for (let k = 0; k < 5; k++) limiter.process(sum, out);
    expect(out[FRAMES]).toBeCloseTo(LIMIT, -1);
    expect((out[FRAMES] as number) / (out[FRAMES + 1] as number)).toBeCloseTo(10, 2);
  });

  it('keeps a tone pure that is held down: distortion below 0.5 % at 100 Hz and 1 kHz', () => {
    for (const hz of [100, 1000]) {
      const out = through(new Limiter(1, FRAMES), sine(hz, 150_000), 200);
      const tail = Float32Array.from(out.subarray(100 * FRAMES), (v) => v / 32_768);
      const tone = toneLevelDb(tail, 48_000, hz);
      expect(tone).toBeGreaterThan(-1.6);
      for (const harmonic of [2, 3, 4, 5]) expect(toneLevelDb(tail, 48_000, hz * harmonic) - tone).toBeLessThan(-46);
    }
  });

  it('moves without a click and comes back slowly', () => {
    const out = through(new Limiter(1, FRAMES), (i) => sine(200, i >= 9600 && i < 19_200 ? 90_000 : 9000)(i), 400);
    const before = out.subarray(4800, 9600);
    const after = out.subarray(out.length - 4800);
    let step = 0;
    for (let i = 1; i < out.length; i++) step = Math.max(step, Math.abs((out[i] as number) - (out[i - 1] as number)));
    expect(largest(after)).toBe(largest(before));
    expect(largest(out.subarray(19_200 + 480, 19_200 + 960))).toBeLessThan(0.6 * largest(before));
    // hardly steeper than a tone at the limit; the input is three times as steep
    expect(step).toBeLessThan(2 * Math.PI * 200 * (LIMIT / 48_000) * 1.25);
  });
});
