import { describe, expect, it } from 'vitest';
import { parseStoryboard, thumbnailAt } from './storyboard.ts';

const VTT = `WEBVTT

NOTE a storyboard

1
00:10.000 --> 00:20.000
storyboard-0.jpg#xywh=160,0,160,90

00:00:00.000 --> 00:00:10.000 align:start
storyboard-0.jpg#xywh=0,0,160,90

01:00:00.500 --> 01:00:10.500
storyboard-1.jpg#xywh=pixel:0,90,160,90

00:30.000 --> 00:40.000
words instead of a picture

00:40.000 --> 00:50.000
storyboard-0.jpg#xywh=0,0,0,90
`;

describe('the storyboard', () => {
  it('is read in the order of time, passing over what is no picture', () => {
    expect(parseStoryboard(VTT).map((t) => [t.startS, t.endS, t.url, t.x, t.y])).toEqual([
      [0, 10, 'storyboard-0.jpg', 0, 0],
      [10, 20, 'storyboard-0.jpg', 160, 0],
      [3600.5, 3610.5, 'storyboard-1.jpg', 0, 90],
    ]);
    expect(parseStoryboard('')).toEqual([]);
    expect(parseStoryboard('<html>')).toEqual([]);
  });

  it('gives the picture of a time', () => {
    const all = parseStoryboard(VTT.replaceAll('\n', '\r\n'));
    expect(thumbnailAt(all, 15)?.x).toBe(160);
    expect(thumbnailAt(all, 25)?.x).toBe(160);
    expect(thumbnailAt(all, 4000)?.url).toBe('storyboard-1.jpg');
    expect(thumbnailAt(all, -1)).toBeUndefined();
  });
});
