import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SOUND_LAG_MS, SyncCorrection } from './sync-correction.ts';

const PICTURE_NS = 33_333_333n;
const MOST_MS = 300;

/** Pictures at 30 a second: how much later than its arrival the last one is to be shown, ms. */
function delayAfter(sync: SyncCorrection, pictures: number, fromNs = 1_000_000_000_000n, mostMs = MOST_MS): number {
  let delayMs = 0;
  for (let i = 0n; i < pictures; i++) delayMs = Number(sync.pictureStampNs(fromNs + i * PICTURE_NS, mostMs) - (fromNs + i * PICTURE_NS)) / 1e6;
  return delayMs;
}
const after = (...measurements: number[]): SyncCorrection => {
  const sync = new SyncCorrection();
  for (const ms of measurements) sync.measured(ms);
  return sync;
};

describe('SyncCorrection', () => {
  it('leaves everything as it is before anything was measured twice', () => {
    const sync = after(5);
    expect([sync.lagMs, sync.soundDelayMs, delayAfter(sync, 100)]).toEqual([undefined, 0, 0]);
  });

  it('lets sound wait that is early, and pictures when the sound is late', () => {
    const early = after(-3, -3, -3);
    expect([early.soundDelayMs, delayAfter(early, 200)]).toEqual([10, 0]);
    const late = after(57, 57, 57);
    expect([late.soundDelayMs, delayAfter(late, 200)]).toEqual([0, 50]);
  });

  it('ignores a single measurement that is off, and what cannot be', () => {
    expect(after(5, 5, 300, 5, 5, 100_000, Number.NaN).lagMs).toBe(38);
    expect(after(5, 5, -300, 5).lagMs).toBe(38);
  });

  it('follows at once what goes on the same way, but not an outlier on the way', () => {
    expect(after(5, 5, 50, 90).lagMs).toBe(123);
    expect(after(5, 5, -40, -80).lagMs).toBe(-47);
    expect(after(5, 5, 50, 400).lagMs).toBe(38 + 90);
    expect(after(5, 5, 15, 300).lagMs).toBe(48); // 10 ms may be noise
  });

  it('catches up within a second with sound of a busy machine that is 300 ms late', () => {
    const sync = after(10, 60, 120, 200, 260); // one second of measurements
    expect(sync.lagMs).toBe(293);
    expect(delayAfter(sync, 30)).toBeCloseTo(253, 5);
  });

  it('takes guesses only when they are far from good order and the buffers have settled', () => {
    const near = new SyncCorrection();
    for (const ms of [300, 250, 200, 150, 100, 40, -40, 50, 30]) near.guessed(ms);
    expect(near.lagMs).toBeUndefined();
    const far = new SyncCorrection();
    for (const ms of [0, 0, 0, 0, 0, 280, 290]) far.guessed(ms);
    expect(far.lagMs).toBe(323);
    far.guessed(20); // back in order: believed when it is said twice
    far.guessed(20);
    expect(far.lagMs).toBe(53);
  });

  it('asks for soon measurements until ten seconds of them were calm, and again when it moves', () => {
    const sync = new SyncCorrection();
    for (let i = 0; i < 42; i++) {
      expect(sync.measureEveryMs).toBe(250);
      sync.measured(5 + (i % 2) * 10);
    }
    expect(sync.measureEveryMs).toBe(1000);
    sync.measured(60);
    expect(sync.measureEveryMs).toBe(250);
  });

  it('asks for few measurements while they hardly differ and pictures come in a row, for more after a stall or a step', () => {
    const sync = new SyncCorrection();
    for (let i = 0; i < 60; i++) sync.measured(5 + (i % 3));
    delayAfter(sync, 30);
    sync.measured(5);
    for (let i = 0; i < 10; i++) sync.measured(5);
    expect(sync.measureEveryMs).toBe(4000);
    sync.measured(18); // NetEq gave up a delay
    expect(sync.measureEveryMs).toBe(1000);
    for (let i = 0; i < 12; i++) sync.measured(18);
    expect(sync.measureEveryMs).toBe(4000);
    delayAfter(sync, 1, 1_001_300_000_000n); // no picture for 300 ms
    expect(sync.measureEveryMs).toBe(1000);
    for (let i = 0; i < 40; i++) {
      expect(sync.measureEveryMs).toBe(1000);
      sync.measured(18 + (i % 4 === 0 ? 7 : -3)); // the jitter of a bad line
    }
  });

  it('waits no longer than the ring has room for, and comes back when the next ring has less', () => {
    const sync = after(500, 500);
    expect(delayAfter(sync, 100)).toBe(300);
    expect(delayAfter(sync, 100, 2_000_000_000_000n, 100)).toBe(100);
  });

  it('stamps go up, also of pictures that come at once after a stall, while the delay is taken back', () => {
    const sync = after(280, 280);
    delayAfter(sync, 60);
    sync.measured(0);
    sync.measured(0);
    const at = 3_000_000_000_000n;
    const stamps = Array.from({ length: 6 }, () => sync.pictureStampNs(at, MOST_MS));
    for (let i = 1; i < stamps.length; i++) expect((stamps[i] ?? 0n) > (stamps[i - 1] ?? 0n)).toBe(true);
  });

  it('together they always make up for the lag, within their bounds; stamps of pictures 33 ms apart never go back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -200, max: 700 }), { minLength: 2, maxLength: 30 }), (measurements) => {
        const sync = new SyncCorrection();
        let atNs = 1_000_000_000_000n;
        let before = 0;
        for (const ms of measurements) {
          sync.measured(ms);
          atNs += PICTURE_NS;
          const delay = Number(sync.pictureStampNs(atNs, MOST_MS) - atNs) / 1e6;
          expect(Math.abs(delay - before)).toBeLessThanOrEqual(12.001);
          before = delay;
        }
        const made = delayAfter(sync, 200, atNs + PICTURE_NS) - sync.soundDelayMs;
        if (sync.lagMs !== undefined) expect(made).toBeCloseTo(Math.min(MOST_MS, Math.max(-200, sync.lagMs - SOUND_LAG_MS)), 5);
      }),
    );
  });
});
