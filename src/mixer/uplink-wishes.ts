/** What each publisher is asked to send, as the layout changes (rule: domain/uplink.ts). Tells only what is new. */
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import type { Layout, LayoutFeed } from '../domain/layout/region.ts';
import type { VideoFormat } from '../domain/room.ts';
import { sameWish, settleUplink, uplinkWish, type UplinkNeed, type UplinkSettling, type UplinkWish } from '../domain/uplink.ts';

interface Known {
  participant: ParticipantId;
  need: UplinkNeed;
  settling: UplinkSettling | undefined;
}

export class UplinkWishes {
  readonly #feeds = new Map<FeedId, Known>();
  #rungsDown = 0;

  constructor(
    private readonly canvas: VideoFormat,
    private readonly tell: (wishes: Record<ParticipantId, UplinkWish[]>) => void,
  ) {}

  laidOut(layout: Layout, feeds: readonly LayoutFeed[], nowMs: number): void {
    const regions = new Map(layout.regions.map((r) => [r.feed, r]));
    const here = new Set(feeds.map((f) => f.feed));
    for (const feed of this.#feeds.keys()) if (!here.has(feed)) this.#feeds.delete(feed);
    for (const { feed, participant, source, aspect } of feeds) {
      const region = regions.get(feed);
      const need: UplinkNeed = {
        source,
        box: region && { width: region.width, height: region.height },
        fit: region?.fit ?? 'cover',
        canvas: this.canvas,
        ...(aspect === undefined ? {} : { aspect }),
      };
      const known = this.#feeds.get(feed);
      if (known) known.need = need;
      else this.#feeds.set(feed, { participant, need, settling: undefined });
    }
    this.tick(nowMs);
  }

  /** So many sizes smaller, by the degrade ladder. */
  setRungsDown(rungsDown: number, nowMs: number): void {
    if (rungsDown === this.#rungsDown) return;
    this.#rungsDown = rungsDown;
    this.tick(nowMs);
  }

  /** Call about twice a second: less is asked for only after a while. */
  tick(nowMs: number): void {
    const changed = new Set<ParticipantId>();
    for (const known of this.#feeds.values()) {
      const told = known.settling?.told;
      const wish = uplinkWish({ ...known.need, rungsDown: this.#rungsDown, ...(told ? { previous: told } : {}) });
      known.settling = settleUplink(known.settling, wish, nowMs);
      if (!told || !sameWish(told, known.settling.told)) changed.add(known.participant);
    }
    if (changed.size === 0) return;
    const wishes: Record<ParticipantId, UplinkWish[]> = {};
    for (const { participant, settling } of this.#feeds.values())
      if (settling && changed.has(participant)) (wishes[participant] ??= []).push(settling.told);
    this.tell(wishes);
  }
}
