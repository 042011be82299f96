/** What holds for every room, canvas and sequence of events. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedId, ParticipantId } from '../ids.ts';
import { LAYOUT_PRESETS, MAX_TILES, type CustomRegion, type LayoutChoice } from '../room.ts';
import { gapPixels } from './geometry.ts';
import { camera, screen } from './layout-cases.ts';
import { computeLayout } from './layout-engine.ts';
import type { Box, Layout, LayoutFeed, LayoutInput } from './region.ts';

const customRegion: fc.Arbitrary<CustomRegion> = fc.record({
  slot: fc.integer({ min: 0, max: 25 }),
  source: fc.constantFrom('camera' as const, 'screen' as const),
  x: fc.double({ min: -1, max: 2 }),
  y: fc.double({ min: -1, max: 2 }),
  width: fc.double({ min: -1, max: 2 }),
  height: fc.double({ min: -1, max: 2 }),
  z: fc.integer({ min: 0, max: 9 }),
  fit: fc.constantFrom('cover' as const, 'contain' as const),
});
const choice: fc.Arbitrary<LayoutChoice> = fc.record({
  preset: fc.constantFrom(...LAYOUT_PRESETS),
  regions: fc.array(customRegion, { maxLength: 8 }),
  autoPresentation: fc.option(fc.boolean(), { nil: undefined }),
  gap: fc.option(fc.double({ min: 0, max: 0.1, noNaN: true }), { nil: undefined }),
  fit: fc.constantFrom(undefined, 'cover' as const, 'contain' as const),
});
const evenSide = fc.integer({ min: 80, max: 1920 }).map((n) => 2 * n);
const size = fc.oneof(
  fc.constantFrom([1280, 720], [1920, 1080], [720, 1280], [720, 720], [640, 360], [854, 480], [160, 160]).map(([width, height]) => ({ width: width as number, height: height as number })),
  fc.record({ width: evenSide, height: evenSide }),
);

interface Person {
  camera: boolean;
  shares: boolean;
  pinned: boolean;
  hidden: boolean;
}
const room = fc.array(fc.record<Person>({ camera: fc.boolean(), shares: fc.boolean(), pinned: fc.boolean(), hidden: fc.boolean() }), { maxLength: 45 });
const manyCameras = fc.array(
  fc.record<Person>({ camera: fc.constant(true), shares: fc.constant(false), pinned: fc.integer({ max: 9 }).map((n) => n === 9), hidden: fc.constant(false) }),
  { maxLength: 45 },
);
function feedsOf(people: readonly Person[]): LayoutFeed[] {
  return people.flatMap((p, i) => {
    const { pinned, hidden } = p;
    return [...(p.camera ? [camera(i, { pinned, hidden })] : []), ...(p.shares ? [screen(i, { pinned, hidden })] : [])];
  });
}
const anyInput: fc.Arbitrary<LayoutInput> = fc
  .record({ choice, size, people: fc.oneof(room, manyCameras), speaker: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }) })
  .map((r) => ({ choice: r.choice, ...r.size, feeds: feedsOf(r.people), ...(r.speaker === undefined ? {} : { speaker: `p${r.speaker}` as ParticipantId }) }));

function boxesOf(l: Layout): Box[] {
  return [...l.regions, ...(l.more ? [l.more] : [])];
}
function apart(a: Box, b: Box): boolean {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}

describe('every layout', () => {
  it('is even, inside the canvas, without doubles and (except pip and custom) without overlaps', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const layout = computeLayout(input);
        const shown = input.feeds.filter((f) => !f.hidden);
        const known = new Set(shown.map((f) => f.feed));
        expect(new Set(layout.regions.map((r) => r.feed)).size).toBe(layout.regions.length);
        expect([...layout.seating.order].sort()).toEqual([...known].sort());
        const boxes = boxesOf(layout);
        for (const r of boxes) {
          for (const v of [r.x, r.y, r.width, r.height]) expect(Math.abs(v % 2)).toBe(0);
          expect(Math.min(r.width, r.height)).toBeGreaterThanOrEqual(2);
          expect(Math.min(r.x, r.y)).toBeGreaterThanOrEqual(0);
          expect(r.x + r.width).toBeLessThanOrEqual(input.width);
          expect(r.y + r.height).toBeLessThanOrEqual(input.height);
        }
        for (const r of layout.regions) {
          expect(known.has(r.feed)).toBe(true);
          if (r.feed.endsWith('s')) expect(r.fit).toBe('contain');
          else if (layout.preset !== 'custom') expect(r.fit).toBe(input.choice.fit ?? 'cover');
        }
        if (layout.preset !== 'pip' && layout.preset !== 'custom') {
          // the "+N" of a split is in a corner
          const side = layout.preset === 'split' ? layout.regions : boxes;
          for (const [i, a] of side.entries()) for (const b of side.slice(i + 1)) expect(apart(a, b)).toBe(true);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('counts on the "+N" tile all who have a picture without a place', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const layout = computeLayout(input);
        if (['single', 'custom'].includes(layout.preset)) {
          expect(layout.more).toBeUndefined();
          return;
        }
        if (layout.preset === 'split') {
          const seen = new Set(layout.regions.map((r) => input.feeds.find((f) => f.feed === r.feed)?.participant));
          const unseen = new Set(input.feeds.filter((f) => !f.hidden && !seen.has(f.participant)).map((f) => f.participant));
          expect(layout.more?.count ?? 0).toBe(unseen.size);
          const on = layout.more && layout.regions.filter((r) => !apart(r, layout.more as Box));
          if (on) expect(on.map((r) => 4 * (layout.more as Box).height <= r.height + 2)).toEqual([true]);
          return;
        }
        const placed = new Set(layout.regions.map((r) => r.feed));
        const left = new Set(input.feeds.filter((f) => !f.hidden && !placed.has(f.feed)).map((f) => f.participant));
        expect(layout.more?.count ?? 0).toBe(left.size);
        expect(boxesOf(layout).length).toBeLessThanOrEqual(MAX_TILES);
        // a tile for one person is that person's
        if (layout.more) expect(input.feeds.filter((f) => !f.hidden).length - placed.size).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 600 },
    );
  });

  it('shows who speaks and who is pinned, as long as there is room', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const layout = computeLayout(input);
        if (['single', 'split', 'custom'].includes(layout.preset)) return;
        const shown = input.feeds.filter((f) => !f.hidden);
        const placed = new Set<string>(layout.regions.map((r) => r.feed));
        const pinned = shown.filter((f) => f.pinned);
        if (pinned.length < layout.regions.length) {
          for (const f of pinned) expect(placed.has(f.feed)).toBe(true);
          const speaker = shown.filter((f) => f.participant === input.speaker);
          if (speaker.length > 0 && pinned.length + 1 < layout.regions.length) expect(speaker.some((f) => placed.has(f.feed))).toBe(true);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('is the same for the same room and its own seating', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const once = computeLayout(input);
        expect(computeLayout({ ...input, seating: JSON.parse(JSON.stringify(once.seating)) as Layout['seating'] })).toEqual(once);
      }),
      { numRuns: 400 },
    );
  });
});

describe('tiles', () => {
  it('are 16:9 on a landscape canvas, equally large, with equal gaps and margins', () => {
    const landscape = fc.constantFrom([1280, 720], [1920, 1080], [640, 360], [960, 720], [2560, 1080], [3840, 2160]);
    fc.assert(
      fc.property(landscape, fc.integer({ min: 2, max: 30 }), ([width = 0, height = 0], count) => {
        const boxes = boxesOf(computeLayout({ choice: { preset: 'grid' }, width, height, feeds: Array.from({ length: count }, (_, i) => camera(i)) }));
        const first = boxes[0] as Box;
        for (const b of boxes) expect([b.width, b.height]).toEqual([first.width, first.height]);
        expect(Math.abs(first.width / first.height / (16 / 9) - 1)).toBeLessThan(0.04);
        const rows = new Map<number, Box[]>();
        for (const b of boxes) rows.set(b.y, [...(rows.get(b.y) ?? []), b]);
        const gap = gapPixels(undefined, { width, height });
        for (const row of rows.values()) {
          for (const [i, b] of row.entries()) if (i > 0) expect(b.x - (row[i - 1] as Box).x).toBe(first.width + gap);
          // the last row too is in the middle
          const last = row.at(-1) as Box;
          expect((row[0] as Box).x).toBe(width - last.x - last.width);
        }
        const tops = [...rows.keys()];
        for (const [i, top] of tops.entries()) if (i > 0) expect(top - (tops[i - 1] as number)).toBe(first.height + gap);
        expect(tops[0]).toBe(height - (tops.at(-1) as number) - first.height);
      }),
    );
  });

  it('use a tall or square canvas well', () => {
    fc.assert(
      fc.property(fc.constantFrom([720, 1280], [720, 720], [1080, 1920]), fc.integer({ min: 1, max: 40 }), ([width = 0, height = 0], count) => {
        const boxes = boxesOf(computeLayout({ choice: { preset: 'grid' }, width, height, feeds: Array.from({ length: count }, (_, i) => camera(i)) }));
        expect(boxes.reduce((sum, b) => sum + b.width * b.height, 0)).toBeGreaterThan(0.66 * width * height);
      }),
    );
  });
});

type Event = { what: 'join' | 'leave' | 'speak' | 'hide' | 'pin' | 'share'; who: number };
const events = fc.array(fc.record<Event>({ what: fc.constantFrom('join', 'join', 'leave', 'speak', 'speak', 'hide', 'pin', 'share'), who: fc.nat(1000) }), { maxLength: 60 });

/** Tiles in order of their seats; the stage and "+N" have names of their own. */
function tiles(layout: Layout): (string | undefined)[] {
  return [...layout.regions.map((r) => r.feed), ...(layout.more ? ['+'] : [])];
}
/** Seats that show somebody else than before, of those that are there in both. */
function changed(a: readonly (string | undefined)[], b: readonly (string | undefined)[]): number {
  let count = 0;
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) count++;
  return count;
}

/** A room that lives: applies events, and hands each layout with the one before to `check`. */
function live(
  presetChoice: LayoutChoice,
  list: readonly Event[],
  check: (event: Event['what'], before: Layout, after: Layout, feeds: readonly LayoutFeed[], speaker: ParticipantId | undefined) => void,
): void {
  let feeds: LayoutFeed[] = [camera(1), camera(2)];
  let next = 3;
  let speaker: ParticipantId | undefined;
  const layoutOf = (seating?: Layout['seating']): Layout => computeLayout({ choice: presetChoice, width: 1280, height: 720, feeds, ...(speaker ? { speaker } : {}), ...(seating ? { seating } : {}) });
  let before = layoutOf();
  for (const { what, who } of list) {
    const target = feeds.length > 0 ? feeds[who % feeds.length] : undefined;
    if (what === 'join') for (let n = 0; n < 1 + (who % 3 === 0 ? 6 : 0); n++) {
      feeds = [...feeds, camera(next++)];
      const after = layoutOf(before.seating);
      check('join', before, after, feeds, speaker);
      before = after;
    }
    else if (!target) continue;
    else if (what === 'leave') feeds = feeds.filter((f) => f !== target);
    else if (what === 'speak') speaker = target.participant;
    else if (what === 'share') {
      const id = Number(target.participant.slice(1));
      const shared = feeds.find((f) => f.feed === (`p${id}s` as FeedId));
      feeds = shared ? feeds.filter((f) => f !== shared) : [...feeds, screen(id)];
    } else feeds = feeds.map((f) => (f === target ? { ...f, ...(what === 'pin' ? { pinned: !f.pinned } : { hidden: !f.hidden }) } : f));
    if (what === 'join') continue;
    const after = layoutOf(before.seating);
    check(what, before, after, feeds, speaker);
    before = after;
  }
}

describe('same people, same places', () => {
  it('in a grid: a join moves nobody, a leave one, a speaker at most one into sight', () => {
    fc.assert(
      fc.property(events, (list) => {
        live({ preset: 'grid', autoPresentation: false }, list, (event, before, after) => {
          const [a, b] = [tiles(before), tiles(after)];
          // with the 26th person "+N" takes the last place, and gives it back with the 25th
          const plus = before.more === undefined && after.more !== undefined ? 2 : before.more !== undefined && after.more === undefined ? 1 : 0;
          const most = { join: 0, leave: 1, hide: 1, speak: 1, pin: 1, share: 1 }[event] + plus;
          expect(changed(a, b)).toBeLessThanOrEqual(most);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('on a stage: another speaker swaps exactly two, a join moves nobody', () => {
    const preset = fc.constantFrom('speaker' as const, 'pip' as const, 'portrait' as const, 'presentation' as const);
    fc.assert(
      fc.property(preset, events, (name, list) => {
        live({ preset: name, autoPresentation: false }, list.filter((e) => ['join', 'leave', 'speak'].includes(e.what)), (event, before, after) => {
          const [a, b] = [tiles(before), tiles(after)];
          const plus = (before.more === undefined) !== (after.more === undefined) ? 1 : 0;
          if (event === 'join') expect(changed(a, b)).toBeLessThanOrEqual(plus + plus);
          if (event === 'leave') {
            // the stage is left: one comes up, one takes the place that becomes free; else one fills the place
            expect(changed(a, b)).toBeLessThanOrEqual((a[0] === b[0] ? 1 : 2) + plus);
          }
          if (event === 'speak') {
            const moved = changed(a, b);
            expect(a.length).toBe(b.length);
            // from behind "+N" only the stage changes, else the two change places
            const seen = a.includes(b[0]);
            expect(moved).toBe(a[0] === b[0] ? 0 : seen ? 2 : 1);
            if (moved === 2) expect(b[a.indexOf(b[0])]).toBe(a[0]);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('with shares: who was in the strip stays, whatever comes on stage', () => {
    fc.assert(
      fc.property(events, fc.constantFrom('grid' as const, 'speaker' as const), (list, name) => {
        live({ preset: name }, list.filter((e) => e.what !== 'hide' && e.what !== 'pin'), (event, before, after, feeds) => {
          const sharing = feeds.some((f) => f.source === 'screen');
          expect(after.preset).toBe(sharing ? 'presentation' : name);
          if (event !== 'share' || before.preset === 'grid' || after.preset === 'grid') return;
          const plus = (before.more === undefined) !== (after.more === undefined) ? 1 : 0;
          // one tile at most besides the stage: the share that left it, or the one who speaks and must be seen
          expect(changed(tiles(before).slice(1), tiles(after).slice(1))).toBeLessThanOrEqual(2 + plus);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('a pinned one stays on stage until it leaves or is let go', () => {
    fc.assert(
      fc.property(events, (list) => {
        live({ preset: 'speaker', autoPresentation: false }, list, (event, before, after, feeds) => {
          const main = before.seating.main;
          const still = feeds.find((f) => f.feed === main && f.pinned && !f.hidden && f.source === 'camera');
          // a pin that is new may not take the stage from an older one either
          const was = before.regions.length > 0 && event !== 'pin';
          if (still && was) expect(after.seating.main).toBe(main);
        });
      }),
      { numRuns: 200 },
    );
  });
});
