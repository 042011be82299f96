/**
 * What is on the canvas: feeds in slots, their places, names and avatars. Tells the canvas only what changed; pixels of feeds never
 * come by here.
 */
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import { computeLayout } from '../domain/layout/layout-engine.ts';
import type { Box, Layout, LayoutFeed, Region, Seating } from '../domain/layout/region.ts';
import { DEFAULT_TRANSITION_MS } from '../domain/room.ts';
import type { FeedInfo, ParticipantInfo } from '../media/feed-protocol.ts';
import { CANVAS_SLOTS, type Canvas, type SlotPlace } from './canvas.ts';
import { labelPlace, shownBox } from './label-place.ts';
import type { MixRoom } from './mix-ipc.ts';
import { Slots } from './slots.ts';
import { stillSize } from './still-size.ts';
import { Tile, type WantedLabel } from './tile.ts';
import { drawAvatar, drawLabel, drawMore, SPEAKER_BORDER_COLOUR, speakerBorderThickness } from './tile-pictures.ts';

/** The last one stands for those without a tile of their own. */
const MORE_SLOT = CANVAS_SLOTS - 1;
/** Of the canvas's shorter side and of the tile's height: names stay readable without covering faces on small tiles. */
const LABEL_SHARE = 1 / 20;
const LABEL_TILE_SHARE = 1 / 6;
/** Feeds are announced one by one; after a restart the first layout waits for all that are there, so that nobody changes seats. */
const FIRST_LAYOUT_MS = 30;
/** A slot is emptied when what left it has faded out, with some frames to spare. */
const FADED_MS = 200;

interface OnStage {
  info: FeedInfo;
  muted: boolean;
  hidden: boolean;
  pinned: boolean;
}

export interface StageOptions {
  /** Of the epoch before. */
  seating?: Seating;
  /** After each change of the layout. */
  laidOut?: (layout: Layout, feeds: readonly LayoutFeed[]) => void;
}

export class Stage {
  readonly #feeds = new Map<FeedId, OnStage>();
  readonly #tiles = new Map<FeedId, Tile>();
  readonly #leaving = new Map<FeedId, NodeJS.Timeout>();
  readonly #slots = new Slots(MORE_SLOT);
  readonly #more: Tile;
  readonly #placed = new Map<number, SlotPlace>();
  /** Told before the feeds they are for: after a restart of the mixer what a host has hidden must not show for a moment. */
  readonly #participants = new Map<ParticipantId, ParticipantInfo>();
  #speaker: ParticipantId | undefined;
  #room: MixRoom;
  #seating: Seating | undefined;
  #covered: readonly Box[] = [];
  #animated = true;
  #laidOut = false;
  #due: (() => void) | undefined;

  constructor(
    room: MixRoom,
    private readonly canvas: Canvas,
    private readonly options: StageOptions = {},
  ) {
    this.#room = room;
    this.#seating = options.seating;
    this.#more = new Tile(MORE_SLOT, canvas);
  }

  get feedCount(): number {
    return this.#feeds.size;
  }

  /** Ingest is there and tells its feeds now: with them, or without any, comes the first layout. */
  expectFeeds(): void {
    this.#changed();
  }

  addFeed(info: FeedInfo): void {
    const known = this.#feeds.get(info.feed);
    if (known) known.info = info;
    else {
      clearTimeout(this.#leaving.get(info.feed));
      this.#leaving.delete(info.feed);
      const participant = this.#participants.get(info.participant);
      this.#feeds.set(info.feed, {
        info,
        muted: isMuted(info, participant),
        hidden: participant?.videoHidden ?? false,
        pinned: participant?.pinned ?? false,
      });
    }
    this.#changed();
  }

  removeFeed(feed: FeedId): void {
    const known = this.#feeds.get(feed);
    if (!known) return;
    this.#feeds.delete(feed);
    if (![...this.#feeds.values()].some((f) => f.info.participant === known.info.participant)) this.#participants.delete(known.info.participant);
    if (this.#tiles.has(feed)) this.#leaving.set(feed, setTimeout(() => this.#empty(feed), this.#transitionMs() + FADED_MS));
    this.#changed();
  }

  changeParticipant(changed: ParticipantInfo): void {
    this.#participants.set(changed.participant, changed);
    for (const feed of this.#feeds.values()) {
      if (feed.info.participant !== changed.participant) continue;
      feed.info = { ...feed.info, name: changed.name };
      feed.muted = isMuted(feed.info, changed);
      feed.hidden = changed.videoHidden;
      feed.pinned = changed.pinned;
    }
    this.#changed();
  }

  changeSpeaker(participant: ParticipantId | undefined): void {
    this.#speaker = participant;
    this.#changed();
  }

  changeRoom(room: MixRoom): void {
    this.#room = room;
    this.#changed();
  }

  /** What lies over the tiles: names keep clear of it. */
  changeCovered(boxes: readonly Box[]): void {
    this.#covered = boxes;
    if (this.#laidOut) this.#changed();
  }

  /** Without animation every change is there at once. */
  setAnimated(animated: boolean): void {
    this.#animated = animated;
  }

  /** Ingest is away. */
  clear(): void {
    for (const feed of [...this.#feeds.keys()]) this.removeFeed(feed);
    this.#participants.clear();
  }

  close(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
    this.#due?.();
  }

  #transitionMs(): number {
    return this.#animated ? (this.#room.layout.transitionMs ?? DEFAULT_TRANSITION_MS) : 0;
  }

  /** What was told in one go makes one layout. */
  #changed(): void {
    if (this.#due) return;
    const apply = (): void => {
      this.#due = undefined;
      this.#apply();
    };
    if (this.#laidOut) {
      const soon = setImmediate(apply);
      this.#due = () => clearImmediate(soon);
    } else {
      const later = setTimeout(apply, FIRST_LAYOUT_MS);
      this.#due = () => clearTimeout(later);
    }
  }

  #apply(): void {
    const { width, height } = this.#room.video;
    const feeds: LayoutFeed[] = [...this.#feeds.values()].map((f) => ({
      feed: f.info.feed,
      participant: f.info.participant,
      source: f.info.source,
      pinned: f.pinned,
      hidden: f.hidden,
      ...(f.info.aspect === undefined ? {} : { aspect: f.info.aspect }),
    }));
    const layout = computeLayout({
      choice: this.#room.layout,
      width,
      height,
      feeds,
      ...(this.#speaker === undefined ? {} : { speaker: this.#speaker }),
      ...(this.#seating ? { seating: this.#seating } : {}),
    });
    this.#seating = layout.seating;
    const places: SlotPlace[] = [];
    const tops = [...layout.regions, ...(layout.more ? [layout.more] : [])];
    for (const region of layout.regions) {
      const tile = this.#tileOf(region.feed, layout.regions);
      if (!tile) continue;
      const above = tops.filter((top) => top.z > region.z);
      this.#dress(tile, this.#feeds.get(region.feed) as OnStage, region, [...this.#covered, ...above]);
      const { feed: _, ...box } = region;
      places.push({ slot: tile.slot, ...box, visible: true });
    }
    if (layout.more) {
      const { count, ...box } = layout.more;
      const size = stillSize(box.width, box.height);
      this.#more.showStill(`${count} ${size.width}x${size.height}`, () => drawMore(count, size.width, size.height));
      places.push({ slot: MORE_SLOT, ...box, visible: true, fit: 'cover' });
    }
    for (const [feed, tile] of this.#tiles) this.#showFeed(tile, this.#feeds.get(feed));
    this.#place(places);
    this.options.laidOut?.(layout, feeds);
  }

  /** The feed's tile; a feed that has been shown keeps its slot, unless there are too many and it is not shown now. */
  #tileOf(feed: FeedId, regions: readonly Region[]): Tile | undefined {
    const has = this.#tiles.get(feed);
    if (has) return has;
    let slot = this.#slots.take(feed);
    if (slot === undefined) {
      const shown = new Set(regions.map((r) => r.feed));
      const unseen = [...this.#tiles.keys()].find((f) => !shown.has(f));
      if (unseen === undefined) return undefined;
      this.#empty(unseen);
      slot = this.#slots.take(feed);
      if (slot === undefined) return undefined;
    }
    const tile = new Tile(slot, this.canvas);
    this.#tiles.set(feed, tile);
    return tile;
  }

  #showFeed(tile: Tile, on: OnStage | undefined): void {
    if (!on) return; // fades out with its last picture
    tile.showFeed(on.info.video && !on.hidden && on.info.ring !== '' ? on.info.ring : undefined);
  }

  #dress(tile: Tile, on: OnStage, region: Region, covers: readonly Box[]): void {
    const { overlays, video } = this.#room;
    const { name, participant } = on.info;
    const size = stillSize(region.width, region.height);
    tile.showStill(`${size.width}x${size.height} ${name}`, () => drawAvatar(name, size.width, size.height));
    tile.showLabel(overlays.labels && name !== '' ? this.#label(on, region, covers) : undefined);
    const speaks = overlays.speakerBorder === true && participant === this.#speaker && on.info.source === 'camera';
    tile.showBorder(speaks ? { thickness: speakerBorderThickness(video.width, video.height), colour: SPEAKER_BORDER_COLOUR } : undefined);
  }

  #label({ info: { name, video, aspect }, muted }: OnStage, region: Region, covers: readonly Box[]): WantedLabel {
    const shorter = Math.min(this.#room.video.width, this.#room.video.height);
    const height = Math.max(16, Math.min(shorter * LABEL_SHARE, region.height * LABEL_TILE_SHARE));
    const margin = Math.round(height / 4);
    return {
      key: `${muted} ${region.width}x${region.height} ${name}`,
      draw: () => drawLabel(name, muted, height, Math.max(32, region.width - 2 * margin)),
      place: (label) => labelPlace(shownBox(region, video ? aspect : undefined), label, margin, covers),
    };
  }

  #place(places: readonly SlotPlace[]): void {
    const changes = places.filter((place) => !same(place, this.#placed.get(place.slot)));
    const seen = new Set(places.map((p) => p.slot));
    for (const [slot, before] of this.#placed)
      if (!seen.has(slot)) {
        this.#placed.delete(slot);
        changes.push({ ...before, visible: false });
      }
    for (const place of places) this.#placed.set(place.slot, place);
    if (changes.length === 0) return;
    // the first people of a programme are simply there
    this.canvas.setLayout(this.#laidOut ? this.#transitionMs() : 0, changes);
    this.#laidOut = true;
  }

  #empty(feed: FeedId): void {
    clearTimeout(this.#leaving.get(feed));
    this.#leaving.delete(feed);
    this.#tiles.get(feed)?.clear();
    this.#tiles.delete(feed);
    this.#slots.release(feed);
  }
}

function isMuted({ source }: FeedInfo, participant: ParticipantInfo | undefined): boolean {
  return participant !== undefined && (participant.audioMuted || (source === 'camera' && participant.microphoneOff === true));
}

function same(a: SlotPlace & Box, b: SlotPlace | undefined): boolean {
  return b !== undefined && a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height && a.z === b.z && a.fit === b.fit;
}
