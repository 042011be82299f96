import { describe, expect, it } from 'vitest';
import { RenditionChooser, type ViewerReport } from './rendition-chooser.ts';

/** Reports once a second from `fromS` to `toS`; returns the choices. */
function feed(chooser: RenditionChooser, fromS: number, toS: number, report: Omit<ViewerReport, 'nowMs'>): string[] {
  const out: string[] = [];
  for (let s = fromS; s <= toS; s++) out.push(chooser.report({ nowMs: s * 1000, ...report }));
  return out;
}
const clean = { fractionLost: 0, roundTripMs: 20 };

describe('RenditionChooser', () => {
  it('begins in the middle and goes up after a quiet time', () => {
    const chooser = new RenditionChooser(0);

    expect(feed(chooser, 1, 5, clean)).toEqual(new Array(5).fill('mid'));
    expect(feed(chooser, 6, 6, clean)).toEqual(['high']);
  });

  it('goes down on lasting loss, not on one bad report', () => {
    const chooser = new RenditionChooser(0);
    feed(chooser, 1, 10, clean);

    expect(chooser.report({ nowMs: 11_000, fractionLost: 0.3 })).toBe('high');
    expect(feed(chooser, 12, 14, clean)).toEqual(['high', 'high', 'high']);
    expect(feed(chooser, 15, 17, { fractionLost: 0.2 }).at(-1)).toBe('mid');
  });

  it('waits longer after each attempt that failed', () => {
    const chooser = new RenditionChooser(0);
    feed(chooser, 1, 6, clean);
    feed(chooser, 7, 9, { fractionLost: 0.2 });

    expect(new Set(feed(chooser, 10, 19, clean))).toEqual(new Set(['mid']));
    expect(feed(chooser, 20, 21, clean).at(-1)).toBe('high');
  });

  it('goes down when the estimate is below what is sent, and takes no notice of it for a still picture', () => {
    const moving = new RenditionChooser(0);
    feed(moving, 1, 6, clean);
    const still = new RenditionChooser(0);
    feed(still, 1, 6, clean);

    expect(feed(moving, 10, 14, { rembBps: 900_000, sentBps: 2_000_000 }).at(-1)).toBe('mid');
    expect(feed(still, 10, 14, { rembBps: 14_000, sentBps: 20_000 }).at(-1)).toBe('high');
  });
});
