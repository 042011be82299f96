import { describe, expect, it } from 'vitest';
import { fittedPicture } from './uplink.ts';

describe('what a synthetic participant sends of what is asked', () => {
  const own = { width: 640, height: 360, frameRate: 30 };

  it('is no larger and no faster than asked', () => {
    expect(fittedPicture(own, { width: 320, height: 180, frameRate: 15 })).toEqual({ width: 320, height: 180, frameRate: 15 });
    expect(fittedPicture(own, { width: 426, height: 240, frameRate: 30 })).toEqual({ width: 426, height: 240, frameRate: 30 });
  });

  it('is never more than it has', () => {
    expect(fittedPicture(own, { width: 1280, height: 720, frameRate: 60 })).toEqual(own);
  });

  it('keeps its shape and covers the tile', () => {
    expect(fittedPicture({ width: 360, height: 640, frameRate: 30 }, { width: 320, height: 180, frameRate: 30 })).toEqual({ width: 320, height: 568, frameRate: 30 });
    expect(fittedPicture({ width: 640, height: 480, frameRate: 30 }, { width: 160, height: 90, frameRate: 30 })).toEqual({ width: 160, height: 120, frameRate: 30 });
  });
});
