import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CALM_NEEDED_MOST_MS,
  CALM_NEEDED_MS,
  DEGRADE_STEPS,
  describe as inWords,
  effects,
  nextDegrade,
  startDegrade,
  type DegradeLadder,
  type DegradeStep,
  type LoadFigures,
} from './degrade-ladder.ts';

const STEP_MS = 250;
const calm: LoadFigures = { latenessMs: 55, cpuShare: 0.5, skippedFrames: 0 };
const late: LoadFigures = { latenessMs: 240, cpuShare: 0.9, skippedFrames: 0 };
const veryLate: LoadFigures = { latenessMs: 700, cpuShare: 1, skippedFrames: 0 };

interface Change {
  atMs: number;
  from: DegradeStep;
  to: DegradeStep;
}

/** Lets time pass with these figures. */
function run(state: DegradeLadder, forMs: number, figures: LoadFigures | ((state: DegradeLadder) => LoadFigures)): { state: DegradeLadder; changes: Change[] } {
  const changes: Change[] = [];
  for (let passed = STEP_MS; passed <= forMs; passed += STEP_MS) {
    const next = nextDegrade(state, typeof figures === 'function' ? figures(state) : figures, state.lastMs + STEP_MS);
    if (next.step !== state.step) changes.push({ atMs: next.lastMs, from: state.step, to: next.step });
    state = next;
  }
  return { state, changes };
}
const place = (step: DegradeStep): number => DEGRADE_STEPS.indexOf(step);

describe('nextDegrade', () => {
  it('stays with everything while the mix is on time', () => {
    expect(run(startDegrade(0), 60_000, calm).changes).toEqual([]);
  });

  it('takes a step after a second of overload, and at most one per second', () => {
    const { changes } = run(startDegrade(0), 10_000, late);
    expect(changes.map((c) => c.to)).toEqual(['overlays', 'frameRate', 'renditions', 'uplink']);
    expect(changes[0]?.atMs).toBe(1000);
    for (const [i, change] of changes.entries()) if (i > 0) expect(change.atMs - (changes[i - 1] as Change).atMs).toBeGreaterThanOrEqual(1000);
  });

  it('takes two steps at once when very late', () => {
    const { changes } = run(startDegrade(0), 3000, veryLate);
    expect(changes.map((c) => c.to)).toEqual(['frameRate', 'uplink']);
    expect(changes[0]?.atMs).toBe(500);
    expect(changes[1]?.atMs).toBe(2500);
  });

  it('lets a single stall pass', () => {
    const state = run(startDegrade(0), 250, veryLate).state;
    expect(run(state, 10_000, calm).changes).toEqual([]);
  });

  it('takes skipped pictures for overload, also when they come only now and again', () => {
    let count = 0;
    const { changes } = run(startDegrade(0), 6000, () => ({ ...calm, skippedFrames: count++ % 2 }));
    expect(changes[0]?.to).toBe('overlays');
  });

  it('takes a busy machine for overload only when the output suffers', () => {
    expect(run(startDegrade(0), 30_000, { latenessMs: 60, cpuShare: 1, skippedFrames: 0 }).changes).toEqual([]);
    expect(run(startDegrade(0), 1000, { latenessMs: 90, cpuShare: 1, skippedFrames: 0 }).changes).toHaveLength(1);
  });

  it('lets go one step after ten seconds of calm each', () => {
    const loaded = run(startDegrade(0), 10_000, late).state;
    const { state, changes } = run(loaded, 60_000, calm);
    expect(state.step).toBe('none');
    expect(changes.map((c) => c.to)).toEqual(['renditions', 'frameRate', 'overlays', 'none']);
    expect(changes.map((c) => c.atMs - loaded.lastMs)).toEqual([10_000, 20_000, 30_000, 40_000]);
  });

  it('waits twice as long each time a step was let go too early, up to a bound', () => {
    // on time at half the frame rate only
    const heavy = (s: DegradeLadder): LoadFigures => (place(s.step) >= 2 ? calm : late);
    const { changes } = run(startDegrade(0), 1_800_000, heavy);
    const downs = changes.filter((c) => place(c.to) < place(c.from)).map((c) => c.atMs);
    const waits = downs.slice(1).map((at, i) => at - (downs[i] as number));
    expect(waits[0]).toBeGreaterThan(CALM_NEEDED_MS * 2 - 1);
    expect(waits[1]).toBeGreaterThan((waits[0] as number) * 1.5);
    expect(Math.max(...waits)).toBeLessThanOrEqual(CALM_NEEDED_MOST_MS + 5000);
    // half an hour of a machine that is a little too small: not twenty changes an hour
    expect(changes.length).toBeLessThan(40);
  });

  it('forgets the longer wait after minutes without overload', () => {
    const heavy = (s: DegradeLadder): LoadFigures => (place(s.step) >= 2 ? calm : late);
    const flapped = run(startDegrade(0), 120_000, heavy).state;
    expect(flapped.calmNeededMs).toBeGreaterThan(CALM_NEEDED_MS);
    expect(run(flapped, 600_000, calm).state).toMatchObject({ step: 'none', calmNeededMs: CALM_NEEDED_MS, reason: '' });
  });

  it('does not flap under noise around what is normal', () => {
    const noise = fc.array(fc.record({ late: fc.integer({ min: 40, max: 110 }), cpu: fc.double({ min: 0.3, max: 0.94, noNaN: true }) }), { minLength: 100, maxLength: 400 });
    fc.assert(
      fc.property(noise, (list) => {
        let i = 0;
        const figures = (): LoadFigures => {
          const n = list[i++ % list.length];
          return { latenessMs: n?.late ?? 55, cpuShare: n?.cpu ?? 0.5, skippedFrames: 0 };
        };
        expect(run(startDegrade(0), 100_000, figures).changes).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('changes by its rules only, whatever comes, and always recovers', () => {
    const figure = fc.record({
      latenessMs: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 40, max: 200 })),
      cpuShare: fc.double({ min: 0, max: 1, noNaN: true }),
      skippedFrames: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 })),
    });
    const spell = fc.record({ figure, steps: fc.integer({ min: 1, max: 120 }), stepMs: fc.integer({ min: 0, max: 1500 }) });
    fc.assert(
      fc.property(fc.array(spell, { maxLength: 30 }), fc.constantFrom(...DEGRADE_STEPS), (spells, first) => {
        let state = startDegrade(0, first);
        let lastUpMs = -Infinity;
        for (const { figure: figures, steps, stepMs } of spells)
          for (let i = 0; i < steps; i++) {
            const next = nextDegrade(state, figures, state.lastMs + stepMs);
            const by = place(next.step) - place(state.step);
            if (by > 0) {
              expect(by).toBeLessThanOrEqual(figures.latenessMs > 500 ? 2 : 1);
              expect(next.lastMs - lastUpMs).toBeGreaterThanOrEqual(1000);
              expect(next.reason).not.toBe('');
              lastUpMs = next.lastMs;
            }
            if (by < 0) {
              expect(by).toBe(-1);
              expect(next.lastMs - state.changedAtMs).toBeGreaterThanOrEqual(CALM_NEEDED_MS);
            }
            expect(next.calmNeededMs).toBeLessThanOrEqual(CALM_NEEDED_MOST_MS);
            state = next;
          }
        expect(run(state, 5 * CALM_NEEDED_MOST_MS, calm).state.step).toBe('none');
      }),
      { numRuns: 100 },
    );
  });

  it('says why in words', () => {
    expect(run(startDegrade(0), 1000, late).state.reason).toBe('output 240 ms late');
    expect(run(startDegrade(0), 1000, { latenessMs: 60, cpuShare: 0.99, skippedFrames: 3 }).state.reason).toBe('3 pictures left out, machine at 99 %');
  });

  it('goes on from the step of the mix before', () => {
    expect(run(startDegrade(0, 'frameRate'), 9750, calm).state.step).toBe('frameRate');
    expect(run(startDegrade(0, 'frameRate'), 10_000, calm).state.step).toBe('overlays');
  });
});

describe('effects', () => {
  it('only grow from step to step', () => {
    const weight = (step: DegradeStep): number[] => {
      const e = effects(step);
      return [e.animate ? 0 : 1, e.overlayRefreshMs, e.frameStep, e.midStep, e.uplinkRungsDown];
    };
    for (const [i, step] of DEGRADE_STEPS.entries()) {
      expect(inWords(step)).not.toBe('');
      const before = DEGRADE_STEPS[i - 1];
      if (!before) continue;
      const w = weight(before);
      expect(weight(step).every((v, n) => v >= (w[n] as number))).toBe(true);
      expect(weight(step)).not.toEqual(w);
    }
  });
});
