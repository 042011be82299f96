import { describe, expect, it } from 'vitest';
import { ConnectionQuality, countsOf, figuresOf, saysToSave, type ConnectionFigures } from './connection-quality.ts';

const GOOD: ConnectionFigures = { lossShare: 0.01, availableBps: 2_000_000 };
const LOSSY: ConnectionFigures = { lossShare: 0.08, availableBps: 2_000_000 };

/** The second in which it is called poor, from 1; 0: never. */
function poorAt(figures: ConnectionFigures[]): number {
  const quality = new ConnectionQuality();
  return figures.findIndex((f) => quality.push(f)) + 1;
}
const times = (n: number, f: ConnectionFigures): ConnectionFigures[] => Array.from({ length: n }, () => f);

describe('a connection', () => {
  it('is poor when over 5 % is lost for some seconds, or less than 300 kbit/s is there', () => {
    expect(poorAt([...times(20, GOOD), ...times(10, LOSSY)])).toBe(25);
    expect(poorAt([...times(20, GOOD), ...times(10, { lossShare: 0, availableBps: 250_000 })])).toBe(25);
  });

  it('is not poor for a burst of loss, nor while the browser finds out what is there', () => {
    expect(poorAt([...times(20, GOOD), ...times(3, LOSSY), ...times(20, GOOD)])).toBe(0);
    expect(poorAt([...times(6, { lossShare: 0, availableBps: 200_000 }), ...times(20, GOOD)])).toBe(0);
    expect(poorAt(times(30, { lossShare: 0, availableBps: undefined }))).toBe(0);
  });

  it('is told by the browser before', () => {
    expect([undefined, {}, { effectiveType: '4g' }, { effectiveType: '3g' }, { effectiveType: '4g', saveData: true }].map(saysToSave)).toEqual([false, false, false, true, true]);
  });
});

describe('figures of two looks', () => {
  it('take the worse way, and survive a new connection', () => {
    const report = (...entries: object[]) => new Map(entries.map((entry, i) => [String(i), entry]));
    const before = countsOf([report({ type: 'inbound-rtp', packetsLost: 2, packetsReceived: 100 })]);
    const up = report({ type: 'remote-inbound-rtp', fractionLost: 0.02 }, { type: 'candidate-pair', nominated: true, availableOutgoingBitrate: 400_000 });

    expect(figuresOf(before, countsOf([report({ type: 'inbound-rtp', packetsLost: 12, packetsReceived: 190 }), up]))).toEqual({ lossShare: 0.1, availableBps: 400_000 });
    expect(figuresOf(before, countsOf([report({ type: 'inbound-rtp', packetsLost: 0, packetsReceived: 50 }), up]))).toEqual({ lossShare: 0.02, availableBps: 400_000 });
  });
});
