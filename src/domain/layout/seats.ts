/** Same people, same places: who sits where after joins, leaves and changes on stage. Pure. */
import type { FeedId } from '../ids.ts';
import type { LayoutFeed, Seating } from './region.ts';

/** Seats after joins and leaves, before it is known who is on stage. */
export interface Seats {
  /** Without who is (or was) on stage. */
  others: readonly FeedId[];
  /** The layout before had somebody on stage; `feed` is undefined when that one has left. */
  stage?: { index: number; feed: FeedId | undefined };
}

function ownerOf({ participant, source }: LayoutFeed): string {
  return `${source} ${participant}`;
}

/** The seating to carry on. */
export function seatingOf(order: readonly FeedId[], feeds: readonly LayoutFeed[], main?: FeedId): Seating {
  const owners = new Map(feeds.map((f) => [f.feed, ownerOf(f)]));
  return { order, owners: order.map((f) => owners.get(f) ?? ''), ...(main === undefined ? {} : { main }) };
}

/** Feeds that were replaced by another one of the same participant and source hand their seats (and the stage) on to it. */
export function handedOn(previous: Seating | undefined, feeds: readonly LayoutFeed[]): Seating | undefined {
  if (!previous?.owners) return previous;
  const here = new Set(feeds.map((f) => f.feed));
  const newest = new Map(feeds.map((f) => [ownerOf(f), f.feed]));
  const order = [...previous.order];
  let main = previous.main;
  const seated = new Set<FeedId>();
  for (const [i, gone] of previous.order.entries()) {
    const successor = newest.get(previous.owners[i] ?? '');
    if (here.has(gone) || successor === undefined || seated.has(successor)) continue;
    seated.add(successor);
    // for a moment both may have had a seat
    const other = order.indexOf(successor);
    order[order.indexOf(gone)] = successor;
    if (other !== -1) order[other] = gone;
    if (main === gone) main = successor;
  }
  return { order, ...(main === undefined ? {} : { main }) };
}

/**
 * A seat that becomes free is taken by who sits last, so that one leave moves one person; who joins takes a seat at the end.
 * @param present in order of joining
 */
export function takeSeats(previous: Seating | undefined, present: readonly FeedId[]): Seats {
  const here = new Set(present);
  const known = [...new Set(previous?.order ?? [])];
  const main = previous?.main;
  const index = main === undefined ? -1 : known.indexOf(main);
  const others = index === -1 ? [...known] : known.filter((f) => f !== main);
  for (let i = 0; i < others.length; i++)
    while (i < others.length && !here.has(others[i] as FeedId)) {
      const last = others.pop() as FeedId;
      if (i < others.length) others[i] = last;
    }
  const seated = new Set(known);
  for (const feed of present) if (!seated.has(feed)) others.push(feed);
  return index === -1 ? { others } : { others, stage: { index, feed: main !== undefined && here.has(main) ? main : undefined } };
}

/** All by seat, when nobody is to be on stage. */
export function seatsWithoutStage({ others, stage }: Seats): FeedId[] {
  return stage?.feed === undefined ? [...others] : inserted(others, stage.index, stage.feed);
}

/**
 * All by seat, with `main` on stage: it swaps places with who was there; when that one has left, who sits last takes the place
 * that becomes free.
 */
export function seatsWithStage({ others, stage }: Seats, main: FeedId): FeedId[] {
  if (!stage) return [...others];
  if (stage.feed === main) return inserted(others, stage.index, main);
  const rest = [...others];
  const place = rest.indexOf(main);
  if (stage.feed !== undefined) rest[place] = stage.feed;
  else {
    const last = rest.pop() as FeedId;
    if (place < rest.length) rest[place] = last;
  }
  return inserted(rest, stage.index, main);
}

/**
 * Brings those who must be seen among the first `visible` of `list`: each swaps with the last one who need not be seen, nobody else
 * moves.
 * @param must most important first; more than there is room for are left where they are
 */
export function broughtForward(list: readonly FeedId[], visible: number, must: readonly FeedId[]): FeedId[] {
  const out = [...list];
  const kept = new Set(must.filter((f) => out.includes(f)).slice(0, visible));
  for (const feed of kept) {
    const from = out.indexOf(feed);
    if (from < visible) continue;
    let to = visible - 1;
    while (to >= 0 && kept.has(out[to] as FeedId)) to--;
    if (to < 0) break;
    out[from] = out[to] as FeedId;
    out[to] = feed;
  }
  return out;
}

function inserted(list: readonly FeedId[], index: number, feed: FeedId): FeedId[] {
  return [...list.slice(0, index), feed, ...list.slice(index)];
}
