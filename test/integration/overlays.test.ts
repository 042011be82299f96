/** What is drawn over and under the tiles, seen in the programme's decoded picture. */
import { createCanvas } from '@napi-rs/canvas';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Overlays } from '../../src/domain/room.ts';
import type { MixRoom } from '../../src/mixer/mix-ipc.ts';
import { badgeSize, overlayMeasures, placeOverlays, type OverlayBox } from '../../src/mixer/overlays/place-overlays.ts';
import { decodeUnitPictures, MixerRig, plainPicture, type MixChild } from '../support/mixer-rig.ts';

const WIDTH = 1280;
const HEIGHT = 720;
const LOGO: OverlayBox = { x: 32, y: 32, width: 128, height: 64 };

let rig: MixerRig;
let mix: MixChild;

beforeAll(async () => {
  rig = new MixerRig();
  await rig.open();
  mix = await rig.spare();
});
afterAll(() => rig.close());

function room(overlays: Partial<Overlays>, recording: boolean): MixRoom {
  const file = (name: string, colours: [string, string]): string => {
    const picture = createCanvas(400, 200);
    const context = picture.getContext('2d');
    colours.forEach((colour, i) => {
      context.fillStyle = colour;
      context.fillRect(200 * i, 0, 200, 200);
    });
    const path = join(rig.dir, name);
    writeFileSync(path, picture.toBuffer('image/png'));
    return path;
  };
  const broken = join(rig.dir, 'broken.png');
  writeFileSync(broken, 'not a picture');
  const base = rig.room({ preset: 'grid' }, true);
  return { ...base, overlays: { labels: true, ...overlays }, recording, images: { logo: file('logo.png', ['#e01010', '#1010e0']), wall: file('wall.png', ['#10a010', '#10a010']), broken } };
}

/** The newest picture of the programme, RGB. */
async function newest(): Promise<Buffer> {
  const seen = rig.programme.track('video:high').length;
  rig.programme.requestKeyframe();
  await expect.poll(() => rig.programme.track('video:high').slice(seen).some((u) => u.key), { timeout: 3000, interval: 20 }).toBe(true);
  const units = rig.programme.track('video:high');
  const init = rig.programme.inits.get('video:high');
  if (!init) throw new Error('no init');
  const decoded = await decodeUnitPictures(init, units.slice(units.findLastIndex((u) => u.key)), WIDTH, HEIGHT);
  return decoded.at(-1) as Buffer;
}

type Pixel = [number, number, number];

function pixelAt(picture: Buffer, x: number, y: number): Pixel {
  const i = (Math.round(y) * WIDTH + Math.round(x)) * 3;
  return [picture[i] ?? 0, picture[i + 1] ?? 0, picture[i + 2] ?? 0];
}

/** Share of a box's pixels. */
function share(picture: Buffer, box: OverlayBox, wanted: (pixel: Pixel) => boolean): number {
  let count = 0;
  for (let y = box.y; y < box.y + box.height; y++) for (let x = box.x; x < box.x + box.width; x++) if (wanted(pixelAt(picture, x, y))) count++;
  return count / (box.width * box.height);
}

const dark = ([r, g, b]: Pixel): boolean => Math.max(r, g, b) < 100;
const white = ([r, g, b]: Pixel): boolean => Math.min(r, g, b) > 215;

it('shows each overlay in its place, the slate above them all, and nothing of them when they are taken back', async () => {
  // arrange: two people of plain light grey
  const grey = plainPicture(640, 360, 165);
  for (const name of ['Anna', 'Bo']) rig.feeds.add(() => grey, { name });
  const overlays: Partial<Overlays> = {
    watermark: { image: 'logo', corner: 'topLeft', opacity: 0.5, scale: 0.1 },
    lowerThird: { title: 'Anna Berg', subtitle: 'Deep sea biology' },
    banner: { text: 'Questions are answered at the end' },
    captions: true,
    recordingBadge: true,
    background: { image: 'wall' },
  };

  // act
  rig.start(mix, 1, room(overlays, true));
  await mix.until('ready');
  mix.send({ type: 'caption', caption: { text: 'and so we went down to three thousand metres', speaker: 'Anna', durationMs: 10_000 } });
  await pause(700);
  const full = await newest();
  mix.send({ type: 'room', room: room({ ...overlays, slate: { text: 'A short break', image: 'broken', until: new Date(Date.now() + 600_000).toISOString() } }, true) });
  await pause(700);
  const slate = await newest();
  mix.send({ type: 'room', room: room({ labels: false }, false) });
  await pause(700);
  const none = await newest();

  // assert
  const boxes = placeOverlays(
    { width: WIDTH, height: HEIGHT },
    { watermark: { corner: 'topLeft', ...LOGO }, badge: badgeSize(overlayMeasures({ width: WIDTH, height: HEIGHT })), banner: { rows: 1 }, lowerThird: { subtitle: true }, captions: true },
  );
  for (const name of ['badge', 'banner', 'lowerThird', 'captions'] as const) {
    const box = boxes[name] as OverlayBox;
    // a plate with text on it, that was not there without
    expect([name, share(full, box, dark) > 0.12, share(full, box, white) > 0.004]).toEqual([name, true, true]);
    expect([name, share(full, box, white) < 0.3]).toEqual([name, true]);
  }
  // half of the mark's red and blue, half of what lies below it: the wall above the tiles, which are in the middle third
  const [left, right] = [pixelAt(full, LOGO.x + 20, LOGO.y + 32), pixelAt(full, LOGO.x + 108, LOGO.y + 32)];
  const wall = pixelAt(full, 640, 60);
  expect(wall[1] - Math.max(wall[0], wall[2])).toBeGreaterThan(90);
  expect(left[0]).toBeGreaterThan(90);
  expect(left[0]).toBeLessThan(150);
  expect(right[2]).toBeGreaterThan(90);
  expect(left[1]).toBeGreaterThan(55);
  // free of overlays the people are as they are
  expect(Math.abs(pixelAt(full, 320, 260)[1] - pixelAt(none, 320, 260)[1])).toBeLessThan(6);

  // the broken picture of the slate is left out, the slate is not
  const grounds = [pixelAt(slate, 10, 10), pixelAt(slate, 1270, 10), pixelAt(slate, 640, 700), pixelAt(slate, 60, 600), pixelAt(slate, 320, 200)];
  for (const [r, g, b] of grounds) expect([r < 45, g < 45, b < 55]).toEqual([true, true, true]);
  expect(share(slate, { x: 340, y: 240, width: 600, height: 240 }, white)).toBeGreaterThan(0.02);
  expect(mix.messages.filter((m) => m.type === 'imageFailed')).toHaveLength(1);

  for (const box of Object.values(boxes)) expect(share(none, box, white)).toBe(0);
  expect(pixelAt(none, 640, 60).every((c) => c < 20)).toBe(true);
});

it('shows no half name under a lower third: it is in the upper corner of its tile meanwhile', async () => {
  // arrange: two rows of two, the lower left one is Carl
  const grey = plainPicture(640, 360, 165);
  for (const name of ['Carl', 'Dora']) rig.feeds.add(() => grey, { name });
  const shows = async (overlays: Partial<Overlays>): Promise<{ lowest: number; above: number; dora: number }> => {
    mix.send({ type: 'room', room: room(overlays, false) });
    await pause(700);
    const picture = await newest();
    return {
      // what looks out between the lower third and the tile's edge
      lowest: share(picture, { x: 34, y: 690, width: 40, height: 12 }, dark),
      above: share(picture, { x: 34, y: 374, width: 40, height: 32 }, dark),
      dora: share(picture, { x: 658, y: 690, width: 40, height: 12 }, dark),
    };
  };

  // act
  const before = await shows({});
  const during = await shows({ lowerThird: { title: 'Anna Berg', subtitle: 'Deep sea biology' } });
  const after = await shows({});

  // assert
  for (const seen of [before, after]) expect([seen.lowest > 0.5, seen.above, seen.dora > 0.5]).toEqual([true, 0, true]);
  expect([during.lowest, during.above > 0.5, during.dora > 0.5]).toEqual([0, true, true]);
});
