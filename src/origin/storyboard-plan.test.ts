import { describe, expect, it } from 'vitest';
import { sheetSegments, storyboardText, tileStep } from './storyboard-plan.ts';

describe('the storyboard', () => {
  it('has some 120 pictures of a full window, but none nearer than 8 s', () => {
    expect([tileStep(600, 30), tileStep(7200, 30), tileStep(7200, 15)]).toEqual([4, 29, 15]);
  });

  it('names for each stretch of the window a rectangle of a sheet', () => {
    const text = storyboardText([{ msn: 96, startSeconds: 3.2 }, { msn: 100, startSeconds: 11.7333 }, { msn: 104, startSeconds: 3665 }], 3670.5, 4);

    expect(text).toBe(`WEBVTT

00:00:00.000 --> 00:00:11.733
storyboard/0-96.jpg#xywh=640,360,160,90

00:00:11.733 --> 01:01:05.000
storyboard/1-104.jpg#xywh=0,0,160,90

01:01:05.000 --> 01:01:10.500
storyboard/1-104.jpg#xywh=160,0,160,90
`);
    expect(storyboardText([], 0, 4)).toBe('WEBVTT\n');
  });

  it('knows what is on a sheet by its name, and no others', () => {
    expect(sheetSegments(1, 108, 4)).toEqual([100, 104, 108]);
    for (const [sheet, last] of [[1, 109], [0, 108], [2, 108]] as const) expect(sheetSegments(sheet, last, 4)).toBeUndefined();
  });
});
