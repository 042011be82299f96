import type { FeedId, ParticipantId } from '../ids.ts';
import type { LayoutChoice, LayoutPreset, SourceKind } from '../room.ts';

/** A feed as the layout engine sees it. */
export interface LayoutFeed {
  feed: FeedId;
  participant: ParticipantId;
  source: SourceKind;
  pinned: boolean;
  hidden: boolean;
  /** Width ÷ height of its upright picture, when known: for what its publisher is asked to send; the layout does not depend on it. */
  aspect?: number;
}

/**
 * Who sits where, carried from one layout to the next (and, as JSON, from one mixer process to the next), so that a join or a
 * leave moves as few tiles as possible.
 */
export interface Seating {
  /** Feeds by seat. */
  order: readonly FeedId[];
  /** Shown large by the last layout that has such a place. */
  main?: FeedId;
  /** Whose feed it is and of what, by seat: who publishes anew (another feed) keeps the seat. */
  owners?: readonly string[];
}

export interface LayoutInput {
  choice: LayoutChoice;
  /** Canvas in pixels, even. */
  width: number;
  height: number;
  /** In order of joining. */
  feeds: readonly LayoutFeed[];
  /** The dominant speaker, chosen with hysteresis (domain/speaker.ts). */
  speaker?: ParticipantId;
  /** Of the layout before; without it people sit in order of joining. */
  seating?: Seating;
}

/** Even pixels inside the canvas. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where a feed goes on the canvas. `contain` keeps the whole picture inside the box, `cover` fills the box and crops. */
export interface Region extends Box {
  feed: FeedId;
  z: number;
  fit: 'cover' | 'contain';
}

export interface Layout {
  /** Every feed at most once. */
  regions: Region[];
  /** The tile that stands for the `count` people who have a picture that found no place. */
  more?: Box & { z: number; count: number };
  /** What is shown: differs from the choice while a screen is shared. */
  preset: LayoutPreset;
  seating: Seating;
}
