import { describe, expect, it } from 'vitest';
import type { UplinkWish } from '../../src/domain/uplink.ts';
import { differs, encodingFor, FIRST_WISH, wishFor } from './uplink.ts';

const tile: UplinkWish = { source: 'camera', width: 426, height: 240, frameRate: 30, maxBitrateBps: 500_000, shown: true };

describe('encodingFor', () => {
  it('scales a camera to the size of its tile', () => {
    const { scaleResolutionDownBy, maxFramerate, maxBitrate } = encodingFor({ width: 1280, height: 720 }, tile);
    expect(720 / scaleResolutionDownBy).toBeCloseTo(240, 5);
    expect({ maxFramerate, maxBitrate }).toEqual({ maxFramerate: 30, maxBitrate: 500_000 });
  });

  it('compares a camera of another shape by area', () => {
    const { scaleResolutionDownBy } = encodingFor({ width: 640, height: 480 }, tile);
    expect((640 / scaleResolutionDownBy) * (480 / scaleResolutionDownBy)).toBeCloseTo(426 * 240, -3);
  });

  it('never sends more than there is, and leaves nearly the right size alone', () => {
    expect(encodingFor({ width: 640, height: 360 }, { ...tile, width: 1280, height: 720 }).scaleResolutionDownBy).toBe(1);
    expect(encodingFor({ width: 640, height: 360 }, { ...tile, width: 640, height: 360 }).scaleResolutionDownBy).toBe(1);
    expect(encodingFor({ width: 640, height: 360 }, { ...tile, width: 624, height: 352 }).scaleResolutionDownBy).toBe(1);
  });

  it('sends as many pixels of an upright phone as of a wide camera, whichever way it is held', () => {
    const upright = encodingFor({ width: 720, height: 1280 }, tile).scaleResolutionDownBy;
    expect((720 / upright) * (1280 / upright)).toBeCloseTo(426 * 240, -3);
    expect(encodingFor({ width: 720, height: 1280 }, { ...tile, width: 240, height: 426 }).scaleResolutionDownBy).toBe(3);
  });

  it('keeps a screen, which is shown whole, inside the wished size', () => {
    const wish: UplinkWish = { ...FIRST_WISH.screen, width: 1280, height: 720 };
    expect(encodingFor({ width: 1920, height: 1080 }, wish).scaleResolutionDownBy).toBe(1.5);
    expect(encodingFor({ width: 1920, height: 1200 }, wish).scaleResolutionDownBy).toBeCloseTo(1200 / 720, 3);
  });

  it('takes a track of unknown size, and wishes without one, as they are', () => {
    expect(encodingFor({}, tile).scaleResolutionDownBy).toBe(1);
    expect(encodingFor({ width: 640, height: 360 }, { ...tile, width: 0, height: 0 }).scaleResolutionDownBy).toBe(1);
  });

  it('asks a browser for no frame rate of 0 and no bitrate of 0, which it would refuse or take as off', () => {
    expect(encodingFor({}, { ...tile, frameRate: 0, maxBitrateBps: 0 })).toMatchObject({ maxFramerate: 1, maxBitrate: 30_000 });
  });
});

describe('differs', () => {
  it('sees a change of each value, and that no scale is a scale of 1', () => {
    const wanted = { scaleResolutionDownBy: 1, maxFramerate: 30, maxBitrate: 500_000 };
    expect(differs({ maxFramerate: 30, maxBitrate: 500_000 }, wanted)).toBe(false);
    expect(differs({ ...wanted, maxBitrate: 1 }, wanted)).toBe(true);
    expect(differs({ ...wanted, scaleResolutionDownBy: 2 }, wanted)).toBe(true);
    expect(differs({}, wanted)).toBe(true);
  });
});

describe('wishFor', () => {
  it('finds the wish of a source', () => {
    expect(wishFor([FIRST_WISH.screen, tile], 'camera')).toBe(tile);
    expect(wishFor([tile], 'screen')).toBeUndefined();
  });
});
