import { describe, expect, it } from 'vitest';
import { decide, MOST_FAILURES, MOST_TROUBLE_MS, NO_TROUBLE, RETRY, type Trouble } from './attempt-policy.ts';

const broken = (liveMs: number) => ({ kind: 'broken', sentence: 'It broke.', liveMs }) as const;

describe('decide', () => {
  it('ends quietly when asked to and when the programme is over', () => {
    expect(decide({ kind: 'stopped' }, NO_TROUBLE, 0)).toEqual({ next: 'end', status: 'stopped' });
    expect(decide({ kind: 'programmeEnded' }, NO_TROUBLE, 0)).toEqual({ next: 'end', status: 'stopped' });
  });

  it('waits longer after each failure and gives up after a number of them', () => {
    let trouble: Trouble = NO_TROUBLE;
    const waits: number[] = [];
    for (let n = 1; n < MOST_FAILURES; n++) {
      const d = decide(broken(0), trouble, n, RETRY, () => 1);
      if (d.next !== 'wait') throw new Error('gave up too early');
      waits.push(d.delayMs);
      trouble = d.trouble;
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000, 20_000]);
    expect(decide(broken(0), trouble, 20)).toEqual({ next: 'end', status: 'failed', sentence: 'It broke.' });
  });

  it('gives up when the destination has not worked for minutes', () => {
    expect(decide(broken(5000), { failures: 3, sinceMs: 1000 }, 1000 + MOST_TROUBLE_MS)).toMatchObject({ next: 'end', status: 'failed' });
  });

  it('begins counting anew after a connection that held', () => {
    expect(decide(broken(60_000), { failures: 9, sinceMs: 0 }, 1e9)).toMatchObject({ next: 'wait', trouble: { failures: 1, sinceMs: 1e9 } });
  });

  it('does not blame the destination when there is no programme', () => {
    expect(decide({ kind: 'noProgramme' }, { failures: 9, sinceMs: 0 }, 1e9)).toMatchObject({ next: 'wait', trouble: { failures: 9, sinceMs: 0 } });
  });

  it('does not try again what can never work', () => {
    expect(decide({ kind: 'refused', sentence: 'No.' }, NO_TROUBLE, 0)).toEqual({ next: 'end', status: 'failed', sentence: 'No.' });
  });
});
