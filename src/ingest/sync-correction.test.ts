import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SOUND_LAG_MS, SyncCorrection } from './sync-correction.ts';

const settled = (sync: SyncCorrection): number => {
  let delay = 0;
  for (let i = 0; i < 200; i++) delay = sync.nextPictureDelayMs();
  return delay;
};

describe('SyncCorrection', () => {
  it('leaves everything as it is before anything was measured', () => {
    const sync = new SyncCorrection();
    sync.measured(5);
    expect([sync.lagMs, sync.soundDelayMs, sync.nextPictureDelayMs()]).toEqual([undefined, 0, 0]);
  });

  it('lets sound wait that is early, and pictures when the sound is late', () => {
    const early = new SyncCorrection();
    for (let i = 0; i < 3; i++) early.measured(-3);
    expect([early.soundDelayMs, settled(early)]).toEqual([10, 0]);
    const late = new SyncCorrection();
    for (let i = 0; i < 3; i++) late.measured(57);
    expect([late.soundDelayMs, settled(late)]).toEqual([0, 50]);
  });

  it('ignores a single measurement that is off, and what cannot be', () => {
    const sync = new SyncCorrection();
    for (const ms of [5, 5, 300, 5, 5, 100_000, Number.NaN]) sync.measured(ms);
    expect(sync.lagMs).toBe(38);
  });

  it('together they always make up for the lag, within their bounds; stamps of pictures 33 ms apart never go back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -200, max: 700 }), { minLength: 2, maxLength: 30 }), (measurements) => {
        const sync = new SyncCorrection();
        let before = 0;
        for (const ms of measurements) {
          sync.measured(ms);
          const delay = sync.nextPictureDelayMs();
          expect(Math.abs(delay - before)).toBeLessThanOrEqual(6.001);
          before = delay;
        }
        const made = settled(sync) - sync.soundDelayMs;
        if (sync.lagMs !== undefined) expect(made).toBeCloseTo(Math.min(100, Math.max(-200, sync.lagMs - SOUND_LAG_MS)), 5);
      }),
    );
  });
});
