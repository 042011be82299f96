import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioQueue } from './audio-queue.ts';

const START_NS = 1e15;
const BLOCK_NS = 1e7;
const LATE_NS = 2e7;
/** The sound tells its own time: 1 per 0.1 ms, so that every sample read shows when it was recorded. */
const PER_MS = 10;

/** The 10 ms recorded from `fromMs` on. */
function clockSound(fromMs: number, rateHz: number, channels: number): Int16Array {
  return Int16Array.from({ length: (rateHz / 100) * channels }, (_, i) => Math.round((fromMs + (Math.floor(i / channels) * 1000) / rateHz) * PER_MS));
}

/** Largest difference between the time a sample was recorded and the time it is read for, in ms, over a stretch; NaN where there is none. */
function offMs(queue: AudioQueue, fromMs: number, blocks: number, recordedAheadMs = 0): number {
  const out = new Float32Array(960);
  let worst = 0;
  queue.read(START_NS + (fromMs - 10) * 1e6, 480, out); // fades in
  for (let k = 0; k < blocks; k++) {
    if (!queue.read(START_NS + (fromMs + 10 * k) * 1e6, 480, out)) return Number.NaN;
    for (let i = 0; i < 960; i++) worst = Math.max(worst, Math.abs((out[i] as number) / PER_MS - (fromMs + 10 * k + (i >> 1) / 48 - recordedAheadMs)));
  }
  return worst;
}

const format = fc.record({ rateHz: fc.constantFrom(8000, 16_000, 32_000, 44_100, 48_000), channels: fc.constantFrom(1, 2) });

describe('AudioQueue', () => {
  it('puts every sample where it belongs, whatever the rate, the channels and the lateness of blocks within 20 ms', () => {
    fc.assert(
      fc.property(fc.array(format, { minLength: 1, maxLength: 6 }), fc.array(fc.integer({ min: 0, max: 18 }), { minLength: 1, maxLength: 40 }), (formats, lateness) => {
        const queue = new AudioQueue(LATE_NS);
        let arrivalMs = 0;
        for (let k = 0; k < 200; k++) {
          const { rateHz, channels } = formats[Math.floor((k / 200) * formats.length)] as { rateHz: number; channels: number };
          const late = k < 4 ? 0 : (lateness[k % lateness.length] as number);
          arrivalMs = Math.max(arrivalMs, 10 * k + late); // never out of order
          queue.push(clockSound(10 * k, rateHz, channels), rateHz, channels, START_NS + arrivalMs * 1e6);
        }
        // the sound's ramp has a bend at each change, which the low-pass rounds off
        expect(offMs(queue, 1100, 80)).toBeLessThan(0.2);
        expect(queue.reanchored).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('a burst after a stall lands where it belongs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 90 }), fc.integer({ min: 3, max: 70 }), (at, stalled) => {
        const queue = new AudioQueue(LATE_NS);
        for (let k = 0; k < at + stalled + 20; k++) {
          const arrivalMs = k >= at && k < at + stalled ? 10 * (at + stalled) : 10 * k;
          queue.push(clockSound(10 * k, 48_000, 1), 48_000, 1, START_NS + arrivalMs * 1e6);
        }
        const from = Math.max(10 * at, 10 * (at + stalled + 20) - 950);
        expect(offMs(queue, from, Math.floor((10 * (at + stalled + 20) - from) / 10) - 1)).toBeLessThan(0.2);
        expect(queue.reanchored).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  for (const gapMs of [150, 3000, 60_000])
    it(`is heard again 60 ms after a gap of ${gapMs} ms, in its new place`, () => {
      const queue = new AudioQueue(LATE_NS);
      for (let k = 0; k < 100; k++) queue.push(clockSound(10 * k, 48_000, 1), 48_000, 1, START_NS + 10 * k * 1e6);
      for (let k = 100; k < 150; k++) queue.push(clockSound(10 * k, 48_000, 1), 48_000, 1, START_NS + (10 * k + gapMs) * 1e6);
      expect(offMs(queue, 1060 + gapMs, 40, gapMs)).toBeLessThan(0.2);
      expect(queue.reanchored).toBe(1);
    });

  it('lost blocks move nothing that comes later by more than the anchor may be off', () => {
    const queue = new AudioQueue(LATE_NS);
    // the sink fills up what is lost on the way; should blocks be missing all the same, lasting lateness sets the anchor again
    for (let k = 0; k < 300; k++) if (k < 100 || k >= 105) queue.push(clockSound(10 * k, 48_000, 1), 48_000, 1, START_NS + 10 * k * 1e6);
    expect(offMs(queue, 2100, 60)).toBeLessThan(0.2);
  });

  it('says whether left and right are equal', () => {
    const queue = new AudioQueue(LATE_NS);
    queue.push(clockSound(0, 48_000, 2), 48_000, 2, START_NS);
    expect(queue.mono).toBe(false);
    queue.push(clockSound(10, 16_000, 1), 16_000, 1, START_NS + BLOCK_NS);
    expect(queue.mono).toBe(true);
  });
});
