/** What is seen in the mix: the right pictures in the right places, in time, and no delay from slots that are silent. */
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { createCanvas } from '@napi-rs/canvas';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedId, ParticipantId } from '../../src/domain/ids.ts';
import { computeLayout } from '../../src/domain/layout/layout-engine.ts';
import type { Box } from '../../src/domain/layout/region.ts';
import { nearestVideoFrame, videoFrameStartNs } from '../../src/domain/programme-time.ts';
import type { LayoutPreset, VideoFormat } from '../../src/domain/room.ts';
import type { TrackInit } from '../../src/media/programme-protocol.ts';
import { burn } from '../support/busy.ts';
import { percentile, risingEdges } from '../support/flash-beep.ts';
import { waitFor } from '../support/process.ts';
import { decodeUnitPictures, MixerRig, pictureSize, plainPicture, type MixChild, type Picture, type ReceivedUnit } from '../support/mixer-rig.ts';
import { blurred, shrunk, structuralSimilarity, type GreyPicture } from '../support/similarity.ts';

const WIDTH = 320;
const HEIGHT = 180;
const HD: VideoFormat = { width: 1280, height: 720, frameRate: 30 };
/** Structural similarity to the page itself. The programme has 0.99; blurred over two pixels it would be 0.70. */
const READABLE = 0.9;
const red = plainPicture(640, 360, 81, 90, 240);
const blue = plainPicture(640, 360, 41, 240, 110);
const white = plainPicture(640, 360, 235);
const black = plainPicture(640, 360, 16);

let rig: MixerRig;
let mix: MixChild;

beforeEach(async () => {
  rig = new MixerRig();
  await rig.open();
  mix = await rig.spare();
});
afterEach(() => rig.close());

async function pictures(): Promise<{ units: ReceivedUnit[]; pictures: Buffer[] }> {
  const units = rig.programme.track('video:high');
  const init = rig.programme.inits.get('video:high');
  if (!init) throw new Error('no init');
  return { units, pictures: await decodeUnitPictures(init, units, WIDTH, HEIGHT) };
}

/** Name of the colour at a place given in fractions of the canvas. */
function colourAt(picture: Buffer | undefined, x: number, y: number): string {
  if (!picture) return 'nothing';
  const at = (Math.floor(y * HEIGHT) * WIDTH + Math.floor(x * WIDTH)) * 3;
  const [r, g, b] = [picture[at] ?? 0, picture[at + 1] ?? 0, picture[at + 2] ?? 0];
  if (r > 160 && g > 160 && b > 160) return 'white';
  if (r > 150 && g < 90 && b < 90) return 'red';
  if (b > 150 && r < 90 && g < 90) return 'blue';
  if (r < 40 && g < 40 && b < 40) return 'black';
  return `rgb(${r},${g},${b})`;
}

/** Boxes of the rig's first feeds, by their number; `screens` of them are shared screens, the others cameras. */
function boxes(preset: LayoutPreset, count: number, screens: readonly number[] = [], canvas = HD): { of: (n: number) => Box; more: Box | undefined } {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const { regions, more } = computeLayout({
    choice: { preset },
    ...canvas,
    feeds: numbers.map((n) => ({
      feed: `p${n}` as FeedId,
      participant: `p${n}` as ParticipantId,
      source: screens.includes(n) ? 'screen' : 'camera',
      pinned: false,
      hidden: false,
    })),
  });
  return { of: (n) => regions.find((r) => r.feed === `p${n}`) ?? { x: 0, y: 0, width: 0, height: 0 }, more };
}

/** Colour at a place of a tile, given in fractions of it. */
function colourIn(picture: Buffer | undefined, box: Box | undefined, x = 0.5, y = 0.3, canvas = HD): string {
  if (!box) return 'no tile';
  return colourAt(picture, (box.x + x * box.width) / canvas.width, (box.y + y * box.height) / canvas.height);
}

/** Of the green in a tile, 0…255: its text. */
function brightest(picture: Buffer | undefined, box: Box | undefined): number {
  let most = 0;
  if (picture && box)
    for (let y = Math.ceil((box.y / HD.height) * HEIGHT); y < Math.floor(((box.y + box.height) / HD.height) * HEIGHT); y++)
      for (let x = Math.ceil((box.x / HD.width) * WIDTH); x < Math.floor(((box.x + box.width) / HD.width) * WIDTH); x++) most = Math.max(most, picture[(y * WIDTH + x) * 3 + 1] ?? 0);
  return most;
}

/** A page of 12-pixel letters, dark on light above and light on dark below: its brightness. */
function page(width: number, height: number): GreyPicture {
  const paper = createCanvas(width, height);
  const context = paper.getContext('2d');
  context.font = '12px "DejaVu Sans"';
  for (const [from, ground, ink] of [[0, '#ffffff', '#202020'], [height / 2, '#1e1e1e', '#d4d4d4']] as const) {
    context.fillStyle = ground;
    context.fillRect(0, from, width, height / 2);
    context.fillStyle = ink;
    for (let y = from + 16; y < from + height / 2; y += 18)
      for (let x = 10; x < width; x += 480) context.fillText(`${y}: if (frame.late > 40) skip(frame); // The quick brown fox, 0123456789`.slice(0, 66), x, y);
  }
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, values: Float32Array.from({ length: width * height }, (_, i) => data[i * 4 + 1] ?? 0) };
}

/** Share of the picture's middle row that is red. */
function redWidth(picture: Buffer): number {
  let count = 0;
  for (let x = 0; x < WIDTH; x++) if (colourAt(picture, (x + 0.5) / WIDTH, 0.5) === 'red') count++;
  return count / WIDTH;
}

describe('the mix', () => {
  it('puts two cameras side by side, follows a layout within 500 ms, and closes up when one leaves', async () => {
    rig.feeds.add(() => red);
    const second = rig.feeds.add(() => blue);
    rig.start(mix);
    await mix.until('ready');
    await pause(700);
    const changedNs = process.hrtime.bigint();
    mix.send({ type: 'room', room: rig.room({ preset: 'single' }) });
    await pause(800);
    mix.send({ type: 'room', room: rig.room() });
    await pause(700);
    const leftNs = process.hrtime.bigint();
    rig.feeds.remove(second);
    await pause(800);

    const { units, pictures: seen } = await pictures();
    const at = (ns: bigint): number => units.findIndex((u) => u.arrivedNs >= ns);

    const before = seen[at(changedNs) - 1];
    expect([colourAt(before, 0.25, 0.5), colourAt(before, 0.75, 0.5), colourAt(before, 0.25, 0.1), colourAt(before, 0.75, 0.9)]).toEqual(['red', 'blue', 'black', 'black']);

    // at full frame rate, without a lost or black picture
    for (const [i, unit] of units.entries()) expect(unit.ptsNs).toBe(videoFrameStartNs(nearestVideoFrame((units[0] as ReceivedUnit).ptsNs, 30) + i, 30));
    expect(seen.filter((p) => colourAt(p, 0.25, 0.5) !== 'red')).toEqual([]);
    const widths = seen.slice(at(changedNs)).slice(0, 20).map(redWidth);
    expect(new Set(widths).size).toBeGreaterThanOrEqual(6);
    expect([...widths].sort((a, b) => a - b)).toEqual(widths);

    const single = seen.findIndex((p, i) => i >= at(changedNs) && colourAt(p, 0.95, 0.05) === 'red' && colourAt(p, 0.05, 0.95) === 'red');
    const tookMs = Number((units[single] as ReceivedUnit).arrivedNs - changedNs) / 1e6;
    console.info('layout change shown after ms:', Math.round(tookMs));
    expect(tookMs).toBeLessThanOrEqual(500);

    expect(colourAt(seen[at(leftNs) - 1], 0.75, 0.5)).toBe('blue');
    expect([colourAt(seen.at(-1), 0.05, 0.05), colourAt(seen.at(-1), 0.95, 0.95)]).toEqual(['red', 'red']);
  });

  it('turns, crops and fits pictures, draws names, and shows an avatar for a camera that is off', async () => {
    // a phone held upright: landscape pixels that must be turned; white on what becomes the top
    const phone: Picture = plainPicture(640, 360, 235);
    phone.pixels.fill(16, 0, 640 * 360);
    for (let y = 0; y < 360; y++) phone.pixels.fill(235, y * 640, y * 640 + 320);
    rig.feeds.add(() => phone, { rotation: 90, name: 'phone' });
    rig.feeds.add(() => undefined, { video: false, name: 'Ada Lovelace' });
    rig.feeds.add(() => red, { source: 'screen', name: 'share' });
    rig.start(mix, 1, rig.room({ preset: 'grid' }, true));
    await mix.until('ready');
    await pause(800);

    const { pictures: seen } = await pictures();
    const last = seen.at(-1);

    const { of } = boxes('grid', 3, [3]);
    expect(colourIn(last, of(3))).toBe('red');
    expect(colourAt(last, 0.4, 0.03)).toBe('black');
    expect(colourIn(last, of(1), 0.5, 0.25)).toBe('white');
    expect(colourIn(last, of(1), 0.5, 0.75)).toBe('black');
    expect(colourIn(last, of(2), 0.4, 0.5)).not.toBe('black');
    // the name stands at the lower left of the screen: darker than the red around it
    expect(colourIn(last, of(3), 0.014, 0.955)).not.toBe('red');
    expect(colourIn(last, of(3), 0.5, 0.955)).toBe('red');
  });

  it('shows who joins at once with an avatar, then the picture; an avatar again when the camera goes off; a number for those without a tile', async () => {
    for (let n = 1; n <= 3; n++) rig.feeds.add(() => red);
    rig.start(mix);
    await mix.until('ready');
    await pause(500);
    const joinedNs = process.hrtime.bigint();
    const last = rig.feeds.add(() => red, { video: false, name: 'Олена' });
    await pause(700);
    const onNs = process.hrtime.bigint();
    rig.feeds.setVideo(last, true);
    await pause(500);
    const offNs = process.hrtime.bigint();
    rig.feeds.setVideo(last, false);
    await pause(500);
    const manyNs = process.hrtime.bigint();
    for (let n = 5; n <= 27; n++) rig.feeds.add(() => undefined, { video: false });
    await pause(1000);

    const { units, pictures: seen } = await pictures();
    const tile = boxes('grid', 4).of(4);
    // on the disc, beside the letter
    const [joined, on, off] = [joinedNs, onNs, offNs].map((fromNs, i) => {
      const wanted = i === 1 ? (c: string) => c === 'red' : (c: string) => c !== 'red' && c !== 'black';
      const at = units.findIndex((u, k) => u.arrivedNs >= fromNs && wanted(colourIn(seen[k], tile, 0.6, 0.4)));
      return Number((units[at] as ReceivedUnit).arrivedNs - fromNs) / 1e6;
    });
    console.info('ms: avatar after joining', joined?.toFixed(0), 'picture after camera on', on?.toFixed(0), 'avatar after camera off', off?.toFixed(0));
    expect(joined).toBeLessThan(500);
    expect(on).toBeLessThan(200);
    expect(off).toBeLessThan(200);
    const { of, more } = boxes('grid', 27);
    expect([1, 2, 3].map((n) => colourIn(seen.at(-1), of(n)))).toEqual(['red', 'red', 'red']);
    expect(brightest(seen.at(-1), more)).toBeGreaterThan(120);
    expect(brightest(seen[units.findIndex((u) => u.arrivedNs > manyNs) - 1], more)).toBeLessThan(100);
  });

  it('keeps letters of 12 pixels of a shared 1080p screen readable in the 720p programme', async () => {
    const shared = page(1920, 1080);
    const screen = plainPicture(1920, 1080, 16);
    screen.pixels.set(shared.values.map((value) => 16 + (value * 219) / 255));
    rig.feeds.add(() => screen, { source: 'screen', name: 'share', frameRate: 5 });
    rig.start(mix);
    await mix.until('ready');
    await pause(1200);

    const units = rig.programme.track('video:high');
    const box = boxes('grid', 1, [1]).of(1);
    const seen = (await decodeUnitPictures(rig.programme.inits.get('video:high') as TrackInit, units, HD.width, HD.height)).slice(-10);
    const original = shrunk(shared, box.width, box.height);
    const scores = seen.map((picture) => {
      const values = Float32Array.from({ length: box.width * box.height }, (_, i) => picture[((box.y + Math.floor(i / box.width)) * HD.width + box.x + (i % box.width)) * 3 + 1] ?? 0);
      return structuralSimilarity(original, { ...original, values });
    });
    const [blur2, blur3] = [2, 3].map((size) => structuralSimilarity(original, blurred(original, size)));

    console.info('similarity of the shared page:', Math.min(...scores).toFixed(3), '… blurred over 2 pixels', blur2?.toFixed(3), 'over 3', blur3?.toFixed(3), JSON.stringify(box));
    expect(seen).toHaveLength(10);
    expect(Math.min(...scores)).toBeGreaterThan(READABLE);
    expect(blur2).toBeLessThan(READABLE);
  });

  it('is not delayed by a feed that falls silent', async () => {
    // in turns of three flashes, so that other load on the machine meets both alike
    const turn = (ns: bigint): number => Number(ns / 930_000_000n) % 2;
    // not a whole number of frames, so that all places between two pictures are met
    rig.feeds.add((at) => (at % 310_000_000n < 120_000_000n ? white : black));
    rig.feeds.add((at) => (turn(at) === 1 ? undefined : blue));
    rig.feeds.add(() => undefined);
    rig.start(mix);
    await mix.until('ready');
    await pause(5600);

    const { units, pictures: seen } = await pictures();
    const { of } = boxes('grid', 3);
    const at = { x: Math.floor(((of(1).x + of(1).width / 2) / HD.width) * WIDTH), y: Math.floor(((of(1).y + of(1).height / 2) / HD.height) * HEIGHT) };
    const brightness = seen.map((p) => p[(at.y * WIDTH + at.x) * 3] ?? 0);
    const seconds = units.map((u) => Number(u.arrivedNs) / 1e9);
    const delays = risingEdges(seconds, brightness, 0.2).map((t) => ({ t, delayMs: Number(BigInt(Math.round(t * 1e9)) % 310_000_000n) / 1e6 }));
    // the first flash of a turn may still be shown with what was before it
    const settled = delays.filter((d) => (d.t * 1e9) % 930e6 > 310e6);
    const [busy = [], quiet = []] = [0, 1].map((which) => settled.filter((d) => turn(BigInt(Math.round(d.t * 1e9))) === which).map((d) => d.delayMs));
    const words = (list: number[]): string => `${percentile(list, 0.5).toFixed(0)} (p95 ${percentile(list, 0.95).toFixed(0)})`;

    console.info('picture to unit, ms: all slots busy', words(busy), 'one silent', words(quiet));
    expect(delays.length).toBeGreaterThan(15);
    expect(percentile(busy, 0.5)).toBeLessThan(130);
    expect(percentile(quiet, 0.95)).toBeLessThanOrEqual(percentile(busy, 0.95) + 20);
  });

  it('goes on with silence when the sound stops, and with the sound when it comes back', async () => {
    rig.feeds.startSound(() => 0.1);
    rig.start(mix);
    await mix.until('ready');
    await pause(1000);
    rig.feeds.stopSound();
    await pause(1500);
    const countNs = process.hrtime.bigint();
    const during = rig.programme.track('audio:aac').filter((u) => u.arrivedNs < countNs);
    rig.feeds.startSound(() => 0.1);
    await pause(1000);

    const units = rig.programme.track('audio:aac');
    for (let i = 1; i < units.length; i++)
      expect(Number((units[i] as ReceivedUnit).ptsNs - (units[i - 1] as ReceivedUnit).ptsNs) / 1e6).toBeCloseTo(21.333, 2);
    const behindMs = Number(countNs - rig.programme.anchorNs - (during.at(-1) as ReceivedUnit).ptsNs) / 1e6;
    expect(behindMs).toBeLessThan(500);
    expect(units.length).toBeGreaterThan(during.length + 30);
  });

  it('goes on where it was with the next process: same seats, same step of the ladder', async () => {
    const colours = [red, blue, white, plainPicture(640, 360, 145, 54, 34)];
    for (const colour of colours) rig.feeds.add(() => colour);
    rig.start(mix);
    await mix.until('ready');
    await pause(300);
    rig.feeds.remove(1);
    rig.feeds.add(() => red);
    await pause(900);
    const memory = mix.messages.findLast((m) => m.type === 'memory');
    const next = await rig.spare();
    const before = (await pictures()).pictures.at(-1);
    const gone = new Promise((done) => mix.process.once('exit', done));
    mix.process.kill('SIGKILL');
    await gone;
    await pause(50); // its last units are read
    rig.programme.units.length = 0;
    rig.start(next, 2, rig.room(), { memory: { ...memory?.memory, degradeStep: 'frameRate' } });
    await next.until('ready');
    await pause(600);

    const { units, pictures: seen } = await pictures();
    const corners = (p: Buffer | undefined): string[] => [0.25, 0.75].flatMap((y) => [0.25, 0.75].map((x) => colourAt(p, x, y)));
    expect(corners(seen[0])).toEqual(corners(before));
    expect(new Set(corners(before)).size).toBe(4);
    expect(next.messages.find((m) => m.type === 'degraded')).toMatchObject({ degraded: { step: 'frameRate' } });
    const frames = units.map((u) => nearestVideoFrame(u.ptsNs, 30));
    expect(frames.filter((frame) => frame % 2 !== 0)).toEqual([]);
    expect(new Set(units.map((u) => Math.round(Number(u.durationNs) / 1e6)))).toEqual(new Set([67]));
  });

  it.each([
    { width: 720, height: 1280, frameRate: 60 },
    { width: 1920, height: 1080, frameRate: 25 },
    { width: 1080, height: 1080, frameRate: 30 },
  ])('makes a programme of $width×$height at $frameRate without a prepared graph', async (format) => {
    rig.feeds.add(() => red);
    rig.feeds.add(() => blue);
    rig.start(mix, 1, rig.room({ preset: 'grid' }, false, format));
    const { sinceStartMs } = await mix.until('ready');
    await pause(500);

    console.info(`${format.width}×${format.height}@${format.frameRate}: delivers after ms`, sinceStartMs);
    expect(sinceStartMs).toBeLessThan(2000);
    const places = boxes('grid', 2, [], format);
    for (const track of ['video:high', 'video:mid'] as const) {
      const units = rig.programme.track(track);
      const init = rig.programme.inits.get(track);
      const divisor = track === 'video:high' ? 1 : 2;
      expect(init).toMatchObject({ width: format.width / divisor, height: format.height / divisor, frameRate: format.frameRate });
      const first = nearestVideoFrame((units[0] as ReceivedUnit).ptsNs, format.frameRate);
      for (const [i, unit] of units.entries()) expect(unit.ptsNs).toBe(videoFrameStartNs(first + i, format.frameRate));
      const seen = await decodeUnitPictures(init as NonNullable<typeof init>, units, WIDTH, HEIGHT);
      expect(await pictureSize(init as NonNullable<typeof init>, units)).toEqual([format.width / divisor, format.height / divisor]);
      // each up to its edges in its place, and nothing beside them
      const expected = (x: number, y: number): string | undefined => {
        const across = (n: number): number[] => [(x * format.width - places.of(n).x) / places.of(n).width, (y * format.height - places.of(n).y) / places.of(n).height];
        if (across(1).every((part) => part > 0.03 && part < 0.97)) return 'red';
        if (across(2).every((part) => part > 0.03 && part < 0.97)) return 'blue';
        return [1, 2].every((n) => across(n).some((part) => part < -0.03 || part > 1.03)) ? 'black' : undefined;
      };
      const steps = Array.from({ length: 40 }, (_, i) => (i + 0.5) / 40);
      const looked = steps.flatMap((y) => steps.map((x) => [x, y, expected(x, y)] as const)).filter(([, , colour]) => colour !== undefined);
      expect(looked.length).toBeGreaterThan(1000);
      expect(looked.filter(([x, y, colour]) => colourAt(seen.at(-1), x, y) !== colour)).toEqual([]);
    }
  });

  it('does without more, step by step, on a machine that is too busy, and takes all of it back; the programme has no hole', async () => {
    for (let n = 1; n <= 4; n++) rig.feeds.add((at) => (at % 500_000_000n < 250_000_000n ? red : blue));
    rig.feeds.startSound(() => 0.1);
    rig.start(mix, 1, rig.room(), { calmNeededMs: 700 });
    await mix.until('ready');
    await pause(500);
    const steps = (): string[] => mix.messages.flatMap((m) => (m.type === 'degraded' ? [m.degraded?.step ?? 'none'] : []));
    // how much other work makes a mix late is the scheduler's affair (Linux 6.18 gives it its turn among 24, others do not)
    const work = burn(8 * availableParallelism());
    let processesPerCore = 8;
    // one at a time: many at once take so much from a mix that nothing is soon enough
    const busier = setInterval(() => {
      if (steps().length > 0 || processesPerCore >= 96) return;
      work.more(availableParallelism());
      processesPerCore += 1;
    }, 350);
    try {
      await waitFor('a lower frame rate', () => steps().some((step) => step === 'frameRate' || step === 'renditions'), { timeoutMs: 15_000 });
      await pause(700);
    } finally {
      clearInterval(busier);
      await work.stop();
      console.info('processes beside the mix per core:', processesPerCore);
    }
    await waitFor('everything back', () => steps().at(-1) === 'none', { timeoutMs: 15_000 });
    await pause(400);

    console.info('steps of the ladder:', steps().join(' '));
    const down = steps().slice(steps().findLastIndex((step) => step === 'frameRate'));
    expect(down).toEqual(['frameRate', 'overlays', 'none']);
    expect(mix.messages.findLast((m) => m.type === 'memory')?.memory.degradeStep).toBeUndefined();
    const video = rig.programme.track('video:high');
    // 15 pictures a second, and never two of those missing
    for (const [i, unit] of video.slice(1).entries()) expect(Number(unit.ptsNs - (video[i] as ReceivedUnit).ptsNs) / 1e6).toBeLessThan(140);
    expect(video.some((unit) => Number(unit.durationNs) / 1e6 > 60)).toBe(true);
    expect(Number((video.at(-1) as ReceivedUnit).durationNs) / 1e6).toBeCloseTo(33.3, 0);
    const sound = rig.programme.track('audio:aac');
    for (const [i, unit] of sound.slice(1).entries()) expect(Number(unit.ptsNs - (sound[i] as ReceivedUnit).ptsNs) / 1e6).toBeCloseTo(21.333, 2);
  });
});
