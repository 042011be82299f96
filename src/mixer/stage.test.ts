import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FeedId, ParticipantId, RoomId } from '../domain/ids.ts';
import type { Layout } from '../domain/layout/region.ts';
import type { FeedInfo, ParticipantInfo } from '../media/feed-protocol.ts';
import { CANVAS_SLOTS, type Canvas } from './canvas.ts';
import type { MixRoom } from './mix-ipc.ts';
import { Stage, type StageOptions } from './stage.ts';

const room: MixRoom = { id: 'r' as RoomId, layout: { preset: 'grid', gap: 0 }, overlays: { labels: false }, recording: false, images: {}, video: { width: 1280, height: 720, frameRate: 30 } };
const MORE = CANVAS_SLOTS - 1;

/** Notes what the stage tells the canvas, in short words. */
class NotedCanvas implements Canvas {
  readonly said: string[] = [];
  setFeed(slot: number, ring: string | undefined): void {
    this.said.push(`feed ${slot} ${ring ?? '-'}`);
  }
  setStill(slot: number, still: { width: number; height: number } | undefined): void {
    this.said.push(`still ${slot} ${still ? `${still.width}x${still.height}` : '-'}`);
  }
  setLayout(transitionMs: number, places: Parameters<Canvas['setLayout']>[1]): void {
    this.said.push(`layout ${transitionMs} ${places.map((p) => `${p.slot}:${p.x},${p.y},${p.width}x${p.height}${p.visible ? '' : ' out'}`).join(' ')}`);
  }
  setPicture(id: number, picture: Parameters<Canvas['setPicture']>[1]): void {
    this.said.push(`picture ${id} ${picture ? `in ${picture.slot} at ${picture.x},${picture.y} high ${picture.height}` : '-'}`);
  }
  setBorder(slot: number, border: { thickness: number } | undefined): void {
    this.said.push(`border ${slot} ${border?.thickness ?? '-'}`);
  }
  setBackground(): void {}
  setFrameStep(): void {}
  setRenditionStep(): void {}
  /** What was said since the last call, of one kind. */
  take(kind: string): string[] {
    return this.said.splice(0).filter((line) => line.startsWith(kind));
  }
}

function stage(options: StageOptions = {}, of = room) {
  const canvas = new NotedCanvas();
  return { canvas, on: new Stage(of, canvas, options) };
}
function feed(n: number, extra: Partial<FeedInfo> = {}): FeedInfo {
  return { feed: `p${n}` as FeedId, index: n, participant: `p${n}` as ParticipantId, name: `P ${n}`, source: 'camera', ring: `/dev/shm/tessera-${n}`, video: true, audio: true, joinedAtNs: '0', ...extra };
}
function person(n: number, extra: Partial<ParticipantInfo> = {}): ParticipantInfo {
  return { participant: `p${n}` as ParticipantId, name: `P ${n}`, audioMuted: false, videoHidden: false, pinned: false, ...extra };
}
/** Lets what was told take effect. */
const settle = (ms = 40): void => void vi.advanceTimersByTime(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Stage', () => {
  it('places a feed at once with its avatar, and says nothing twice', () => {
    const { on, canvas } = stage();
    on.addFeed(feed(1, { video: false, ring: '' }));
    settle();
    expect(canvas.said).toEqual(['still 0 960x540', 'layout 0 0:0,0,1280x720']);
    on.addFeed(feed(1, { video: false, ring: '' }));
    on.changeSpeaker('p1' as ParticipantId);
    settle();
    expect(canvas.said).toHaveLength(2);
    on.addFeed(feed(1));
    settle();
    expect(canvas.said.slice(2)).toEqual(['feed 0 /dev/shm/tessera-1']);
  });

  it('makes one layout of what is told in one go: the first people of a programme are simply there', () => {
    const { on, canvas } = stage();
    on.addFeed(feed(1));
    on.addFeed(feed(2));
    settle();
    expect(canvas.take('layout')).toEqual(['layout 0 0:0,180,640x360 1:640,180,640x360']);
    on.addFeed(feed(3));
    on.addFeed(feed(4));
    settle();
    expect(canvas.take('layout')).toEqual([expect.stringMatching(/^layout 300 .*2:.*3:/)]);
  });

  it('moves as long as the layout says, and not at all without animation', () => {
    const { on, canvas } = stage();
    on.addFeed(feed(1));
    settle();
    canvas.take('');
    on.changeRoom({ ...room, layout: { ...room.layout, transitionMs: 0 } });
    on.addFeed(feed(2));
    settle();
    expect(canvas.take('layout')[0]).toMatch(/^layout 0 /);
    on.changeRoom({ ...room, layout: { ...room.layout, transitionMs: 900 } });
    on.addFeed(feed(3));
    settle();
    expect(canvas.take('layout')[0]).toMatch(/^layout 900 /);
    on.setAnimated(false);
    on.removeFeed('p3' as FeedId);
    settle();
    expect(canvas.take('layout')[0]).toMatch(/^layout 0 /);
  });

  it('lets who leaves fade out with the last picture, then empties the slot', () => {
    const { on, canvas } = stage();
    on.addFeed(feed(1));
    on.addFeed(feed(2));
    settle();
    canvas.take('');
    on.removeFeed('p2' as FeedId);
    settle();
    expect(canvas.said).toEqual(['still 0 960x540', 'layout 300 0:0,0,1280x720 1:640,180,640x360 out']);
    settle(1000);
    expect(canvas.said.slice(2)).toEqual(['feed 1 -', 'still 1 -']);
  });

  it('shows the avatar while the camera is off or hidden by a host', () => {
    const { on, canvas } = stage();
    on.addFeed(feed(1));
    settle();
    on.addFeed(feed(1, { video: false }));
    settle();
    on.addFeed(feed(1));
    settle();
    expect(canvas.take('feed')).toEqual(['feed 0 /dev/shm/tessera-1', 'feed 0 -', 'feed 0 /dev/shm/tessera-1']);
    on.changeParticipant(person(1, { videoHidden: true }));
    settle();
    expect(canvas.take('')).toEqual(['feed 0 -', 'layout 300 0:0,0,1280x720 out']);
  });

  it('follows a feed to a larger ring', () => {
    const { on, canvas } = stage();
    on.addFeed(feed(1));
    settle();
    on.addFeed(feed(1, { ring: '/dev/shm/tessera-1b' }));
    settle();
    expect(canvas.take('feed')).toEqual(['feed 0 /dev/shm/tessera-1', 'feed 0 /dev/shm/tessera-1b']);
  });

  it('draws a name when it is wanted or changes, and removes it', () => {
    const { on, canvas } = stage();
    on.addFeed(feed(1));
    on.changeRoom({ ...room, overlays: { labels: true } });
    settle();
    on.changeRoom({ ...room, overlays: { labels: true } });
    settle();
    on.changeParticipant(person(1, { audioMuted: true }));
    settle();
    on.changeRoom(room);
    settle();
    const pictures = canvas.take('picture');
    expect(pictures).toEqual(['picture 0 in 0 at 9,-9 high 36', 'picture 0 in 0 at 9,-9 high 36', 'picture 0 -']);
  });

  it('marks who has the microphone off, but not the screen that they share', () => {
    const { on, canvas } = stage({}, { ...room, overlays: { labels: true } });
    on.addFeed(feed(1));
    on.addFeed(feed(1, { feed: 'p1s' as FeedId, source: 'screen' }));
    settle();
    // the screen is large and came first
    const drawn = (): (string | undefined)[] => canvas.take('picture').map((line) => line.split(' ')[1]);
    expect(drawn()).toEqual(['0', '1']);
    on.changeParticipant(person(1, { microphoneOff: true }));
    settle();
    expect(drawn()).toEqual(['1']);
    on.changeParticipant(person(1, { audioMuted: true }));
    settle();
    expect(drawn()).toEqual(['0']);
  });

  it('moves a name out of the way of overlays and of tiles above it, and says nothing when it may stay', () => {
    const { on, canvas } = stage({}, { ...room, overlays: { labels: true } });
    for (let n = 1; n <= 4; n++) on.addFeed(feed(n));
    settle();
    expect(canvas.take('picture')).toHaveLength(4);
    const banner = { x: 0, y: 640, width: 1280, height: 80 };
    on.changeCovered([banner]);
    settle();
    expect(canvas.take('')).toEqual(['picture 2 in 2 at 9,9 high 36', 'picture 3 in 3 at 9,9 high 36']);
    on.changeCovered([{ ...banner, y: 600, height: 120 }]);
    settle();
    expect(canvas.take('')).toEqual([]);
    on.changeCovered([banner, { x: 0, y: 360, width: 400, height: 60 }]);
    settle();
    expect(canvas.take('')).toEqual(['picture 2 -']);
    on.changeParticipant(person(3, { audioMuted: true }));
    settle();
    expect(canvas.take('')).toEqual([]);
    on.changeCovered([]);
    settle();
    expect(canvas.take('')).toEqual(['picture 2 in 2 at 9,-9 high 36', 'picture 3 in 3 at 9,-9 high 36']);
    // the second tile lies over the corner of the first
    const regions = [
      { slot: 0, source: 'camera' as const, x: 0, y: 0, width: 1, height: 1, z: 0, fit: 'cover' as const },
      { slot: 1, source: 'camera' as const, x: 0, y: 0.5, width: 0.5, height: 0.5, z: 1, fit: 'cover' as const },
    ];
    on.changeRoom({ ...room, overlays: { labels: true }, layout: { preset: 'custom', regions } });
    settle();
    expect(canvas.take('picture')).toEqual(['picture 0 in 0 at 9,9 high 36']);
  });

  it('does not lay anybody out for overlays that are there before the people', () => {
    const layouts: Layout[] = [];
    const { on } = stage({ laidOut: (layout) => layouts.push(layout) });
    on.changeCovered([{ x: 0, y: 640, width: 1280, height: 80 }]);
    settle();
    expect(layouts).toEqual([]);
  });

  it('draws a border around the camera of who speaks', () => {
    const { on, canvas } = stage({}, { ...room, overlays: { labels: false, speakerBorder: true } });
    on.addFeed(feed(1));
    on.addFeed(feed(2));
    on.changeSpeaker('p1' as ParticipantId);
    settle();
    on.changeSpeaker('p2' as ParticipantId);
    settle();
    on.changeRoom(room);
    settle();
    expect(canvas.take('border')).toEqual(['border 0 4', 'border 0 -', 'border 1 4', 'border 1 -']);
  });

  it('knows who is hidden, muted or pinned before their feed comes, as after a restart', () => {
    const { on, canvas } = stage();
    on.changeParticipant(person(1, { videoHidden: true }));
    on.addFeed(feed(1));
    settle();
    expect(canvas.said).toEqual([]);
    on.changeParticipant(person(1));
    settle();
    expect(canvas.take('feed')).toEqual(['feed 0 /dev/shm/tessera-1']);
  });

  it('goes on with the seats of the mix before, and tells the ones it has', () => {
    const layouts: Layout[] = [];
    const seating = { order: ['p2', 'p1'] as FeedId[] };
    const { on, canvas } = stage({ seating, laidOut: (layout) => layouts.push(layout) });
    on.addFeed(feed(1));
    on.addFeed(feed(2));
    settle();
    expect(layouts[0]?.seating.order).toEqual(['p2', 'p1']);
    const [places] = canvas.take('layout');
    const left = layouts[0]?.regions.find((r) => r.x === 0);
    expect(left?.feed).toBe('p2');
    expect(places).toContain(':0,180,640x360');
  });

  it('counts people without a tile on a tile of its own', () => {
    const { on, canvas } = stage();
    for (let n = 1; n <= 30; n++) on.addFeed(feed(n));
    settle();
    expect(canvas.said.filter((line) => line.startsWith(`still ${MORE} `))).toHaveLength(1);
    expect(canvas.take('layout')[0]).toContain(` ${MORE}:`);
    for (let n = 30; n > 20; n--) on.removeFeed(`p${n}` as FeedId);
    settle();
    expect(canvas.take('layout')[0]).toMatch(new RegExp(` ${MORE}:\\S+ out`));
  });

  it('has a slot for whoever is shown, however many have been', () => {
    const { on, canvas } = stage({}, { ...room, layout: { preset: 'single' } });
    for (let n = 1; n <= 100; n++) {
      on.addFeed(feed(n));
      on.changeParticipant(person(n, { pinned: true }));
      if (n > 1) on.changeParticipant(person(n - 1));
      settle();
    }
    const slots = canvas.take('feed').map((line) => line.split(' '));
    expect(slots.some(([, , ring]) => ring === '/dev/shm/tessera-100')).toBe(true);
    expect(Math.max(...slots.map(([, slot]) => Number(slot)))).toBeLessThan(MORE);
  });
});
