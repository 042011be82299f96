/** The canvas by itself (pipelines/plugin): what it takes from rings, what it leaves there, and what no ring and no text may do to it. */
import { readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLACK, BLUE, type CanvasRig, GREEN, near, plain, RED, rgba, WHITE } from '../support/canvas-rig.ts';
import { clear, HEIGHT, NIGHT, openCanvas, place, WIDTH } from '../support/canvas-scene.ts';

let rig: CanvasRig;

beforeAll(async () => {
  rig = await openCanvas();
});
afterAll(() => rig.close());

/** A descriptor may be gone by the time it is looked at. */
function isRing(descriptor: string): boolean {
  try {
    return readlinkSync(descriptor).startsWith('/dev/shm/tessera-');
  } catch {
    return false;
  }
}

describe('the canvas and its feeds', () => {
  it('does not show what a camera saw before it was off, and goes on with its next picture', async () => {
    clear(rig);
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
    clear(rig);
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
    clear(rig);
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

  it('neither scales nor opens what is not seen', async () => {
    clear(rig);
    const feeds = Array.from({ length: 4 }, (_, slot) => rig.show(slot, plain(64, 36, RED), 64, 36));
    const layout = (seen: readonly number[]): void => rig.call('setLayout', 0, feeds.map((_, slot) => place(slot, slot * 80, 0, 78, 90, { visible: seen.includes(slot) })));
    /** Pictures scaled while each feed gets ten new ones. */
    const scaled = async (): Promise<number> => {
      const before = await rig.figures();
      for (let n = 0; n < 10; n++) {
        for (const ring of feeds) ring.write(plain(64, 36, n % 2 === 0 ? GREEN : RED), 64, 36, 0, process.hrtime.bigint() - 40_000_000n);
        await rig.next(1);
      }
      await rig.next(2);
      return (await rig.figures()).scaled - before.scaled;
    };
    const mapped = (ring: { path: string }): boolean => readFileSync(`/proc/${rig.pid}/maps`, 'utf8').includes(ring.path);

    layout([0, 1]);
    await rig.sees([
      [40, 40, RED],
      [120, 40, RED],
      [200, 40, NIGHT],
    ]);
    const two = await scaled();
    layout([]);
    await rig.sees([[40, 40, NIGHT]]);
    const none = await scaled();

    // one or two writes may meet the same picture of the canvas
    expect(two).toBeGreaterThanOrEqual(14);
    expect(two).toBeLessThanOrEqual(20);
    expect(none).toBe(0);
    expect(feeds.map(mapped)).toEqual([true, true, false, false]);
  });

  it('leaves no mapping and no descriptor behind after 200 feeds', async () => {
    clear(rig);
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
    clear(rig);
    const ring = rig.ring(1280, 720, 2);
    const pictures = [plain(1280, 720, WHITE), plain(1280, 720, BLACK)];
    rig.call('setLayout', 0, [place(0, 0, 0, WIDTH, HEIGHT)]);
    rig.call('setFeed', 0, ring.path);
    const from = rig.frames.length;
    const shades = () => new Set(rig.frames.slice(from + 2).map((frame) => rig.colourAt(frame, 100, 90)[0] > 128));
    const startNs = process.hrtime.bigint();
    const lastsNs = () => process.hrtime.bigint() - startNs;
    // on a busy machine a stretch of pictures may be overwritten each time: on until both were seen
    for (let n = 0; lastsNs() < 500_000_000n || (lastsNs() < 5_000_000_000n && n % 50 === 0 && shades().size < 2) || n % 50 !== 0; n++) {
      // stamped as if it had been here for a while: every one is wanted at once
      ring.write(pictures[n % 2] as Uint8Array, 1280, 720, 0, process.hrtime.bigint() - 40_000_000n);
      await new Promise((done) => setImmediate(done));
    }
    await rig.next(2);
    for (const frame of rig.frames.slice(from + 2)) {
      const ys = [10, 50, 90, 130, 170].map((y) => rig.colourAt(frame, 100, y)[0]);
      expect(Math.max(...ys) - Math.min(...ys)).toBeLessThan(8);
    }
    expect(shades().size).toBe(2);
    console.info('torn:', (await rig.figures()).torn);
  });

  it('is not moved by rings and texts that make no sense', async () => {
    clear(rig);
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
});
