import type { FeedId, ParticipantId } from '../ids.ts';
import type { LayoutChoice, SourceKind } from '../room.ts';

/** A feed as the layout engine sees it. */
export interface LayoutFeed {
  feed: FeedId;
  participant: ParticipantId;
  source: SourceKind;
  pinned: boolean;
  hidden: boolean;
}

export interface LayoutInput {
  choice: LayoutChoice;
  /** Canvas in pixels. */
  width: number;
  height: number;
  /** In order of joining. */
  feeds: readonly LayoutFeed[];
  /** The participant now on stage, chosen with hysteresis. */
  speaker?: ParticipantId;
}

/** Where a feed goes on the canvas: even pixels, inside the canvas. */
export interface Region {
  feed: FeedId;
  x: number;
  y: number;
  width: number;
  height: number;
  z: number;
  fit: 'cover' | 'contain';
}
