/**
 * What is on the canvas: feeds in slots, their places, names and avatars. Tells the graph only what changed.
 */
import { computeLayout } from '../domain/layout/layout-engine.ts';
import type { LayoutFeed, Region } from '../domain/layout/region.ts';
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import type { FeedInfo, ParticipantInfo } from '../media/feed-protocol.ts';
import type { RingFrame } from '../media/frame-ring.ts';
import type { GraphHost } from './graph-host.ts';
import type { MixRoom } from './mix-ipc.ts';
import { containBox, coverCrop, cropI420, packable, type Crop } from './picture-crop.ts';
import { Slots } from './slots.ts';
import { AVATAR_HEIGHT, AVATAR_WIDTH, drawAvatar, drawLabel } from './tile-pictures.ts';

/** Length of a layout change; all of it is over within the 500 ms of http-api.md. */
const TRANSITION_MS = 300;
const LABEL_SHARE = 1 / 20;

interface OnStage {
  info: FeedInfo;
  muted: boolean;
  hidden: boolean;
  pinned: boolean;
  slot: number | undefined;
  region: Region | undefined;
  /** Of the last picture, upright. */
  width: number;
  height: number;
  /** An avatar or a picture has gone into the slot. */
  filled: boolean;
  avatar: string | undefined;
  label: string | undefined;
}

export type StageGraph = Pick<GraphHost, 'pushPicture' | 'setLayout' | 'setPicture'>;

export class Stage {
  readonly #feeds = new Map<FeedId, OnStage>();
  readonly #slots: Slots;
  readonly #placed = new Map<number, string>();
  /** Told before the feeds they are for: after a restart of the mixer what a host has hidden must not show for a moment. */
  readonly #participants = new Map<ParticipantId, ParticipantInfo>();
  #speaker: ParticipantId | undefined;
  #room: MixRoom;
  #laidOut = false;

  constructor(
    room: MixRoom,
    private readonly graph: StageGraph,
    slotCount: number,
  ) {
    this.#room = room;
    this.#slots = new Slots(slotCount);
  }

  get feedCount(): number {
    return this.#feeds.size;
  }

  addFeed(info: FeedInfo): void {
    const known = this.#feeds.get(info.feed);
    if (known) {
      const cameraOff = known.info.video && !info.video;
      known.info = info;
      if (cameraOff) known.avatar = undefined;
    } else {
      const slot = this.#slots.take(info.feed);
      const participant = this.#participants.get(info.participant);
      this.#feeds.set(info.feed, {
        info,
        muted: participant?.audioMuted ?? false,
        hidden: participant?.videoHidden ?? false,
        pinned: participant?.pinned ?? false,
        slot,
        region: undefined,
        width: AVATAR_WIDTH,
        height: AVATAR_HEIGHT,
        filled: false,
        avatar: undefined,
        label: undefined,
      });
    }
    this.#apply();
  }

  removeFeed(feed: FeedId): void {
    const known = this.#feeds.get(feed);
    if (!known) return;
    this.#feeds.delete(feed);
    if (![...this.#feeds.values()].some((f) => f.info.participant === known.info.participant)) this.#participants.delete(known.info.participant);
    this.#slots.release(feed);
    if (known.slot !== undefined) this.graph.setPicture(String(known.slot));
    for (const waiting of this.#feeds.values()) waiting.slot ??= this.#slots.take(waiting.info.feed);
    this.#apply();
  }

  changeParticipant(changed: ParticipantInfo): void {
    this.#participants.set(changed.participant, changed);
    for (const feed of this.#feeds.values()) {
      if (feed.info.participant !== changed.participant) continue;
      feed.info = { ...feed.info, name: changed.name };
      feed.muted = changed.audioMuted;
      feed.hidden = changed.videoHidden;
      feed.pinned = changed.pinned;
    }
    this.#apply();
  }

  changeSpeaker(participant: ParticipantId | undefined): void {
    this.#speaker = participant;
    this.#apply();
  }

  changeRoom(room: MixRoom): void {
    this.#room = room;
    this.#apply();
  }

  clear(): void {
    for (const feed of [...this.#feeds.keys()]) this.removeFeed(feed);
    this.#participants.clear();
  }

  /** `frame.pixels` is copied before this returns. */
  showPicture(feed: FeedId, frame: RingFrame): void {
    const on = this.#feeds.get(feed);
    if (!on || on.slot === undefined || !on.info.video || on.hidden) return;
    const turned = frame.rotation === 90 || frame.rotation === 270;
    const width = turned ? frame.height : frame.width;
    const height = turned ? frame.width : frame.height;
    const reshaped = on.width !== width || on.height !== height;
    const first = !on.filled;
    on.width = width;
    on.height = height;
    on.filled = true;
    on.avatar = undefined;
    this.#push(on, frame.pixels, frame.width, frame.height, frame.rotation, frame.ptsNs);
    if (first || (reshaped && on.region?.fit === 'contain')) this.#apply();
  }

  #push(on: OnStage, pixels: Buffer, width: number, height: number, rotation: number, ptsNs: bigint): void {
    if (on.slot === undefined) return;
    const region = on.region;
    const crop = packable(width, height, region?.fit === 'cover' ? coverCrop(width, height, rotation, region.width, region.height) : undefined);
    if (crop && (crop.width < 2 || crop.height < 2)) return; // too small to show
    if (crop) this.graph.pushPicture(on.slot, cropI420(pixels, width, height, crop), crop.width, crop.height, rotation, ptsNs);
    else this.graph.pushPicture(on.slot, pixels, width, height, rotation, ptsNs);
  }

  #apply(): void {
    const { width, height } = this.#room.video;
    const feeds: LayoutFeed[] = [...this.#feeds.values()]
      .filter((f) => f.slot !== undefined)
      .map((f) => ({ feed: f.info.feed, participant: f.info.participant, source: f.info.source, pinned: f.pinned, hidden: f.hidden }));
    const regions = new Map(
      computeLayout({ choice: this.#room.layout, width, height, feeds, ...(this.#speaker ? { speaker: this.#speaker } : {}) }).regions.map((r) => [r.feed, r]),
    );
    const changes: string[] = [];
    const seen = new Set<number>();
    for (const on of this.#feeds.values()) {
      if (on.slot === undefined) continue;
      on.region = regions.get(on.info.feed);
      this.#showAvatarIfNeeded(on);
      this.#label(on);
      if (!on.region || !on.filled) continue;
      seen.add(on.slot);
      const text = placeText(on, on.region);
      if (this.#placed.get(on.slot) === text) continue;
      this.#placed.set(on.slot, text);
      changes.push(`${on.slot} ${text} 100`);
    }
    for (const [slot, text] of this.#placed)
      if (!seen.has(slot)) {
        this.#placed.delete(slot);
        changes.push(`${slot} ${text} 0`);
      }
    if (changes.length === 0) return;
    // the first people of a programme are simply there
    this.graph.setLayout([String(this.#laidOut ? TRANSITION_MS : 0), ...changes].join(';'));
    this.#laidOut = true;
  }

  #showAvatarIfNeeded(on: OnStage): void {
    if (on.info.video || !on.region) return;
    const key = `${on.info.name} ${on.region.width}x${on.region.height}`;
    if (on.avatar === key) return;
    on.avatar = key;
    on.width = AVATAR_WIDTH;
    on.height = AVATAR_HEIGHT;
    on.filled = true;
    this.#push(on, drawAvatar(on.info.name), AVATAR_WIDTH, AVATAR_HEIGHT, 0, process.hrtime.bigint());
  }

  #label(on: OnStage): void {
    if (on.slot === undefined) return;
    const region = on.region;
    const wanted = this.#room.overlays.labels && region && on.info.name !== '' ? `${on.muted} ${region.width} ${on.info.name}` : undefined;
    if (wanted === on.label) return;
    on.label = wanted;
    if (wanted === undefined || !region) {
      this.graph.setPicture(String(on.slot));
      return;
    }
    const size = Math.max(16, this.#room.video.height * LABEL_SHARE);
    const margin = Math.round(size / 4);
    const picture = drawLabel(on.info.name, on.muted, size, Math.max(32, region.width - 2 * margin));
    this.graph.setPicture(`${on.slot} ${on.slot} ${margin} ${-margin} ${picture.width} ${picture.height} ${picture.pixels.toString('base64')}`);
  }
}

/** `x y w h z`. */
function placeText(on: OnStage, region: Region): string {
  const box: Crop = region.fit === 'contain' ? containBox(on.width, on.height, region) : region;
  return `${box.x} ${box.y} ${box.width} ${box.height} ${region.z}`;
}
