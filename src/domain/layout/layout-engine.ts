/**
 * Room state → regions on the canvas. Pure: the same input gives the same regions. All regions have even pixels (I420) and lie inside
 * the canvas; hidden feeds and feeds without a place get none. Tiles do not overlap, except in `pip` and `custom` and for the "+N" of
 * `split`. People without a place are counted on a "+N" tile, except in `single` and `custom`, which show what was asked for and nothing
 * else.
 */
import type { FeedId } from '../ids.ts';
import { MAX_TILES, type LayoutPreset } from '../room.ts';
import { customRegions } from './custom.ts';
import { centred, evenLike, gapPixels, inside, tileShapes, WIDE } from './geometry.ts';
import { bestGrid, gridBoxes } from './grid.ts';
import { effectivePreset, mainFeed, mustBeSeen, splitMust } from './on-stage.ts';
import type { Box, Layout, LayoutFeed, LayoutInput, Region } from './region.ts';
import { broughtForward, handedOn, seatingOf, seatsWithoutStage, seatsWithStage, takeSeats } from './seats.ts';
import { aboveGrid, aboveStrip, besideStrip, halves, inCorner, inPicture, shareAndPerson, STRIP_TILES, TALL_STRIP_TILES, type StageBoxes } from './stage-boxes.ts';

export { even } from './geometry.ts';

/** Pictures below a share on a tall canvas, and on one that is nearly square. */
const BELOW_TALL = 12;
const BELOW_SQUARE = 6;

/** A layout for the feeds of a room; the seating in it goes into the next call. */
export function computeLayout(room: LayoutInput): Layout {
  const feeds = [...new Map(room.feeds.filter((f) => !f.hidden).map((f) => [f.feed, f])).values()];
  const seating = handedOn(room.seating, feeds);
  const input: LayoutInput = seating ? { ...room, seating } : room;
  const preset = effectivePreset(input, feeds);
  if (feeds.length === 0) return { regions: [], preset, seating: { order: [] } };
  switch (preset) {
    case 'grid':
      return gridLayout(feeds, input);
    case 'split':
      return splitLayout(feeds, input);
    case 'custom': {
      const order = seatsWithoutStage(seatsOf(feeds, input));
      const byFeed = new Map(feeds.map((f) => [f.feed, f]));
      const bySeat = order.map((f) => byFeed.get(f) as LayoutFeed);
      return { regions: customRegions(input.choice.regions ?? [], bySeat, input), preset, seating: seatingOf(order, feeds) };
    }
    case 'single': {
      const main = mainFeed(preset, feeds, input);
      // nobody else is seen, so nobody changes places
      return { regions: [region(main, whole(input), 1, input)], preset, seating: seatingOf(seatsWithoutStage(seatsOf(feeds, input)), feeds, main.feed) };
    }
    case 'speaker':
    case 'presentation':
    case 'pip':
    case 'portrait':
      return stageLayout(preset, feeds, input);
  }
}

function seatsOf(feeds: readonly LayoutFeed[], input: LayoutInput): ReturnType<typeof takeSeats> {
  return takeSeats(
    input.seating,
    feeds.map((f) => f.feed),
  );
}

function whole({ width, height }: LayoutInput): Box {
  return { x: 0, y: 0, width, height };
}

function region(feed: LayoutFeed, box: Box, z: number, input: LayoutInput): Region {
  return { feed: feed.feed, ...box, z, fit: feed.source === 'screen' ? 'contain' : (input.choice.fit ?? 'cover') };
}

function gridLayout(feeds: readonly LayoutFeed[], input: LayoutInput): Layout {
  const { order, shown, more } = seen(seatsWithoutStage(seatsOf(feeds, input)), MAX_TILES, feeds, input);
  const count = shown.length + (more > 0 ? 1 : 0);
  const gap = gapPixels(input.choice.gap, input);
  const area = inside(input, gap);
  const boxes = count === 1 ? [whole(input)] : gridBoxes(count, bestGrid(count, area, gap, tileShapes(input, input.choice.fit ?? 'cover')), area, gap);
  return { ...tiles(shown, boxes, more, 1, input), preset: 'grid', seating: seatingOf(order, feeds) };
}

function splitLayout(feeds: readonly LayoutFeed[], input: LayoutInput): Layout {
  const byFeed = new Map(feeds.map((f) => [f.feed, f]));
  const must = splitMust(feeds, input).map((f) => f.feed);
  const order = broughtForward(seatsWithoutStage(seatsOf(feeds, input)), 2, must);
  const shown = order.slice(0, 2).map((f) => byFeed.get(f) as LayoutFeed);
  const boxes = splitBoxes(shown, input);
  const seen = new Set(shown.map((f) => f.participant));
  const count = new Set(feeds.map((f) => f.participant).filter((p) => !seen.has(p))).size;
  // over a person rather than over what somebody shows
  const person = boxes[shown.findLastIndex((f) => f.source === 'camera')] ?? (boxes.at(-1) as Box);
  const more = count > 0 ? { more: { ...inCorner(person, input, gapPixels(input.choice.gap, input)), z: 2, count } } : {};
  return { regions: shown.map((feed, i) => region(feed, boxes[i] as Box, 1, input)), ...more, preset: 'split', seating: seatingOf(order, feeds) };
}

function splitBoxes([first, second]: readonly LayoutFeed[], input: LayoutInput): Box[] {
  if (!first || !second) return [whole(input)];
  const gap = gapPixels(input.choice.gap, input);
  if (first.source === second.source) return halves(input, gap);
  const shareFirst = first.source === 'screen';
  if (input.height < input.width) return shareAndPerson(input, gap, shareFirst);
  const { main, others } = aboveGrid(input, 1, gap, tileShapes(input, input.choice.fit ?? 'cover'), true);
  const below = others[0] as Box;
  return shareFirst ? [main, below] : [below, main];
}

function stageLayout(preset: 'speaker' | 'presentation' | 'pip' | 'portrait', feeds: readonly LayoutFeed[], input: LayoutInput): Layout {
  const main = mainFeed(preset, feeds, input);
  const order = seatsWithStage(seatsOf(feeds, input), main.feed);
  const strip = order.filter((f) => f !== main.feed);
  const { boxes, most } = stageGeometry(preset, main, input);
  const { order: stripOrder, shown, more } = seen(strip, most, feeds, input);
  const count = shown.length + (more > 0 ? 1 : 0);
  const placed = boxes(count);
  const others = tiles(shown, placed.others, more, 2, input);
  let next = 0;
  return {
    regions: [region(main, placed.main, 1, input), ...others.regions],
    ...(others.more ? { more: others.more } : {}),
    preset,
    seating: seatingOf(
      order.map((f) => (f === main.feed ? f : (stripOrder[next++] as FeedId))),
      feeds,
      main.feed,
    ),
  };
}

interface StageGeometry {
  /** So many small tiles, "+N" with them. */
  most: number;
  boxes: (count: number) => StageBoxes;
}

function stageGeometry(preset: LayoutPreset, main: LayoutFeed, input: LayoutInput): StageGeometry {
  const gap = gapPixels(input.choice.gap, input);
  const fit = input.choice.fit ?? 'cover';
  const shapes = tileShapes(input, fit);
  const wideMain = main.source === 'screen' || fit === 'contain';
  const alone = (most: number, boxes: (count: number) => StageBoxes): StageGeometry => ({
    most,
    boxes: (count) => (count === 0 ? { main: whole(input), others: [] } : boxes(count)),
  });
  if (preset === 'pip') {
    const others = inPicture(input, gap, shapes);
    return alone(others.length, (count) => ({ main: whole(input), others: others.slice(0, count) }));
  }
  if (preset === 'portrait') return { most: MAX_TILES - 1, boxes: (count) => inColumn(count, wideMain, input) };
  if (input.width > input.height) return alone(STRIP_TILES, (count) => besideStrip(input, count, gap));
  if (!wideMain) return alone(TALL_STRIP_TILES, (count) => aboveStrip(input, count, gap));
  const most = input.height >= 1.5 * input.width ? BELOW_TALL : BELOW_SQUARE;
  return alone(most, (count) => aboveGrid(input, count, gap, shapes, true));
}

/** `portrait`: everything in one column of at most 9:16, in the middle of the canvas. */
function inColumn(count: number, wideMain: boolean, input: LayoutInput): StageBoxes {
  const column = { width: evenLike(Math.min(input.width, input.height / WIDE), input.width), height: input.height };
  const x = centred(column.width, input.width);
  const moved = (box: Box): Box => ({ ...box, x: box.x + x });
  if (count === 0) return { main: moved({ x: 0, y: 0, ...column }), others: [] };
  const gap = Math.min(gapPixels(input.choice.gap, input), gapPixels(0.1, column));
  const { main, others } = aboveGrid(column, count, gap, tileShapes(column, input.choice.fit ?? 'cover'), wideMain);
  return { main: moved(main), others: others.map(moved) };
}

interface Seen {
  order: FeedId[];
  shown: LayoutFeed[];
  /** People who have a picture that is not shown. */
  more: number;
}

/** The first of the list, who must be seen among them; with more than `most`, the last tile is left for "+N". */
function seen(list: readonly FeedId[], most: number, feeds: readonly LayoutFeed[], input: LayoutInput): Seen {
  const byFeed = new Map(feeds.map((f) => [f.feed, f]));
  const visible = list.length <= most ? list.length : most - 1;
  const must = mustBeSeen(feeds, input).map((f) => f.feed);
  const order = broughtForward(list, visible, must);
  const [shown, rest] = [order.slice(0, visible), order.slice(visible)].map((part) => part.map((f) => byFeed.get(f) as LayoutFeed)) as [LayoutFeed[], LayoutFeed[]];
  return { order, shown, more: new Set(rest.map((f) => f.participant)).size };
}

function tiles(shown: readonly LayoutFeed[], boxes: readonly Box[], more: number, z: number, input: LayoutInput): Pick<Layout, 'regions' | 'more'> {
  const regions = shown.map((feed, i) => region(feed, boxes[i] as Box, z, input));
  return more > 0 ? { regions, more: { ...(boxes[shown.length] as Box), z, count: more } } : { regions };
}
