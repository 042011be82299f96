import { describe, expect, it } from 'vitest';
import { canScrub, clock, fractionOf, isAtEdge, skip, sliderKey, timeAt, timeLabel, timeWords, type TimeWindow } from './timeline.ts';

const live: TimeWindow = { startS: 100, endS: 700, positionS: 699, over: false };
const over: TimeWindow = { startS: 0, endS: 3725, positionS: 65, over: true };

describe('the scrubber', () => {
  it('maps places to times and back, also at and beyond its ends', () => {
    for (const fraction of [0, 0.25, 1]) expect(fractionOf(live, timeAt(live, fraction))).toBeCloseTo(fraction, 9);
    expect([timeAt(live, -1), timeAt(live, 2)]).toEqual([100, 700]);
    expect(fractionOf({ ...live, endS: 100 }, 5)).toBe(1);
  });

  it('knows the live edge', () => {
    expect(isAtEdge(live)).toBe(true);
    expect(isAtEdge({ ...live, positionS: 690 })).toBe(false);
    expect(isAtEdge({ ...over, positionS: 3725 })).toBe(false);
  });

  it('skips within the window, and into the live broadcast at its end', () => {
    expect(skip(live, -10)).toBe(689);
    expect(skip({ ...live, positionS: 102 }, -10)).toBe(100);
    expect(skip({ ...live, positionS: 693 }, 10)).toBe('live');
    expect(skip({ ...over, positionS: 3720 }, 10)).toBe(3725);
  });

  it('moves by the keys of a slider', () => {
    const at: TimeWindow = { ...live, positionS: 400 };
    expect(['ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown', 'Home', 'End', 'x'].map((key) => sliderKey(key, at))).toEqual([395, 405, 460, 340, 100, 'live', undefined]);
    expect(sliderKey('End', over)).toBe(3725);
  });

  it('says where one is', () => {
    expect([clock(0), clock(65.4), clock(3725)]).toEqual(['0:00', '1:05', '1:02:05']);
    expect([timeLabel(live), timeLabel(live, 640), timeLabel(over)]).toEqual(['Live', '−1:00', '1:05']);
    expect([timeWords(live), timeWords({ ...live, positionS: 100 }), timeWords(over)]).toEqual(['Live', '10:00 behind live', '1:05 of 1:02:05']);
  });

  it('is not shown for a few seconds of a live broadcast', () => {
    expect([canScrub(undefined), canScrub({ ...live, startS: 695 }), canScrub(live), canScrub(over)]).toEqual([false, false, true, true]);
  });
});
