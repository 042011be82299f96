/** The canvas by itself (pipelines/plugin): how pictures move and fade, and at which places of the grid they stand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pluginDir } from '../../src/config/paths.ts';
import { BLUE, type CanvasRig, near, plain, RED, rgba, WHITE } from '../support/canvas-rig.ts';
import { clear, HEIGHT, NIGHT, openCanvas, place, WIDTH } from '../support/canvas-scene.ts';
import { run } from '../support/decode.ts';

let rig: CanvasRig;

beforeAll(async () => {
  rig = await openCanvas();
});
afterAll(() => rig.close());

describe("the canvas's time", () => {
  it('moves eased at full rate: no picture is lost, black or twice, and a change on the way starts from there', async () => {
    clear(rig);
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
    clear(rig);
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

  it('fades pictures in and out, and hides everything below one that covers it', async () => {
    clear(rig);
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
