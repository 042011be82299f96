import { describe, expect, it } from 'vitest';
import type { FeedId, ParticipantId } from '../ids.ts';
import type { LayoutChoice, LayoutPreset } from '../room.ts';
import { camera, screen } from './layout-cases.ts';
import { computeLayout } from './layout-engine.ts';
import type { Box, Layout, LayoutFeed, LayoutInput, Seating } from './region.ts';

const people = (...numbers: number[]): LayoutFeed[] => numbers.map((n) => camera(n));
const range = (count: number): LayoutFeed[] => people(...Array.from({ length: count }, (_, i) => i + 1));
function layout(preset: LayoutPreset, feeds: LayoutFeed[], extra: Partial<LayoutInput> & { more?: Partial<LayoutChoice>; speaks?: number } = {}): Layout {
  const { more, speaks, ...input } = extra;
  return computeLayout({ choice: { preset, ...more }, width: 1280, height: 720, feeds, ...(speaks ? { speaker: `p${speaks}` as ParticipantId } : {}), ...input });
}
const box = (r: Box | undefined) => r && [r.x, r.y, r.width, r.height];
const names = (l: Layout): string => l.regions.map((r) => r.feed).join(' ');
const size = (b: Box): number => b.width * b.height;
/** Of the large picture; the first of two equal ones. */
const largest = (l: Layout) => l.regions.toSorted((a, b) => size(b) - size(a))[0];

describe('grid', () => {
  it('fills the canvas with one camera', () => {
    expect(layout('grid', people(1)).regions.map(box)).toEqual([[0, 0, 1280, 720]]);
    expect(layout('grid', people(1), { width: 720, height: 1280 }).regions.map(box)).toEqual([[0, 0, 720, 1280]]);
  });

  it('puts four cameras into quarters with equal gaps', () => {
    expect(layout('grid', range(4)).regions.map(box)).toEqual([
      [20, 8, 616, 348],
      [644, 8, 616, 348],
      [20, 364, 616, 348],
      [644, 364, 616, 348],
    ]);
    expect(layout('grid', range(4), { more: { gap: 0 } }).regions.map(box)).toEqual([
      [0, 0, 640, 360],
      [640, 0, 640, 360],
      [0, 360, 640, 360],
      [640, 360, 640, 360],
    ]);
  });

  it('centres a last row that is not full', () => {
    expect(box(layout('grid', range(3)).regions[2])).toEqual([332, 364, 616, 348]);
  });

  it('closes up when somebody is hidden', () => {
    expect(layout('grid', [camera(1), camera(2, { hidden: true })]).regions.map(box)).toEqual([[0, 0, 1280, 720]]);
  });

  it('shows 25, and 24 with a tile for the others when there are more', () => {
    expect(layout('grid', range(25))).toMatchObject({ regions: { length: 25 } });
    expect(layout('grid', range(25)).more).toBeUndefined();
    const { regions, more } = layout('grid', range(26));
    expect(regions).toHaveLength(24);
    expect(more?.count).toBe(2);
    expect(layout('grid', range(60)).more?.count).toBe(36);
  });

  it('counts people, not pictures', () => {
    const { more } = layout('grid', [...range(25), screen(25), screen(24)], { more: { autoPresentation: false } });
    expect(more?.count).toBe(3);
    const oneSendsBoth = layout('grid', [...range(24), camera(25, { pinned: false }), camera(25, { feed: 'other' as FeedId })]);
    expect(oneSendsBoth.more?.count).toBe(1);
  });

  it('gives the seat of who leaves to the last one', () => {
    const before = layout('grid', range(5));
    const after = layout('grid', people(1, 3, 4, 5), { seating: before.seating });
    expect(names(after)).toBe('p1 p5 p3 p4');
  });

  it('gives who joins, or is shown again, the last seat', () => {
    const before = layout('grid', people(2, 3));
    expect(names(layout('grid', people(1, 2, 3), { seating: before.seating }))).toBe('p2 p3 p1');
    const hidden = layout('grid', [camera(1, { hidden: true }), ...people(2, 3)], { seating: { order: ['p1', 'p2', 'p3'] as FeedId[] } });
    expect(names(hidden)).toBe('p3 p2');
    expect(names(layout('grid', people(1, 2, 3), { seating: hidden.seating }))).toBe('p3 p2 p1');
  });

  it('keeps the seat of who publishes anew, whether the old feed goes first or later', () => {
    const before = layout('grid', range(4));
    const anew = camera(2, { feed: 'anew' as FeedId });
    expect(names(layout('grid', [...people(1, 3, 4), anew], { seating: before.seating }))).toBe('p1 anew p3 p4');
    const both = layout('grid', [...range(4), anew, camera(5)], { seating: before.seating });
    expect(names(both)).toBe('p1 p2 p3 p4 anew p5');
    expect(names(layout('grid', [...people(1, 3, 4), anew, camera(5)], { seating: both.seating }))).toBe('p1 anew p3 p4 p5');
    const stage = layout('speaker', range(4), { speaks: 2 });
    expect(names(layout('speaker', [...people(1, 3, 4), anew], { seating: stage.seating }))).toBe('anew p1 p3 p4');
  });

  it('brings who speaks or is pinned into the last seat that is seen, nobody else moves', () => {
    const before = layout('grid', range(30));
    const speaking = layout('grid', range(30), { speaks: 29, seating: before.seating });
    expect(names(speaking)).toBe(names(before).replace('p24', 'p29'));
    const feeds = range(30).map((f) => (f.feed === 'p27' ? { ...f, pinned: true } : f));
    const pinned = layout('grid', feeds, { speaks: 29, seating: speaking.seating });
    expect(names(pinned)).toBe(names(speaking).replace('p23', 'p27'));
  });

  it('crops to tall tiles on a tall canvas, but not when asked not to', () => {
    const tall = { width: 720, height: 1280 };
    const cropped = layout('grid', range(4), tall).regions;
    expect(cropped.every((r) => r.height > r.width && r.fit === 'cover')).toBe(true);
    const whole = layout('grid', range(4), { ...tall, more: { fit: 'contain' } }).regions;
    expect(whole.every((r) => Math.abs(r.width / r.height - 16 / 9) < 0.05 && r.fit === 'contain')).toBe(true);
  });

  it('shows a share as a tile, never cropped, when it is not to take over', () => {
    const { regions, preset } = layout('grid', [...range(3), screen(1)], { more: { autoPresentation: false } });
    expect(preset).toBe('grid');
    expect(regions.map((r) => [r.feed, r.fit])).toEqual([['p1', 'cover'], ['p2', 'cover'], ['p3', 'cover'], ['p1s', 'contain']]);
  });
});

describe('speaker', () => {
  it('shows the speaker large, and who is pinned before the speaker', () => {
    expect(largest(layout('speaker', range(3), { speaks: 2 }))?.feed).toBe('p2');
    expect(largest(layout('speaker', [camera(1, { pinned: true }), ...people(2, 3)], { speaks: 2 }))?.feed).toBe('p1');
  });

  it('swaps the places of the old and the new speaker', () => {
    const before = layout('speaker', range(5), { speaks: 1 });
    expect(names(before)).toBe('p1 p2 p3 p4 p5');
    const after = layout('speaker', range(5), { speaks: 4, seating: before.seating });
    expect(names(after)).toBe('p4 p2 p3 p1 p5');
  });

  it('keeps who is on stage while nobody speaks', () => {
    const before = layout('speaker', range(3), { speaks: 3 });
    expect(names(layout('speaker', range(3), { seating: before.seating }))).toBe(names(before));
  });

  it('fills the place in the strip with the last one when the stage is left', () => {
    const before = layout('speaker', range(5), { speaks: 1 });
    expect(names(layout('speaker', people(2, 3, 4, 5), { speaks: 3, seating: before.seating }))).toBe('p3 p2 p5 p4');
  });

  it('has five in the strip, with the pinned ones and who speaks among them', () => {
    const feeds = range(12).map((f) => (f.feed === 'p9' || f.feed === 'p12' ? { ...f, pinned: true } : f));
    const { regions, more } = layout('speaker', feeds, { speaks: 11 });
    expect(regions.map((r) => r.feed)).toEqual(['p9', 'p1', 'p2', 'p11', 'p12']);
    expect(more?.count).toBe(7);
  });

  it('is as it was before when it comes back from the grid', () => {
    const grid = layout('grid', range(5));
    const stage = layout('speaker', range(5), { speaks: 4, seating: grid.seating });
    expect(names(layout('grid', range(5), { speaks: 4, seating: stage.seating }))).toBe(names(grid));
  });
});

describe('presentation', () => {
  it('comes with a share and goes with it, and everybody sits where they sat', () => {
    for (const preset of ['grid', 'speaker'] as const) {
      const before = layout(preset, range(4), { speaks: 2 });
      const during = layout(preset, [...range(4), screen(3)], { speaks: 2, seating: before.seating });
      expect(during.preset).toBe('presentation');
      expect(during.regions[0]).toMatchObject({ feed: 'p3s', fit: 'contain' });
      expect(size(during.regions[0] as Box)).toBeGreaterThan(0.6 * 1280 * 720);
      const after = layout(preset, range(4), { speaks: 2, seating: during.seating });
      expect(after).toEqual(before);
    }
  });

  it('keeps the strip when the speaker makes room for a share', () => {
    const before = layout('speaker', range(4), { speaks: 2 });
    const during = layout('speaker', [...range(4), screen(3)], { speaks: 2, seating: before.seating });
    expect(names(before)).toBe('p2 p1 p3 p4');
    expect(names(during)).toBe('p3s p1 p3 p4 p2');
  });

  it('shows the newer of two shares large, or the pinned one, and swaps them', () => {
    const first = layout('grid', [...range(2), screen(1)]);
    const both = layout('grid', [...range(2), screen(1), screen(2)], { seating: first.seating });
    expect(names(both)).toBe('p2s p1 p2 p1s');
    expect(both.regions[3]?.fit).toBe('contain');
    const pinned = layout('grid', [...range(2), screen(1, { pinned: true }), screen(2)], { seating: both.seating });
    expect(names(pinned)).toBe('p1s p1 p2 p2s');
    expect(names(layout('grid', [...range(2), screen(1)], { seating: both.seating }))).toBe('p1s p1 p2');
  });

  it('never shows a share cropped, whatever is asked for cameras', () => {
    const { regions } = layout('presentation', [...range(2), screen(1)], { more: { fit: 'cover' } });
    expect(regions.map((r) => r.fit)).toEqual(['contain', 'cover', 'cover']);
  });

  it('shows the speaker large without a share', () => {
    expect(layout('presentation', range(3), { speaks: 2 })).toMatchObject({ preset: 'presentation', regions: [{ feed: 'p2' }, { feed: 'p1' }, { feed: 'p3' }] });
  });

  it('uses the space below a share on a tall canvas', () => {
    const { regions } = layout('presentation', [...range(4), screen(1)], { width: 720, height: 1280 });
    expect(regions.reduce((sum, r) => sum + size(r), 0)).toBeGreaterThan(0.9 * 720 * 1280);
  });
});

describe('pip, split, single', () => {
  it('lays small pictures over a whole one', () => {
    const { regions, more } = layout('pip', range(3), { speaks: 3 });
    expect(box(regions[0])).toEqual([0, 0, 1280, 720]);
    expect(names({ regions } as Layout)).toBe('p3 p1 p2');
    expect(regions.slice(1).every((r) => r.z > 1 && r.x > 640 && r.x + r.width < 1280 && r.y + r.height < 720)).toBe(true);
    expect(more).toBeUndefined();
    expect(layout('pip', range(9)).more?.count).toBe(6);
  });

  it('puts a share below the people, if it may', () => {
    expect(names(layout('pip', [...range(2), screen(2)]))).toBe('p2s p1 p2');
    expect(layout('pip', [...range(2), screen(2)], { more: { autoPresentation: false } }).regions[0]?.feed).toBe('p1');
    expect(layout('single', [...range(2), screen(2)]).regions).toMatchObject([{ feed: 'p2s', fit: 'contain', width: 1280, height: 720 }]);
  });

  it('splits between the first two or who is pinned', () => {
    expect(names(layout('split', range(4)))).toBe('p1 p2');
    const pinned = layout('split', [...people(1, 2), camera(3, { pinned: true })], { speaks: 2 });
    expect(names(pinned)).toBe('p1 p3');
  });

  it('counts those whom a split does not show, small in the corner of a person', () => {
    expect(layout('split', range(2)).more).toBeUndefined();
    const { more, regions } = layout('split', range(9));
    expect(more?.count).toBe(7);
    expect(box(more)).toEqual([1128, 624, 128, 72]);
    expect(size(more as Box) / size(regions[1] as Box)).toBeLessThan(0.03);
    // with a share beside a person it is the person's corner, whichever comes first
    const shared = layout('split', [...range(4), screen(1)]);
    expect(names(shared)).toBe('p1 p1s');
    expect(shared.more?.count).toBe(3);
    expect((shared.more?.x ?? 0) + (shared.more?.width ?? 0)).toBeLessThan((shared.regions[0]?.x ?? 0) + (shared.regions[0]?.width ?? 0));
    // who shows a screen is seen, so that two people who share are not "+2"
    expect(layout('split', [...range(2), screen(1), screen(2)]).more).toBeUndefined();
  });

  it('leaves single and custom as they were asked for', () => {
    expect(layout('single', range(9)).more).toBeUndefined();
    expect(layout('custom', range(9), { more: { regions: [{ slot: 0, source: 'camera', x: 0, y: 0, width: 1, height: 1, z: 0, fit: 'cover' }] } }).more).toBeUndefined();
  });

  it('splits between a share and a person', () => {
    const wide = layout('split', [...range(3), screen(3)]).regions;
    expect(wide.map((r) => r.feed)).toEqual(['p1', 'p3s']);
    expect(size(wide[1] as Box)).toBeGreaterThan(2 * size(wide[0] as Box));
    const tall = layout('split', [...range(3), screen(3)], { width: 720, height: 1280 }).regions;
    expect(tall.every((r) => r.width > 700)).toBe(true);
  });

  it('shows one who speaks alone, and nobody changes seats by it', () => {
    const before: Seating = layout('grid', range(4)).seating;
    const single = layout('single', range(4), { speaks: 3, seating: before });
    expect(single.regions.map((r) => [r.feed, ...(box(r) ?? [])])).toEqual([['p3', 0, 0, 1280, 720]]);
    expect(single.seating.order).toEqual(before.order);
  });
});

describe('portrait', () => {
  it('is one 9:16 column in the middle of a wide canvas', () => {
    for (const count of [1, 2, 5, 25]) {
      const { regions } = layout('portrait', range(count));
      const left = Math.min(...regions.map((r) => r.x));
      const right = Math.max(...regions.map((r) => r.x + r.width));
      expect(left).toBe(1280 - right);
      expect(right - left).toBeLessThanOrEqual(406);
    }
  });

  it('has the large one on top and up to 24 below', () => {
    const { regions } = layout('portrait', range(25), { width: 720, height: 1280, speaks: 7 });
    expect(regions).toHaveLength(25);
    expect(regions[0]?.feed).toBe('p7');
    expect(regions.slice(1).every((r) => r.y >= (regions[0]?.y ?? 0) + (regions[0]?.height ?? 0))).toBe(true);
    expect(layout('portrait', range(40), { width: 720, height: 1280 })).toMatchObject({ regions: { length: 24 }, more: { count: 16 } });
  });
});

describe('custom', () => {
  const whole = { source: 'camera', x: 0, y: 0, width: 1, height: 1, z: 0, fit: 'cover' } as const;
  const custom = (regions: LayoutChoice['regions'], feeds: LayoutFeed[], seating?: Seating) => layout('custom', feeds, { more: { regions }, ...(seating ? { seating } : {}) });

  it('leaves a region empty whose participant is not there', () => {
    expect(custom([{ ...whole, participant: 'nobody' as ParticipantId }], range(2)).regions).toEqual([]);
    expect(custom([{ ...whole, slot: 7 }, { ...whole, slot: 0, source: 'screen' }, { ...whole }], range(2)).regions).toEqual([]);
  });

  it('lets regions overlap, z decides', () => {
    const { regions } = custom([{ ...whole, slot: 1, z: 5 }, { ...whole, slot: 0 }], range(2));
    expect(regions.map((r) => [r.feed, r.z])).toEqual([['p1', 0], ['p2', 5]]);
  });

  it('clamps what lies outside the canvas, and leaves out what has no size', () => {
    const { regions } = custom([{ ...whole, slot: 0, x: -1, y: 0.5, width: 9, height: 9 }, { ...whole, slot: 1, width: Number.NaN }, { ...whole, slot: 2, x: 1 }], range(3));
    expect(regions.map(box)).toEqual([[0, 360, 1280, 360]]);
  });

  it('counts slots by seat: a leave moves one person', () => {
    const quarters = [0, 1, 2, 3].map((slot) => ({ ...whole, slot, x: slot / 4, width: 0.25 }));
    const before = custom(quarters, range(4));
    expect(names(custom(quarters, people(1, 3, 4), before.seating))).toBe('p1 p4 p3');
  });

  it('never crops a share', () => {
    expect(custom([{ ...whole, slot: 0, source: 'screen' }], [screen(1)]).regions[0]?.fit).toBe('contain');
  });
});
