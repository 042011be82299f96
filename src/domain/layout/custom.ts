import type { FeedId } from '../ids.ts';
import type { CustomRegion } from '../room.ts';
import { even, type Area } from './geometry.ts';
import type { LayoutFeed, Region } from './region.ts';

function fraction(value: number): number {
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0;
}

/**
 * Regions as they are given, clamped to the canvas. A region whose participant is not there (or does not send that source) stays
 * empty; a feed is shown once, in the first region that asks for it.
 * @param feeds by seat; `slot` counts the people in this order
 */
export function customRegions(wanted: readonly CustomRegion[], feeds: readonly LayoutFeed[], canvas: Area): Region[] {
  const people = [...new Set(feeds.map((f) => f.participant))];
  const taken = new Set<FeedId>();
  const out: Region[] = [];
  for (const region of wanted) {
    const who = region.participant ?? (region.slot === undefined ? undefined : people[region.slot]);
    const feed = feeds.find((f) => f.participant === who && f.source === region.source && !taken.has(f.feed));
    if (!feed) continue;
    const x = even(fraction(region.x) * canvas.width);
    const y = even(fraction(region.y) * canvas.height);
    const right = even((fraction(region.x) + fraction(region.width)) * canvas.width);
    const bottom = even((fraction(region.y) + fraction(region.height)) * canvas.height);
    const width = Math.min(canvas.width, right) - x;
    const height = Math.min(canvas.height, bottom) - y;
    if (width < 2 || height < 2) continue;
    taken.add(feed.feed);
    const z = Number.isFinite(region.z) ? Math.round(region.z) : 0;
    out.push({ feed: feed.feed, x, y, width, height, z, fit: feed.source === 'screen' ? 'contain' : region.fit });
  }
  return out.sort((a, b) => a.z - b.z);
}
