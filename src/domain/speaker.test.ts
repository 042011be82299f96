import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParticipantId } from './ids.ts';
import { nextSpeaker, noSpeaker, type SpeakerState } from './speaker.ts';

const ann = 'ann' as ParticipantId;
const bob = 'bob' as ParticipantId;
const STEP_MS = 100;

/** Lets time pass with fixed levels; returns the state and when the speaker last changed. */
function listen(state: SpeakerState, forMs: number, levels: Record<string, number>): { state: SpeakerState; changedAfterMs?: number } {
  let changedAfterMs: number | undefined;
  const map = new Map(Object.entries(levels) as [ParticipantId, number][]);
  for (let passed = STEP_MS; passed <= forMs; passed += STEP_MS) {
    const next = nextSpeaker(state, map, state.lastMs + STEP_MS);
    if (next.speaker !== state.speaker) changedAfterMs = passed;
    state = next;
  }
  return { state, changedAfterMs };
}

describe('nextSpeaker', () => {
  it('takes the first who speaks within a second', () => {
    const { state, changedAfterMs } = listen(noSpeaker(0), 1000, { ann: -25, bob: -70 });
    expect(state.speaker).toBe(ann);
    expect(changedAfterMs).toBeLessThanOrEqual(800);
  });

  it('changes after a challenger has dominated for 1.5 s, not before', () => {
    const onStage = listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state;
    const { state, changedAfterMs } = listen(onStage, 6000, { ann: -70, bob: -25 });
    expect(state.speaker).toBe(bob);
    expect(changedAfterMs).toBeGreaterThanOrEqual(1500);
    expect(changedAfterMs).toBeLessThanOrEqual(3000);
  });

  it('ignores a cough, and coughs that come again', () => {
    let state = listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state;
    for (let i = 0; i < 5; i++) {
      state = listen(state, 300, { ann: -70, bob: -10 }).state;
      state = listen(state, 1500, { ann: -25, bob: -70 }).state;
      expect(state.speaker).toBe(ann);
    }
  });

  it('ignores a shout of 1.4 s while the speaker pauses', () => {
    let state = listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state;
    state = listen(state, 1400, { ann: -70, bob: -10 }).state;
    state = listen(state, 3000, { ann: -70, bob: -70 }).state;
    expect(state.speaker).toBe(ann);
  });

  it('keeps the speaker in silence and when both are equally loud', () => {
    let state = listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state;
    state = listen(state, 10_000, { ann: -80, bob: -80 }).state;
    expect(state.speaker).toBe(ann);
    state = listen(state, 10_000, { ann: -25, bob: -25 }).state;
    expect(state.speaker).toBe(ann);
  });

  it('forgets a speaker who left and takes the next who speaks', () => {
    const onStage = listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state;
    const { state } = listen(onStage, 1000, { bob: -30 });
    expect(state.speaker).toBe(bob);
  });

  /** What the meter shows of a sound: it falls by 10 dB in about 100 ms. */
  function metered(sounds: readonly boolean[], loudDbfs: number): number[] {
    let level = -80;
    return sounds.map((sound) => (level = sound ? loudDbfs : Math.max(-80, level - 10)));
  }
  function hear(state: SpeakerState, bobs: readonly number[], anns: (i: number) => number): { state: SpeakerState; changes: number; changedAfterMs?: number } {
    let changes = 0;
    let changedAfterMs: number | undefined;
    for (const [i, bobLevel] of bobs.entries()) {
      const next = nextSpeaker(state, new Map([[ann, anns(i)], [bob, bobLevel]]), state.lastMs + STEP_MS);
      if (next.speaker !== state.speaker) {
        changes++;
        changedAfterMs ??= (i + 1) * STEP_MS;
      }
      state = next;
    }
    return { state, changes, changedAfterMs };
  }
  const pattern = (on: number, off: number, times: number): boolean[] => Array.from({ length: times }, () => [...Array<boolean>(on).fill(true), ...Array<boolean>(off).fill(false)]).flat();

  it('ignores a fit of coughing of 1.4 s in a long silence, although the meter falls slowly', () => {
    const onStage = listen(listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state, 10_000, { ann: -80, bob: -80 }).state;
    expect(hear(onStage, metered([...pattern(14, 0, 1), ...pattern(0, 30, 1)], -8), () => -80).changes).toBe(0);
  });

  it('ignores somebody who coughs every second and a half while nobody speaks', () => {
    const onStage = listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state;
    expect(hear(onStage, metered(pattern(3, 12, 20), -8), () => -80).changes).toBe(0);
  });

  it('ignores a single cough while nobody is on stage', () => {
    expect(hear(noSpeaker(0), metered([...pattern(4, 0, 1), ...pattern(0, 20, 1)], -20), () => -80).changes).toBe(0);
  });

  it('takes speech with its pauses for speech', () => {
    const onStage = listen(noSpeaker(0), 3000, { ann: -25, bob: -70 }).state;
    const heard = hear(onStage, pattern(5, 2, 12).map((on) => (on ? -25 : -60)), () => -70);
    expect(heard.state.speaker).toBe(bob);
    expect(heard.changedAfterMs).toBeLessThanOrEqual(4500);
  });

  it('never changes before 1.5 s of the new one’s voice, whatever is heard', () => {
    const level = fc.oneof(fc.integer({ min: -80, max: 0 }), fc.constantFrom(-80, -25, -10));
    const spell = fc.record({ steps: fc.integer({ min: 1, max: 30 }), levels: fc.tuple(level, level, level) });
    fc.assert(
      fc.property(fc.array(spell, { maxLength: 30 }), (spells) => {
        const people = ['ann', 'bob', 'cat'] as ParticipantId[];
        let state = listen(noSpeaker(0), 2000, { ann: -25, bob: -80, cat: -80 }).state;
        let lastChangeMs = state.lastMs;
        const voiceMs = new Map<ParticipantId, number>();
        for (const { steps, levels } of spells)
          for (let i = 0; i < steps; i++) {
            const map = new Map(people.map((p, n) => [p, levels[n] as number]));
            for (const [p, l] of map) if (l >= -45) voiceMs.set(p, (voiceMs.get(p) ?? 0) + STEP_MS);
            const next = nextSpeaker(state, map, state.lastMs + STEP_MS);
            if (next.speaker !== state.speaker) {
              expect(voiceMs.get(next.speaker as ParticipantId) ?? 0).toBeGreaterThanOrEqual(1500);
              expect(next.lastMs - lastChangeMs).toBeGreaterThanOrEqual(1500);
              lastChangeMs = next.lastMs;
              voiceMs.clear();
            }
            state = next;
          }
      }),
      { numRuns: 300 },
    );
  });
});
