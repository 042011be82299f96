/**
 * The canvas by itself (pipelines/plugin): rings in, raw pictures out. What is seen where, how it moves, and what nothing may do to it.
 */
import { readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pluginDir } from '../../src/config/paths.ts';
import type { SlotPlace } from '../../src/mixer/canvas.ts';
import { BLACK, BLUE, CanvasRig, drawn, GREEN, near, plain, RED, rgba, WHITE, type Yuv } from '../support/canvas-rig.ts';
import { run } from '../support/decode.ts';

const WIDTH = 320;
const HEIGHT = 180;
/** BT.601 limited of #203040. */
const NIGHT: Yuv = [54, 139, 116];
let rig: CanvasRig;

beforeAll(async () => {
  rig = await CanvasRig.open(WIDTH, HEIGHT, 30);
});
afterAll(() => rig.close());

function place(slot: number, x: number, y: number, width: number, height: number, more: Partial<SlotPlace> = {}): SlotPlace {
  return { slot, x, y, width, height, z: 1, visible: true, fit: 'cover', ...more };
}

function clear(): void {
  rig.call('setLayout', 0, Array.from({ length: 8 }, (_, slot) => place(slot, 0, 0, 2, 2, { visible: false })));
  for (let slot = 0; slot < 8; slot++) {
    rig.call('setFeed', slot, undefined);
    rig.call('setStill', slot, undefined);
  }
}

/** A descriptor may be gone by the time it is looked at. */
function isRing(descriptor: string): boolean {
  try {
    return readlinkSync(descriptor).startsWith('/dev/shm/tessera-');
  } catch {
    return false;
  }
}

/** White in the upper left quarter, black elsewhere. */
function marked(width: number, height: number): Uint8Array {
  return drawn(width, height, (x, y) => (x < width / 2 && y < height / 2 ? WHITE : BLACK));
}

describe('the canvas', () => {
  it('shows each slot at its place, a still where there is no picture, the background elsewhere', async () => {
    rig.call('setBackground', '#203040');
    rig.show(0, plain(64, 36, RED), 64, 36);
    rig.show(1, plain(640, 360, BLUE), 640, 360);
    rig.call('setStill', 1, rgba(32, 18, [255, 255, 255, 255]));
    rig.call('setStill', 2, rgba(33, 19, [255, 255, 255, 255]));
    rig.call('setLayout', 0, [place(0, 0, 0, 100, 80), place(1, 110, 0, 100, 80), place(2, 220, 0, 100, 80)]);

    await rig.sees([
      [2, 2, RED],
      [98, 78, RED],
      [111, 1, BLUE],
      [208, 78, BLUE],
      [222, 2, WHITE],
      [318, 78, WHITE],
      [104, 40, NIGHT],
      [160, 100, NIGHT],
    ]);
    rig.call('setFeed', 1, undefined);
    await rig.sees([[160, 40, WHITE]]);
    const frame = await rig.sees([[50, 40, RED]]);
    expect(frame.pixels.length).toBe((WIDTH * HEIGHT * 3) / 2);
  });

  it('crops to cover, fits to contain, and turns as the camera was held', async () => {
    clear();
    // three stripes side by side: covering a square, only the middle one is left
    const stripes = drawn(300, 100, (x) => (x < 100 ? RED : x < 200 ? GREEN : BLUE));
    rig.show(0, stripes, 300, 100);
    rig.show(1, stripes, 300, 100);
    rig.call('setLayout', 0, [place(0, 0, 0, 60, 60), place(1, 80, 0, 60, 60, { fit: 'contain' })]);
    await rig.sees([
      [4, 4, GREEN],
      [56, 56, GREEN],
      [84, 30, RED],
      [110, 30, GREEN],
      [136, 30, BLUE],
      [110, 10, NIGHT],
      [110, 50, NIGHT],
    ]);

    const corners: Record<number, [number, number]> = { 0: [15, 15], 90: [45, 15], 180: [45, 45], 270: [15, 45] };
    for (const [slot, rotation] of [0, 90, 180, 270].entries()) rig.show(slot, marked(61, 61), 61, 61, rotation);
    rig.call('setLayout', 0, [0, 1, 2, 3].map((slot) => place(slot, slot * 70, 0, 60, 60)));
    await rig.sees(
      [0, 90, 180, 270].flatMap((rotation, slot) =>
        Object.entries(corners).map(([corner, [x, y]]) => [slot * 70 + x, y, Number(corner) === rotation ? WHITE : BLACK] as const),
      ),
    );
  });

  it('takes pictures of any size: one pixel, odd, a line, 4096 wide', async () => {
    clear();
    rig.show(0, plain(1, 1, RED), 1, 1);
    rig.show(1, plain(7, 5, GREEN), 7, 5, 90);
    rig.show(2, plain(1, 99, BLUE), 1, 99);
    rig.show(3, plain(4096, 2305, WHITE), 4096, 2305, 270);
    rig.show(4, plain(8191, 1, RED), 8191, 1);
    rig.call('setLayout', 0, [
      ...[0, 1, 2, 3].map((slot) => place(slot, slot * 80, 0, 78, 90)),
      place(4, 0, 100, 78, 60, { fit: 'contain' }),
    ]);
    await rig.sees([
      [2, 2, RED],
      [76, 88, RED],
      [82, 2, GREEN],
      [156, 88, GREEN],
      [162, 2, BLUE],
      [236, 88, BLUE],
      [242, 2, WHITE],
      [316, 88, WHITE],
      [40, 129, RED],
      [40, 120, NIGHT],
    ]);
  });

  it('keeps small letters of a screen: each pixel is the mean of what it covers', async () => {
    clear();
    const [width, height] = [480, 270];
    const paper = createCanvas(width, height);
    const context = paper.getContext('2d');
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, width, height);
    context.fillStyle = '#000000';
    context.font = '12px "DejaVu Sans"';
    for (let y = 14; y < height; y += 17) context.fillText('if (frame.late > 40) skip(frame); // The quick brown fox, 0123456789', 4, y);
    const ink = context.getImageData(0, 0, width, height).data;
    const luma = (x: number, y: number): number => 16 + ((ink[(y * width + x) * 4] ?? 0) * 219) / 255;
    rig.show(0, drawn(width, height, (x, y) => [luma(x, y), 128, 128]), width, height);
    rig.call('setLayout', 0, [place(0, 0, 0, WIDTH, HEIGHT, { fit: 'contain' })]);
    const frame = await rig.sees([[318, 2, WHITE]]);

    let squares = 0;
    for (let y = 0; y < HEIGHT; y++)
      for (let x = 0; x < WIDTH; x++) {
        let wanted = 0;
        for (let v = 0; v < 3; v++) for (let u = 0; u < 3; u++) wanted += luma(Math.floor((x * 3 + u) / 2), Math.floor((y * 3 + v) / 2)) / 9;
        squares += (rig.colourAt(frame, x, y)[0] - wanted) ** 2;
      }
    // of 219; a lost stroke is off by 60 and more
    expect(Math.sqrt(squares / (WIDTH * HEIGHT))).toBeLessThan(1.5);
  });

  it('paints what is higher over what is lower, also behind its edges', async () => {
    clear();
    rig.show(0, plain(16, 16, RED), 16, 16);
    rig.show(1, plain(16, 16, GREEN), 16, 16);
    rig.call('setLayout', 0, [place(0, 20, 20, 100, 100, { z: 5 }), place(1, 60, 60, 300, 300, { z: 2 })]);
    await rig.sees([
      [70, 70, RED],
      [200, 100, GREEN],
      [318, 178, GREEN],
    ]);
    rig.call('setLayout', 0, [place(1, 60, 60, 300, 300, { z: 9 })]);
    await rig.sees([[70, 70, GREEN]]);
  });

  it('moves eased at full rate: no picture is lost, black or twice, and a change on the way starts from there', async () => {
    clear();
    rig.show(0, plain(160, 90, RED), 160, 90);
    rig.call('setLayout', 0, [place(0, 0, 40, 80, 60)]);
    await rig.sees([[4, 60, RED]]);
    const from = rig.frames.length;
    rig.call('setLayout', 400, [place(0, 240, 40, 80, 60)]);
    await rig.sees([[316, 60, RED]]);

    const seen = rig.frames.slice(from);
    const left = (frame: (typeof seen)[number]): number => Array.from({ length: WIDTH }, (_, x) => x).findIndex((x) => near(rig.colourAt(frame, x, 70), RED, 12));
    const lefts = seen.map(left);
    expect(Math.min(...lefts)).toBeGreaterThanOrEqual(0);
    for (let i = 1; i < seen.length; i++) {
      expect(rig.number(seen[i] as never)).toBe(rig.number(seen[i - 1] as never) + 1);
      expect(lefts[i]).toBeGreaterThanOrEqual(lefts[i - 1] as number);
    }
    const moving = lefts.filter((x) => x > 0 && x < 240);
    expect(moving.length).toBeGreaterThanOrEqual(8);
    const steps = lefts.slice(1).map((x, i) => x - (lefts[i] as number));
    // slow at both ends, fast in the middle: a third of the way in each of the two middle steps of twelve
    expect(Math.max(...steps)).toBeGreaterThan(30);
    expect(Math.max(...steps)).toBeLessThan(80);

    rig.call('setLayout', 400, [place(0, 0, 40, 80, 60)]);
    await rig.next(6);
    const turnAt = rig.frames.length;
    rig.call('setLayout', 300, [place(0, 240, 40, 80, 60)]);
    await rig.sees([[316, 60, RED]]);
    const after = rig.frames.slice(turnAt - 1).map(left);
    for (let i = 1; i < after.length; i++) expect(Math.abs((after[i] as number) - (after[i - 1] as number))).toBeLessThan(90);
  });

  it('fades a slot in at its place and out where it is', async () => {
    clear();
    rig.show(0, plain(16, 16, WHITE), 16, 16);
    await rig.next(2);
    const from = rig.frames.length;
    rig.call('setLayout', 300, [place(0, 100, 40, 100, 100)]);
    await rig.sees([[150, 90, WHITE]]);
    const luma = rig.frames.slice(from).map((f) => rig.colourAt(f, 150, 90)[0]);
    for (let i = 1; i < luma.length; i++) expect(luma[i]).toBeGreaterThanOrEqual(luma[i - 1] as number);
    expect(luma.filter((y) => y > 60 && y < 225).length).toBeGreaterThanOrEqual(4);
    rig.call('setLayout', 200, [place(0, 0, 0, 2, 2, { visible: false })]);
    await rig.sees([[150, 90, NIGHT]]);
  });

  it('does not show what a camera saw before it was off, and goes on with its next picture', async () => {
    clear();
    const ring = rig.ring(64, 36);
    ring.write(plain(64, 36, RED), 64, 36, 0, process.hrtime.bigint() - 2_000_000_000n);
    rig.call('setStill', 0, rgba(16, 16, [255, 255, 255, 255]));
    rig.call('setLayout', 0, [place(0, 0, 0, 100, 100)]);
    rig.call('setFeed', 0, ring.path);
    await rig.sees([[50, 50, WHITE]]);
    for (const frame of await rig.next(4)) expect(near(rig.colourAt(frame, 50, 50), WHITE)).toBe(true);
    ring.write(plain(64, 36, GREEN), 64, 36, 0, process.hrtime.bigint());
    await rig.sees([[50, 50, GREEN]]);
  });

  it('opens a ring that comes later, and keeps the last picture while a feed gets a larger one', async () => {
    clear();
    const path = rig.ringPath();
    rig.call('setStill', 0, rgba(16, 16, [255, 255, 255, 255]));
    rig.call('setLayout', 0, [place(0, 0, 0, 100, 100)]);
    rig.call('setFeed', 0, path);
    await rig.sees([[50, 50, WHITE]]);
    const ring = rig.ring(64, 36);
    rig.call('setFeed', 0, ring.path);
    ring.write(plain(64, 36, BLUE), 64, 36, 0, process.hrtime.bigint());
    await rig.sees([[50, 50, BLUE]]);
    rig.call('setFeed', 0, ring.path.replace(/-1$/, '-2'));
    for (const frame of await rig.next(5)) expect(near(rig.colourAt(frame, 50, 50), BLUE)).toBe(true);
    rig.call('setFeed', 0, path);
    await rig.sees([[50, 50, WHITE]]);
  });

  it('does not stand still when it is later than the ring is long', async () => {
    clear();
    const ring = rig.ring(64, 36);
    const secondsLaterNs = (): bigint => process.hrtime.bigint() + 5_000_000_000n;
    ring.write(plain(64, 36, RED), 64, 36, 0, process.hrtime.bigint());
    rig.call('setLayout', 0, [place(0, 0, 0, 100, 100)]);
    rig.call('setFeed', 0, ring.path);
    await rig.sees([[50, 50, RED]]);
    // what was to come next waits in the ring
    for (let n = 1; n < ring.slots; n++) ring.write(plain(64, 36, GREEN), 64, 36, 0, secondsLaterNs());
    for (const frame of await rig.next(4)) expect(near(rig.colourAt(frame, 50, 50), RED)).toBe(true);
    // and is overwritten before its time has come
    for (let n = 0; n < ring.slots + 2; n++) ring.write(plain(64, 36, BLUE), 64, 36, 0, secondsLaterNs());
    await rig.sees([[50, 50, BLUE]]);
  });

  it('leaves no mapping and no descriptor behind after 200 feeds', async () => {
    clear();
    const rings = [rig.ring(64, 36), rig.ring(64, 36)];
    for (const ring of rings) ring.write(plain(64, 36, BLUE), 64, 36, 0, process.hrtime.bigint());
    rig.call('setLayout', 0, Array.from({ length: 50 }, (_, slot) => place(slot, 0, 0, WIDTH, HEIGHT)));
    const open = (): [maps: number, descriptors: number] => [
      readFileSync(`/proc/${rig.pid}/maps`, 'utf8').split('/dev/shm/tessera-').length - 1,
      readdirSync(`/proc/${rig.pid}/fd`).filter((fd) => isRing(`/proc/${rig.pid}/fd/${fd}`)).length,
    ];
    for (let round = 0; round < 4; round++) {
      for (let slot = 0; slot < 50; slot++) rig.call('setFeed', slot, rings[(round + slot) % 2]?.path);
      await rig.next(2);
    }
    await expect.poll(open).toEqual([50, 50]);
    for (let slot = 0; slot < 50; slot++) rig.call('setFeed', slot, undefined);
    await expect.poll(open).toEqual([0, 0]);
    rig.call('setLayout', 0, Array.from({ length: 50 }, (_, slot) => place(slot, 0, 0, 2, 2, { visible: false })));
  });

  it('never shows half of one picture and half of another, however fast the writer is', async () => {
    clear();
    const ring = rig.ring(1280, 720, 2);
    const pictures = [plain(1280, 720, WHITE), plain(1280, 720, BLACK)];
    rig.call('setLayout', 0, [place(0, 0, 0, WIDTH, HEIGHT)]);
    rig.call('setFeed', 0, ring.path);
    const from = rig.frames.length;
    const endNs = process.hrtime.bigint() + 500_000_000n;
    for (let n = 0; process.hrtime.bigint() < endNs; n++) {
      // stamped as if it had been here for a while: every one is wanted at once
      ring.write(pictures[n % 2] as Uint8Array, 1280, 720, 0, process.hrtime.bigint() - 40_000_000n);
      await new Promise((done) => setImmediate(done));
    }
    await rig.next(2);
    for (const frame of rig.frames.slice(from + 2)) {
      const ys = [10, 50, 90, 130, 170].map((y) => rig.colourAt(frame, 100, y)[0]);
      expect(Math.max(...ys) - Math.min(...ys)).toBeLessThan(8);
    }
    const shades = rig.frames.slice(from + 2).map((frame) => rig.colourAt(frame, 100, 90)[0] > 128);
    expect(new Set(shades).size).toBe(2);
    console.info('torn:', (await rig.figures()).torn);
  });

  it('is not moved by rings and texts that make no sense', async () => {
    clear();
    rig.call('setStill', 0, rgba(16, 16, [255, 255, 255, 255]));
    rig.call('setLayout', 0, [place(0, 0, 0, 100, 100)]);
    await rig.sees([[50, 50, WHITE]]);
    const header = (slots: number, slotBytes: number, magic = 0x47525354): Buffer => {
      const bytes = Buffer.alloc(64 + 4096);
      for (const [i, value] of [magic, 1, slots, slotBytes, 1, 0].entries()) bytes.writeUInt32LE(value, i * 4);
      bytes.writeBigUInt64LE(1n, 24);
      return bytes;
    };
    const slot = (width: number, height: number, rotation: number, byteLength: number): Buffer => {
      const bytes = header(1, 4096);
      bytes.writeBigUInt64LE(1n, 64);
      for (const [i, value] of [width, height, rotation, byteLength].entries()) bytes.writeUInt32LE(value >>> 0, 72 + i * 4);
      bytes.writeBigUInt64LE(process.hrtime.bigint(), 88);
      bytes.writeBigUInt64LE(1n, 64 + 4096 - 8);
      return bytes;
    };
    const broken = [
      Buffer.alloc(0),
      Buffer.alloc(10),
      header(1, 4096, 1),
      header(0, 4096),
      header(0xffffffff, 4096),
      header(1, 0xffffffc0),
      header(1, 100),
      header(1, 64),
      slot(0, 10, 0, 0),
      slot(0xffffffff, 0xffffffff, 0, 64),
      slot(8192, 8192, 0, 100_663_296),
      slot(16, 16, 45, 384),
      slot(16, 16, 0, 10),
      slot(9999, 2, 0, 30_000),
    ];
    for (const bytes of broken) {
      const path = rig.ringPath();
      writeFileSync(path, bytes);
      rig.call('setFeed', 0, path);
      await rig.next(1);
    }
    // a good one is shown, is cut short while it is mapped, and stays
    const good = rig.show(0, plain(64, 36, RED), 64, 36);
    await rig.sees([[50, 50, RED]]);
    truncateSync(good.path, 64);
    rig.call('setLayout', 0, [place(0, 0, 0, 120, 120)]);
    await rig.sees([[110, 110, RED]]);

    for (const path of ['/etc/passwd', '/dev/shm/tessera-', '/dev/shm/tessera-../x', '/dev/zero', `/dev/shm/tessera-${'x'.repeat(5000)}`]) rig.text('feed', `1 ${path}`);
    for (const property of ['feed', 'still', 'layout', 'picture', 'border', 'background', 'base-time-x', 'grid-x', 'frame-step'])
      for (const text of ['', ' ', ';', '-1', '99', '0;', '0;0', '0;99 0 0 2 2 1 1 0', '0 0 0 0 0 0 0 0', '1 -1 0 0 0 1000 0 4096 4096 QUJD', '5 1 0 0 0 1000 0 -4 4 AAAA', '99999999999999999999 1', '0 x', '#12', '#gggggg', '0 8 #zzzzzz', '1 1 1', 'é'.repeat(300)])
        rig.text(property, text);
    await rig.next(3);
    expect(rig.running).toBe(true);
    rig.call('setBackground', '#203040');
    rig.call('setFrameStep', 1);
  });

  it('draws borders inside, pictures of a slot clipped to it, and pictures of the canvas before and behind', async () => {
    clear();
    rig.show(0, plain(160, 90, RED), 160, 90);
    rig.call('setLayout', 0, [place(0, 40, 40, 160, 90)]);
    rig.call('setBorder', 0, { thickness: 4, colour: '#ffffff' });
    rig.call('setPicture', 1, { slot: 0, z: 0, x: 8, y: -8, ...rgba(20, 10, [0, 0, 255, 255]) });
    rig.call('setPicture', 2, { slot: 0, z: 0, x: 150, y: 20, ...rgba(60, 10, [0, 0, 255, 255]) });
    rig.call('setPicture', 3, { z: -1, x: 0, y: 0, ...rgba(WIDTH, HEIGHT, [0, 255, 0, 255]) });
    rig.call('setPicture', 4, { z: 1, x: -10, y: -10, opacity: 0.5, ...rgba(30, 20, [255, 255, 255, 255]) });
    const half: Yuv = [190, 91, 81];
    await rig.sees([
      [42, 42, WHITE],
      [198, 128, WHITE],
      [46, 46, RED],
      [50, 118, BLUE],
      [50, 108, RED],
      [192, 64, BLUE],
      [204, 64, GREEN],
      [10, 10, GREEN],
      [295, 155, half],
      [305, 165, half],
      [312, 172, GREEN],
    ]);
    rig.call('setBorder', 0, undefined);
    for (const id of [1, 2, 3, 4]) rig.call('setPicture', id, undefined);
    await rig.sees([
      [42, 42, RED],
      [50, 118, RED],
      [10, 10, NIGHT],
      [300, 160, NIGHT],
    ]);
  });

  it('fades pictures in and out, and hides everything below one that covers it', async () => {
    clear();
    rig.show(0, plain(160, 90, RED), 160, 90);
    rig.call('setLayout', 0, [place(0, 0, 0, WIDTH, HEIGHT)]);
    await rig.sees([[100, 100, RED]]);
    const from = rig.frames.length;
    rig.call('setPicture', 9, { z: 3, x: 0, y: 0, fadeMs: 200, ...rgba(WIDTH, HEIGHT, [255, 255, 255, 255]) });
    rig.call('setPicture', 10, { z: 4, x: 10, y: 10, ...rgba(10, 10, [0, 0, 255, 255]) });
    await rig.sees([
      [100, 100, WHITE],
      [14, 14, BLUE],
    ]);
    expect(rig.frames.slice(from).filter((f) => rig.colourAt(f, 100, 100)[0] > 95 && rig.colourAt(f, 100, 100)[0] < 225).length).toBeGreaterThanOrEqual(2);
    rig.call('setPicture', 9, undefined);
    rig.call('setPicture', 10, undefined);
    await rig.sees([[100, 100, RED]]);
  });

  it('puts out every place of the grid once, a fixed time after it', async () => {
    const frames = (await rig.next(15)).slice(1);
    for (const frame of frames) expect(frame.ptsNs).toBe((BigInt(rig.number(frame)) * 1_000_000_000n) / 30n);
    const late = frames.map((f) => Number(f.arrivedNs - rig.baseNs - f.ptsNs - f.durationNs) / 1e6);
    console.info('arrived after the end of the span, ms:', late.map((l) => l.toFixed(1)).join(' '), JSON.stringify(await rig.figures()));
    expect([...late].sort((a, b) => a - b)[7]).toBeLessThan(25);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(4);
  });

  it('leaves pictures out by their programme frame number, and never one that a keyframe is asked for', async () => {
    rig.thin(4);
    await rig.next(2);
    rig.call('requestKeyframe');
    const thinned = await rig.next(3);
    for (const frame of thinned) {
      expect(rig.number(frame) % 4).toBe(0);
      expect(Number(frame.durationNs)).toBeCloseTo(4e9 / 30, -2);
    }
    rig.thin(1);
    rig.call('setFrameStep', 2);
    await rig.next(3);
    const halved = await rig.next(4);
    for (const [i, frame] of halved.entries()) {
      expect(rig.number(frame)).toBe(rig.number(halved[0] as never) + 2 * i);
      expect(rig.number(frame) % 2).toBe(0);
      expect(Number(frame.durationNs)).toBeCloseTo(2e9 / 30, -2);
      // composed when its first half is over: half a rate is not a longer way
      expect(Number(frame.arrivedNs - rig.baseNs - frame.ptsNs) / 1e6).toBeLessThan(66);
    }
    rig.call('setFrameStep', 1);
    await rig.next(3);
    const numbers = rig.frames.slice(-20).map((f) => rig.number(f));
    expect(new Set(numbers).size).toBe(numbers.length);
    const events = rig.frames.filter((f) => f.eventsBefore > 0).slice(1);
    expect(events.length).toBeGreaterThanOrEqual(2);
  });

  it('leaves places out when it is far behind, tells of them, and asks for a keyframe', async () => {
    const before = await rig.figures();
    process.kill(rig.pid, 'SIGSTOP');
    await new Promise((done) => setTimeout(done, 900));
    const from = rig.frames.length;
    process.kill(rig.pid, 'SIGCONT');
    await rig.next(12);
    const after = await rig.figures();
    const seen = rig.frames.slice(from).map((f) => rig.number(f));
    const hole = seen.findIndex((n, i) => i > 0 && n > (seen[i - 1] as number) + 1);
    const skipped = after.skipped - before.skipped;
    console.info('skipped', skipped, 'of', seen);
    expect(skipped).toBeGreaterThan(10);
    expect(skipped).toBeLessThan(32);
    // the hole stands before the first picture, or behind one that was ready
    const first = rig.frames[from + Math.max(0, hole)];
    expect(first?.eventsBefore).toBeGreaterThanOrEqual(1);
  });

  it.each([
    [160, 160, 60],
    [3840, 2160, 15],
    [162, 1920, 25],
  ])('runs at %i×%i, %i per second', async (width, height, rate) => {
    const graph = ['tesseracanvas', 'num-buffers=3', `width=${width}`, `height=${height}`, `frame-rate=${rate}`, 'background=#ffffff', '!', 'fakesink'];
    await run('env', [`GST_PLUGIN_PATH=${pluginDir}`, 'gst-launch-1.0', '-q', ...graph], { timeoutMs: 10_000 });
  });
});
