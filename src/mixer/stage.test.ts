import { describe, expect, it } from 'vitest';
import type { FeedId, ParticipantId, RoomId } from '../domain/ids.ts';
import type { FeedInfo } from '../media/feed-protocol.ts';
import type { RingFrame } from '../media/frame-ring.ts';
import type { MixRoom } from './mix-ipc.ts';
import { Stage, type StageGraph } from './stage.ts';

const room: MixRoom = { id: 'r' as RoomId, layout: { preset: 'grid' }, overlays: { labels: false }, recording: false, images: {}, video: { width: 1280, height: 720, frameRate: 30 } };

/** Notes what the stage tells the graph; pictures as `slot WxH`. */
function stage(slots = 4) {
  const layouts: string[] = [];
  const pictures: string[] = [];
  const overlays: string[] = [];
  const graph: StageGraph = {
    setLayout: (text) => layouts.push(text),
    pushPicture: (slot, _pixels, width, height) => pictures.push(`${slot} ${width}x${height}`),
    setPicture: (text) => overlays.push(text.split(' ').slice(0, 6).join(' ')),
  };
  return { stage: new Stage(room, graph, slots), layouts, pictures, overlays };
}
function feed(n: number, extra: Partial<FeedInfo> = {}): FeedInfo {
  return { feed: `p${n}` as FeedId, index: n, participant: `p${n}` as ParticipantId, name: `P ${n}`, source: 'camera', ring: '', video: true, audio: true, joinedAtNs: '0', ...extra };
}
function frame(width = 640, height = 360, rotation = 0): RingFrame {
  return { sequence: 1n, width, height, rotation, ptsNs: 0n, pixels: Buffer.alloc((width * height * 3) / 2) };
}

describe('Stage', () => {
  it('shows a feed when its first picture is there, and says nothing twice', () => {
    const { stage: on, layouts } = stage();
    on.addFeed(feed(1));
    expect(layouts).toEqual([]);
    on.showPicture('p1' as FeedId, frame());
    on.showPicture('p1' as FeedId, frame());
    on.changeSpeaker('p1' as ParticipantId);
    expect(layouts).toEqual(['0;0 0 0 1280 720 1 100']);
  });

  it('moves the others when one leaves, and fades that one out where it was', () => {
    const { stage: on, layouts } = stage();
    for (const n of [1, 2]) {
      on.addFeed(feed(n));
      on.showPicture(`p${n}` as FeedId, frame());
    }
    on.removeFeed('p2' as FeedId);
    expect(layouts.at(-1)).toBe('300;0 0 0 1280 720 1 100;1 640 180 640 360 1 0');
  });

  it('crops a picture to the shape of its region and fits a screen into it', () => {
    const { stage: on, layouts, pictures } = stage();
    on.addFeed(feed(1));
    on.showPicture('p1' as FeedId, frame(640, 480));
    on.addFeed(feed(2, { source: 'screen' }));
    on.showPicture('p2' as FeedId, frame(640, 480));
    expect(pictures).toEqual(['0 640x360', '1 640x480']);
    expect(layouts.at(-1)).toContain('1 32 0 960 720 1 100');
  });

  it('draws an avatar once for a camera that is off, and takes the picture when it is back', () => {
    const { stage: on, pictures } = stage();
    on.addFeed(feed(1, { video: false }));
    on.showPicture('p1' as FeedId, frame(320, 180));
    on.changeSpeaker(undefined);
    expect(pictures).toEqual(['0 640x360']);
    on.addFeed(feed(1));
    on.showPicture('p1' as FeedId, frame(320, 180));
    expect(pictures).toEqual(['0 640x360', '0 320x180']);
  });

  it('draws a name when it is wanted or changes, and removes it', () => {
    const { stage: on, overlays } = stage();
    on.addFeed(feed(1));
    on.changeRoom({ ...room, overlays: { labels: true } });
    on.changeRoom({ ...room, overlays: { labels: true } });
    on.changeParticipant({ participant: 'p1' as ParticipantId, name: 'P 1', audioMuted: true, videoHidden: false, pinned: false });
    on.changeRoom(room);
    expect(overlays).toHaveLength(3);
    expect(overlays[0]).toMatch(/^0 0 9 -9 \d+ 36$/);
    expect(overlays[2]).toBe('0');
  });

  it('knows who is hidden, muted or pinned before their feed comes, as after a restart', () => {
    const { stage: on, pictures, layouts } = stage();
    on.changeParticipant({ participant: 'p1' as ParticipantId, name: 'P 1', audioMuted: false, videoHidden: true, pinned: false });
    on.addFeed(feed(1));
    on.showPicture('p1' as FeedId, frame());
    expect([pictures, layouts]).toEqual([[], []]);
    on.changeParticipant({ participant: 'p1' as ParticipantId, name: 'P 1', audioMuted: false, videoHidden: false, pinned: false });
    on.showPicture('p1' as FeedId, frame());
    expect(pictures).toEqual(['0 640x360']);
  });

  it('shows no more feeds than there are slots; who waits longest gets the one that is freed', () => {
    const { stage: on, pictures } = stage(1);
    for (const n of [1, 2, 3]) on.addFeed(feed(n));
    on.showPicture('p2' as FeedId, frame());
    expect(pictures).toEqual([]);
    on.removeFeed('p1' as FeedId);
    on.showPicture('p3' as FeedId, frame(320, 180));
    on.showPicture('p2' as FeedId, frame());
    expect(pictures).toEqual(['0 640x360']);
  });
});
