import { afterEach, describe, expect, it } from 'vitest';
import { existsSync } from 'node:fs';
import { FrameRingReader, i420Bytes } from '../media/frame-ring.ts';
import { PictureFeed } from './picture-feed.ts';
import type { VideoFrame } from './wrtc.ts';

function picture(width: number, height: number, value: number, rotation: VideoFrame['rotation'] = 0): VideoFrame {
  return { width, height, rotation, data: new Uint8Array(i420Bytes(width, height)).fill(value) };
}

interface Told {
  changes: { ring: string; video: boolean; width: number; aspect: number | undefined }[];
  dropped: number;
  why: string[];
}
const nothingTold = (): Told => ({ changes: [], dropped: 0, why: [] });

const open: PictureFeed[] = [];
afterEach(() => {
  for (const feed of open.splice(0)) feed.close();
});

function feedInto(told: Told, room = 'unit'): PictureFeed {
  const feed: PictureFeed = new PictureFeed({
    instance: 'abc123',
    room,
    index: 1,
    offAfterMs: 2000,
    onChanged: () => told.changes.push({ ring: feed.ring, video: feed.video, width: feed.width, aspect: feed.aspect }),
    onDropped: (error) => {
      told.dropped++;
      told.why.push((error as Error).message);
    },
  });
  open.push(feed);
  return feed;
}

describe('PictureFeed', () => {
  it('passes pictures on with size, rotation and stamp; a larger one gets a new ring', () => {
    const told = nothingTold();
    const feed = feedInto(told);
    feed.write(picture(320, 180, 10, 90), 5n);
    const first = feed.ring;
    const reader = new FrameRingReader(first);
    expect(reader.read(1n)).toMatchObject({ width: 320, height: 180, rotation: 90, ptsNs: 5n });
    reader.close();
    feed.write(picture(640, 360, 11), 6n);
    expect(feed.ring).toBe(first);
    feed.write(picture(1920, 1080, 12), 7n);
    expect(feed.ring).not.toBe(first);
    expect(existsSync(first)).toBe(false);
    expect(told.changes.map((c) => c.width)).toEqual([320, 640, 1920]);
    feed.close();
    expect(existsSync(feed.ring)).toBe(false);
  });

  it('passes on that a phone is turned, with and without a change of size', () => {
    const told = nothingTold();
    const feed = feedInto(told);
    feed.write(picture(640, 360, 10), 1n);
    feed.write(picture(640, 360, 11, 90), 2n);
    feed.write(picture(360, 640, 12), 3n);
    const reader = new FrameRingReader(feed.ring);
    const seen = [1n, 2n, 3n].map((n) => {
      const frame = reader.read(n);
      return [frame?.width, frame?.height, frame?.rotation, frame?.pixels[0], frame?.pixels.length];
    });
    reader.close();
    expect(seen).toEqual([[640, 360, 0, 10, 345_600], [640, 360, 90, 11, 345_600], [360, 640, 0, 12, 345_600]]);
    expect(told.changes.map((c) => [c.width, c.aspect])).toEqual([[640, 640 / 360], [640, 360 / 640], [360, 360 / 640]]);
  });

  it('is a feed without pictures while none gets into its ring (a full /dev/shm)', () => {
    const told = nothingTold();
    const feed = feedInto(told);
    feed.write(picture(320, 180, 10), 5n);
    const tooLarge = picture(4098, 16, 1); // refused as a picture is that finds no room
    const later = performance.now() + 2100;
    feed.write(tooLarge, 6n);
    feed.check(later);
    expect([feed.video, told.dropped]).toEqual([false, 1]);
  });

  it('says when pictures stop and when they are back', () => {
    const told = nothingTold();
    const feed = feedInto(told);
    feed.write(picture(320, 180, 10), 5n);
    feed.check(performance.now() + 1000);
    expect(feed.video).toBe(true);
    feed.check(performance.now() + 2100);
    expect(feed.video).toBe(false);
    feed.write(picture(320, 180, 10), 6n);
    expect(told.changes.map((c) => c.video)).toEqual([true, false, true]);
  });

  it('drops pictures, and only pictures, when no ring can be made or they are too large', () => {
    const told = nothingTold();
    const feed = feedInto(told, 'no/such/folder');
    feed.write(picture(320, 180, 10), 5n);
    feed.write(picture(320, 180, 10), 6n);
    expect([feed.dropped, told.dropped, feed.video]).toEqual([2, 1, false]);
    const other = feedInto(told);
    other.write(picture(4098, 2, 1), 7n);
    other.write({ ...picture(16, 16, 1), width: 0 }, 8n);
    expect([other.dropped, other.video, told.why.at(-1)]).toEqual([2, false, 'a picture of 0x16 is not taken; each side may have 4096 pixels']);
    expect(told.why.at(-2)).toContain('4098x2');
  });

  it('passes on pictures of one pixel, of odd sizes, and of 4096 pixels a side, in one feed', () => {
    const told = nothingTold();
    const feed = feedInto(told);
    for (const [width, height] of [[1, 1], [3, 5], [4096, 1], [1, 4096], [641, 359], [4096, 2304], [4096, 4096]] as const) {
      feed.write(picture(width, height, 77), 5n);
      const reader = new FrameRingReader(feed.ring);
      const frame = reader.read(reader.newest());
      expect([frame?.width, frame?.height, frame?.pixels.length, frame?.pixels.at(-1)]).toEqual([width, height, i420Bytes(width, height), 77]);
      reader.close();
    }
    expect(feed.dropped).toBe(0);
  });
});
