import { describe, expect, it } from 'vitest';
import { containBox, coverCrop, cropI420, packable } from './picture-crop.ts';

describe('coverCrop', () => {
  it('leaves a picture alone that has the shape of its region', () => {
    expect(coverCrop(640, 360, 0, 1280, 720)).toBeUndefined();
    expect(coverCrop(360, 640, 90, 1280, 720)).toBeUndefined();
  });
  it('takes the middle of a 4:3 picture for a 16:9 region', () => {
    expect(coverCrop(640, 480, 0, 1280, 720)).toEqual({ x: 0, y: 60, width: 640, height: 360 });
  });
  it('crops before turning', () => {
    expect(coverCrop(640, 360, 90, 1280, 720)).toEqual({ x: 218, y: 0, width: 202, height: 360 });
  });
});

describe('packable', () => {
  it('leaves widths alone that are multiples of 8', () => {
    expect(packable(640, 360, undefined)).toBeUndefined();
  });
  it('cuts what GStreamer would expect padding for', () => {
    expect(packable(427, 241, undefined)).toEqual({ x: 0, y: 0, width: 424, height: 240 });
    expect(packable(640, 360, { x: 218, y: 0, width: 202, height: 360 })).toEqual({ x: 218, y: 0, width: 200, height: 360 });
  });
});

describe('containBox', () => {
  it('centres the whole picture', () => {
    expect(containBox(640, 480, { x: 100, y: 0, width: 320, height: 180 })).toEqual({ x: 140, y: 0, width: 240, height: 180 });
  });
});

describe('cropI420', () => {
  it('keeps the right pixels in all planes', () => {
    const width = 8;
    const height = 6;
    const pixels = Buffer.alloc((width * height * 3) / 2);
    for (let i = 0; i < width * height; i++) pixels[i] = i;
    for (let i = 0; i < 12; i++) pixels[48 + i] = 100 + i;
    for (let i = 0; i < 12; i++) pixels[60 + i] = 200 + i;

    const out = cropI420(pixels, width, height, { x: 2, y: 2, width: 4, height: 2 });

    expect([...out]).toEqual([18, 19, 20, 21, 26, 27, 28, 29, 105, 106, 205, 206]);
  });
});
