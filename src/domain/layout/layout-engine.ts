/**
 * Room state → regions on the canvas. Pure: the same input gives the same regions, in the order of the feeds.
 * All regions have even pixels (I420) and lie inside the canvas; hidden feeds and feeds without a place get none.
 */
import type { CustomRegion } from '../room.ts';
import { gridRegions } from './grid.ts';
import type { Layout, LayoutFeed, LayoutInput, Region } from './region.ts';

/** Even, rounded to nearest. */
export function even(value: number): number {
  return 2 * Math.round(value / 2);
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

function place(feed: LayoutFeed, box: Box, z: number, fit?: Region['fit']): Region {
  const x = even(box.x);
  const y = even(box.y);
  return {
    feed: feed.feed,
    x,
    y,
    width: Math.max(2, even(box.x + box.width) - x),
    height: Math.max(2, even(box.y + box.height) - y),
    z,
    fit: fit ?? (feed.source === 'screen' ? 'contain' : 'cover'),
  };
}

/** The feed that is shown large: pinned, else the speaker's camera, else the first camera, else the first feed. */
function mainFeed(feeds: readonly LayoutFeed[], input: LayoutInput): LayoutFeed | undefined {
  return (
    feeds.find((f) => f.pinned) ??
    feeds.find((f) => f.participant === input.speaker && f.source === 'camera') ??
    feeds.find((f) => f.source === 'camera') ??
    feeds[0]
  );
}

/** A column (or, on a tall canvas, a row) of small tiles beside one large picture. */
function withStrip(main: LayoutFeed, others: readonly LayoutFeed[], input: LayoutInput, share: number): Region[] {
  const { width, height } = input;
  if (others.length === 0) return [place(main, { x: 0, y: 0, width, height }, 1)];
  const tall = height > width;
  const stripSize = even((tall ? height : width) * share);
  const length = tall ? width : height;
  const ratio = tall ? 9 / 16 : 16 / 9;
  // tiles keep 16:9 as long as they fit; more of them get smaller
  const natural = stripSize / ratio;
  const each = Math.min(natural, length / others.length);
  const start = (length - each * others.length) / 2;
  const region = tall
    ? place(main, { x: 0, y: 0, width, height: height - stripSize }, 1)
    : place(main, { x: 0, y: 0, width: width - stripSize, height }, 1);
  return [
    region,
    ...others.map((feed, i) =>
      place(
        feed,
        tall
          ? { x: start + i * each, y: height - stripSize, width: each, height: stripSize }
          : { x: width - stripSize, y: start + i * each, width: stripSize, height: each },
        2,
      ),
    ),
  ];
}

function pictureInPicture(main: LayoutFeed, others: readonly LayoutFeed[], input: LayoutInput): Region[] {
  const { width, height } = input;
  const small = { width: width / 4, height: height / 4 };
  const margin = even(Math.min(width, height) / 36);
  const fitting = Math.max(1, Math.floor((height - margin) / (small.height + margin)));
  return [
    place(main, { x: 0, y: 0, width, height }, 1),
    ...others
      .slice(0, fitting)
      .map((feed, i) =>
        place(feed, { x: width - margin - small.width, y: height - (i + 1) * (margin + small.height), ...small }, 2 + i),
      ),
  ];
}

function split(feeds: readonly LayoutFeed[], input: LayoutInput): Region[] {
  const shown = feeds.slice(0, 2);
  const { width, height } = input;
  const tall = height > width;
  return shown.map((feed, i) =>
    place(
      feed,
      tall
        ? { x: 0, y: (i * height) / shown.length, width, height: height / shown.length }
        : { x: (i * width) / shown.length, y: 0, width: width / shown.length, height },
      1,
    ),
  );
}

/** One 9:16 column in the middle: the main feed above, the next two below it. */
function portrait(main: LayoutFeed, others: readonly LayoutFeed[], input: LayoutInput): Region[] {
  const width = Math.min(input.width, even((input.height * 9) / 16));
  const x = even((input.width - width) / 2);
  const shown = [main, ...others.slice(0, 2)];
  return shown.map((feed, i) =>
    place(feed, { x, y: (i * input.height) / shown.length, width, height: input.height / shown.length }, 1),
  );
}

function clamp(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
}

function custom(regions: readonly CustomRegion[], feeds: readonly LayoutFeed[], input: LayoutInput): Region[] {
  const people = [...new Set(feeds.map((f) => f.participant))];
  const taken = new Set<string>();
  const out: Region[] = [];
  for (const wanted of regions) {
    const who = wanted.participant ?? (wanted.slot === undefined ? undefined : people[wanted.slot]);
    const feed = feeds.find((f) => f.participant === who && f.source === wanted.source && !taken.has(f.feed));
    if (!feed) continue;
    const x = clamp(wanted.x);
    const y = clamp(wanted.y);
    const width = Math.min(clamp(wanted.width), 1 - x);
    const height = Math.min(clamp(wanted.height), 1 - y);
    if (width * input.width < 2 || height * input.height < 2) continue;
    taken.add(feed.feed);
    out.push(
      place(feed, { x: x * input.width, y: y * input.height, width: width * input.width, height: height * input.height }, wanted.z, wanted.fit),
    );
  }
  return out;
}

/**
 * A shared screen turns `grid` and `speaker` into `presentation`: what is shared is what people look at.
 * @returns regions in order of z and place; every feed at most once
 */
export function computeLayout(input: LayoutInput): Layout {
  const regions = computeRegions(input);
  return { regions, preset: input.choice.preset, seating: { order: input.feeds.map((f) => f.feed) } };
}

function computeRegions(input: LayoutInput): Region[] {
  const feeds = input.feeds.filter((f) => !f.hidden);
  if (feeds.length === 0) return [];
  const choice = input.choice;
  const screen = feeds.find((f) => f.source === 'screen' && f.pinned) ?? feeds.find((f) => f.source === 'screen');
  const preset = screen && (choice.preset === 'grid' || choice.preset === 'speaker') ? 'presentation' : choice.preset;
  const main = (preset === 'presentation' ? screen : undefined) ?? (mainFeed(feeds, input) as LayoutFeed);
  const others = feeds.filter((f) => f !== main);
  switch (preset) {
    case 'grid':
      return gridRegions(feeds, input.width, input.height).map(({ feed, ...box }) => place(feed, box, 1));
    case 'speaker':
    case 'presentation':
      return withStrip(main, others, input, 0.2);
    case 'pip':
      return pictureInPicture(main, others, input);
    case 'split':
      return split([main, ...others], input);
    case 'single':
      return [place(main, { x: 0, y: 0, width: input.width, height: input.height }, 1)];
    case 'portrait':
      return portrait(main, others, input);
    case 'custom':
      return custom(choice.regions ?? [], feeds, input);
  }
}
