import { describe, expect, it } from 'vitest';
import type { FeedId, ParticipantId } from '../domain/ids.ts';
import { computeLayout } from '../domain/layout/layout-engine.ts';
import type { LayoutFeed } from '../domain/layout/region.ts';
import type { LayoutPreset } from '../domain/room.ts';
import { LESS_AFTER_MS, type UplinkWish } from '../domain/uplink.ts';
import { UplinkWishes } from './uplink-wishes.ts';

const canvas = { width: 1280, height: 720, frameRate: 30 };

function wishes() {
  const told: Record<string, UplinkWish[]>[] = [];
  const uplink = new UplinkWishes(canvas, (w) => told.push(w));
  const show = (preset: LayoutPreset, feeds: LayoutFeed[], nowMs: number) => uplink.laidOut(computeLayout({ choice: { preset }, ...canvas, feeds }), feeds, nowMs);
  return { uplink, told, show };
}
function feed(n: number, extra: Partial<LayoutFeed> = {}): LayoutFeed {
  return { feed: `p${n}-${extra.source ?? 'camera'}` as FeedId, participant: `p${n}` as ParticipantId, source: 'camera', pinned: false, hidden: false, ...extra };
}

describe('UplinkWishes', () => {
  it('tells everybody once, and nothing twice', () => {
    const { told, show } = wishes();
    show('grid', [feed(1), feed(2)], 0);
    show('grid', [feed(1), feed(2)], 100);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ p1: [{ source: 'camera', width: 640, height: 360, shown: true }], p2: [{ width: 640 }] });
  });

  it('asks a phone that is held upright for enough to fill a wide tile', () => {
    const { told, show } = wishes();
    show('grid', [feed(1, { aspect: 9 / 16 }), feed(2)], 0);
    expect(told[0]).toMatchObject({ p1: [{ width: 720, height: 1280 }], p2: [{ width: 640, height: 360 }] });
  });

  it('asks for more at once and for less after a while, only of those it concerns', () => {
    const { uplink, told, show } = wishes();
    const feeds = [feed(1), feed(2)];
    show('grid', feeds, 0);
    show('single', feeds, 1000);
    expect(told.slice(1)).toMatchObject([{ p1: [{ width: 1280, shown: true }] }]);
    expect(Object.keys(told[1] ?? {})).toEqual(['p1']);
    uplink.tick(1000 + LESS_AFTER_MS - 1);
    expect(told).toHaveLength(2);
    uplink.tick(1000 + LESS_AFTER_MS);
    expect(told[2]).toEqual({ p2: [expect.objectContaining({ shown: false })] });
  });

  it('names all sources of a participant when one of them changes', () => {
    const { told, show } = wishes();
    show('grid', [feed(1)], 0);
    show('grid', [feed(1), feed(1, { source: 'screen' })], 10_000);
    expect(told[1]?.p1?.map((w) => w.source).sort()).toEqual(['camera', 'screen']);
  });

  it('asks for smaller pictures when the ladder says so, and tells who comes back anew', () => {
    const { uplink, told, show } = wishes();
    show('single', [feed(1)], 0);
    uplink.setRungsDown(1, 0);
    uplink.tick(LESS_AFTER_MS);
    expect(told[1]).toMatchObject({ p1: [{ width: 854 }] });
    show('single', [], 5000);
    show('single', [feed(1)], 6000);
    expect(told).toHaveLength(3);
  });
});
