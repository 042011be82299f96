import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LESS_AFTER_MS, sameWish, settleUplink, uplinkWish, type UplinkNeed, type UplinkSettling, type UplinkWish } from './uplink.ts';

const CANVAS = { width: 1280, height: 720, frameRate: 30 };
function camera(width: number, height: number, extra: Partial<UplinkNeed> = {}): UplinkWish {
  return uplinkWish({ source: 'camera', box: { width, height }, fit: 'cover', canvas: CANVAS, ...extra });
}
function screen(width: number, height: number, extra: Partial<UplinkNeed> = {}): UplinkWish {
  return uplinkWish({ source: 'screen', box: { width, height }, fit: 'contain', canvas: CANVAS, ...extra });
}
const size = (w: UplinkWish): string => `${w.width}x${w.height}@${w.frameRate}`;

describe('uplinkWish', () => {
  it.each([
    ['one person on the whole canvas', 1280, 720, '1280x720@30', 1_800_000],
    ['four in a grid', 616, 348, '640x360@30', 600_000],
    ['nine in a grid', 404, 228, '426x240@30', 380_000],
    ['sixteen in a grid', 296, 168, '320x180@15', 180_000],
    ['a tile of 140×80', 140, 80, '160x90@15', 100_000],
  ])('asks for the size shown: %s', (_what, width, height, wanted, bps) => {
    const wish = camera(width, height);
    expect(size(wish)).toBe(wanted);
    expect(wish.maxBitrateBps).toBe(bps);
    expect(wish.shown).toBe(true);
  });

  it('asks for what a crop leaves: a tall tile of a wide picture needs its height', () => {
    expect(size(camera(348, 464))).toBe('854x480@30');
    expect(size(camera(348, 464, { fit: 'contain' }))).toBe('426x240@30');
  });

  it('asks a phone held upright for a tall picture that is wide enough', () => {
    expect(size(camera(404, 228, { aspect: 9 / 16 }))).toBe('480x854@30');
    expect(size(camera(404, 718, { aspect: 9 / 16 }))).toBe('480x854@30');
  });

  it('never asks for more than the canvas has', () => {
    expect(size(camera(640, 360, { canvas: { width: 640, height: 360, frameRate: 15 } }))).toBe('640x360@15');
    expect(size(camera(720, 1280, { canvas: { width: 720, height: 1280, frameRate: 30 } }))).toBe('1280x720@30');
    expect(size(camera(1920, 1080, { canvas: { width: 1920, height: 1080, frameRate: 30 } }))).toBe('1920x1080@30');
  });

  it('asks for a whole share when it is large, and a small one in a strip', () => {
    const large = screen(1056, 594);
    expect(size(large)).toBe('1920x1080@15');
    expect(large.maxBitrateBps).toBe(2_500_000);
    const small = screen(200, 112);
    expect(size(small)).toBe('640x360@15');
    expect(small.maxBitrateBps).toBeLessThan(500_000);
  });

  it('asks who is not shown for next to nothing', () => {
    const unseen = uplinkWish({ source: 'camera', box: undefined, fit: 'cover', canvas: CANVAS });
    expect(unseen).toEqual({ source: 'camera', width: 160, height: 90, frameRate: 8, maxBitrateBps: 60_000, shown: false });
  });

  it('asks for one size less when the machine is overloaded', () => {
    expect(size(camera(404, 228, { rungsDown: 1 }))).toBe('320x180@30');
    expect(size(camera(140, 80, { rungsDown: 1 }))).toBe('160x90@15');
    const near = { rungsDown: 1, previous: camera(470, 264, { rungsDown: 1 }) };
    expect(size(camera(470, 264, near))).toBe('426x240@30');
    expect(size(screen(1056, 594, { rungsDown: 1 }))).toBe('1280x720@15');
    expect(size(screen(200, 112, { rungsDown: 1 }))).toBe('640x360@15');
  });

  it('stays with a size near the border of the next one', () => {
    const at240 = camera(404, 228);
    expect(size(camera(470, 264))).toBe('640x360@30');
    expect(size(camera(470, 264, { previous: at240 }))).toBe('426x240@30');
    const at360 = camera(616, 348);
    expect(size(camera(450, 254))).toBe('426x240@30');
    expect(size(camera(450, 254, { previous: at360 }))).toBe('640x360@30');
    expect(size(camera(404, 228, { previous: at360 }))).toBe('426x240@30');
  });

  it('is enough for every box, and not more than one size too much', () => {
    const box = fc.record({ width: fc.integer({ min: 2, max: 1280 }), height: fc.integer({ min: 2, max: 720 }) });
    fc.assert(
      fc.property(box, fc.option(box, { nil: undefined }), (now, before) => {
        const need: UplinkNeed = { source: 'camera', box: now, fit: 'cover', canvas: CANVAS };
        const previous = before && uplinkWish({ ...need, box: before });
        const wish = uplinkWish({ ...need, previous });
        expect(wish.width).toBeGreaterThanOrEqual(0.87 * now.width);
        expect(wish.height).toBeGreaterThanOrEqual(0.87 * now.height);
        expect(wish.width).toBeLessThanOrEqual(1280);
        // asking again with the answer changes nothing
        expect(uplinkWish({ ...need, previous: wish })).toEqual(wish);
      }),
    );
  });
});

describe('settleUplink', () => {
  const large = camera(1056, 594);
  const small = camera(200, 112);

  it('tells more at once and less after a while', () => {
    let state = settleUplink(undefined, small, 0);
    state = settleUplink(state, large, 10);
    expect(state.told).toEqual(large);
    state = settleUplink(state, small, 20);
    expect(state.told).toEqual(large);
    expect(settleUplink(state, small, 20 + LESS_AFTER_MS - 1).told).toEqual(large);
    expect(settleUplink(state, small, 20 + LESS_AFTER_MS).told).toEqual(small);
  });

  it('forgets a wish for less when the old one is back', () => {
    let state: UplinkSettling = settleUplink(undefined, large, 0);
    state = settleUplink(state, small, 100);
    state = settleUplink(state, large, 1900);
    state = settleUplink(state, small, 2000);
    expect(settleUplink(state, small, 3900).told).toEqual(large);
    expect(settleUplink(state, small, 4000).told).toEqual(small);
  });

  it('tells at once who comes on the canvas', () => {
    const unseen = uplinkWish({ source: 'camera', box: undefined, fit: 'cover', canvas: CANVAS });
    const state = settleUplink(settleUplink(undefined, unseen, 0), camera(100, 56), 1);
    expect(sameWish(state.told, camera(100, 56))).toBe(true);
  });
});
