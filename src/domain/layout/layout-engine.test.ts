import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedId, ParticipantId } from '../ids.ts';
import { LAYOUT_PRESETS, type LayoutPreset } from '../room.ts';
import { computeLayout } from './layout-engine.ts';
import type { LayoutFeed, LayoutInput, Region } from './region.ts';

function camera(n: number, extra: Partial<LayoutFeed> = {}): LayoutFeed {
  return { feed: `p${n}-camera-1` as FeedId, participant: `p${n}` as ParticipantId, source: 'camera', pinned: false, hidden: false, ...extra };
}
function layout(preset: LayoutPreset, feeds: LayoutFeed[], extra: Partial<LayoutInput> = {}): Region[] {
  return computeLayout({ choice: { preset }, width: 1280, height: 720, feeds, ...extra }).regions;
}
const box = (r: Region | undefined) => r && [r.x, r.y, r.width, r.height];

describe('computeLayout', () => {
  it('fills the canvas with one camera', () => {
    expect(box(layout('grid', [camera(1)])[0])).toEqual([0, 0, 1280, 720]);
  });

  it('puts four cameras into quarters', () => {
    const regions = layout('grid', [1, 2, 3, 4].map((n) => camera(n)));
    expect(regions.map(box)).toEqual([
      [0, 0, 640, 360],
      [640, 0, 640, 360],
      [0, 360, 640, 360],
      [640, 360, 640, 360],
    ]);
  });

  it('centres a last row that is not full', () => {
    const regions = layout('grid', [1, 2, 3].map((n) => camera(n)));
    expect(box(regions[2])).toEqual([320, 360, 640, 360]);
  });

  it('closes up when somebody is hidden', () => {
    const regions = layout('grid', [camera(1), camera(2, { hidden: true })]);
    expect(regions.map(box)).toEqual([[0, 0, 1280, 720]]);
  });

  it('shows the speaker large, and a pinned feed before the speaker', () => {
    const feeds = [camera(1), camera(2), camera(3)];
    const speaking = layout('speaker', feeds, { speaker: 'p2' as ParticipantId });
    const pinned = layout('speaker', [camera(1, { pinned: true }), ...feeds.slice(1)], { speaker: 'p2' as ParticipantId });
    const largest = (rs: Region[]) => [...rs].sort((a, b) => b.width * b.height - a.width * a.height)[0]?.feed;
    expect(largest(speaking)).toBe('p2-camera-1');
    expect(largest(pinned)).toBe('p1-camera-1');
  });

  it('turns to a presentation when a screen is shared', () => {
    const screen = camera(1, { feed: 'p1-screen-1' as FeedId, source: 'screen' });
    const regions = layout('grid', [camera(1), camera(2), screen]);
    const main = regions.find((r) => r.feed === 'p1-screen-1') as Region;
    expect(main.fit).toBe('contain');
    expect(main.width * main.height).toBeGreaterThan(0.6 * 1280 * 720);
    expect(regions).toHaveLength(3);
  });

  it('keeps to even pixels inside the canvas, without doubles, for any room', () => {
    const feeds = fc.array(
      fc.record({ screen: fc.boolean(), pinned: fc.boolean(), hidden: fc.boolean() }),
      { minLength: 0, maxLength: 20 },
    );
    const region = fc.record({
      slot: fc.integer({ min: 0, max: 25 }),
      source: fc.constantFrom('camera' as const, 'screen' as const),
      x: fc.double({ min: -1, max: 2 }),
      y: fc.double({ min: -1, max: 2 }),
      width: fc.double({ min: -1, max: 2 }),
      height: fc.double({ min: -1, max: 2 }),
      z: fc.integer({ min: 0, max: 9 }),
      fit: fc.constantFrom('cover' as const, 'contain' as const),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...LAYOUT_PRESETS),
        feeds,
        fc.array(region, { maxLength: 12 }),
        fc.constantFrom([1280, 720], [720, 1280], [640, 360], [1920, 1080], [854, 480]),
        (preset, list, regions, size) => {
          const [width, height] = size as [number, number];
          const input: LayoutInput = {
            choice: { preset, regions },
            width,
            height,
            feeds: list.map((f, i) =>
              camera(i, { source: f.screen ? 'screen' : 'camera', pinned: f.pinned, hidden: f.hidden, feed: `p${i}-x` as FeedId }),
            ),
            speaker: 'p1' as ParticipantId,
          };
          const out = computeLayout(input).regions;
          const hidden = new Set(input.feeds.filter((f) => f.hidden).map((f) => f.feed));
          expect(new Set(out.map((r) => r.feed)).size).toBe(out.length);
          for (const r of out) {
            for (const v of [r.x, r.y, r.width, r.height]) expect(Math.abs(v % 2)).toBe(0);
            expect(r.width).toBeGreaterThanOrEqual(2);
            expect(r.height).toBeGreaterThanOrEqual(2);
            expect(Math.min(r.x, r.y)).toBeGreaterThanOrEqual(0);
            expect(r.x + r.width).toBeLessThanOrEqual(width);
            expect(r.y + r.height).toBeLessThanOrEqual(height);
            expect(hidden.has(r.feed)).toBe(false);
          }
          if (preset === 'grid') {
            expect(out).toHaveLength(input.feeds.length - hidden.size);
            for (const [i, a] of out.entries())
              for (const b of out.slice(i + 1)) {
                const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
                expect(apart).toBe(true);
              }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
