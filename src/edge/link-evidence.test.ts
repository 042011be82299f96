import { describe, expect, it } from 'vitest';
import { LinkEvidence } from './link-evidence.ts';

describe('LinkEvidence', () => {
  it('tells loss over a time, by reports or by what was asked for again, once enough packets were expected', () => {
    const evidence = new LinkEvidence();
    evidence.lost(1000, 5, 10);
    const few = evidence.lossSince(0, 20);
    evidence.lost(2000, 0, 40);
    evidence.nacked(2100, 15, 50);

    expect(few).toBe(0);
    expect(evidence.lossSince(0, 20)).toBeCloseTo(0.3);
    expect(evidence.lossSince(2200, 20)).toBe(0);
  });

  it('takes two long round trips for a queue, not one, and none where it empties', () => {
    const evidence = new LinkEvidence();
    evidence.roundTrip(0, 40);
    evidence.roundTrip(1000, 440);
    const once = evidence.queueSince(0);
    evidence.roundTrip(1200, 540);
    const twice = evidence.queueSince(0);
    evidence.roundTrip(1400, 300);

    expect([once, twice, evidence.queueSince(0)]).toEqual([0, 400, 0]);
    expect(evidence.lastQueueMs).toBe(260);
  });

  it('forgets the shortest round trip after a while, as routes change', () => {
    const evidence = new LinkEvidence();
    evidence.roundTrip(0, 20);
    for (let s = 1; s <= 90; s++) evidence.roundTrip(1000 * s, 200);

    expect(evidence.baseRoundTripMs).toBe(200);
  });

  it('heeds an estimate when it falls, whatever its height', () => {
    const evidence = new LinkEvidence();
    evidence.estimate(0, 50_000);
    evidence.estimate(1000, 49_000);
    const steady = evidence.throughputAtFallSince(0);
    evidence.estimate(2000, 34_000);

    expect(steady).toBeUndefined();
    expect(evidence.throughputAtFallSince(1500)).toBeCloseTo(40_000);
    expect(evidence.throughputAtFallSince(2500)).toBeUndefined();
  });

  it('keeps no more than a few seconds of reports', () => {
    const evidence = new LinkEvidence();
    for (let ms = 0; ms < 60_000; ms += 10) evidence.lost(ms, 1, 2);

    expect(evidence.lossSince(0)).toBe(0.5);
    expect(evidence.lossSince(59_000, 1000)).toBe(0);
  });
});
