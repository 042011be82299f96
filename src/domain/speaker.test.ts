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
});
