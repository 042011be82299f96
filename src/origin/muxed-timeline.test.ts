import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFragments } from '../media/fmp4-read.ts';
import { MuxedTimeline, nearestAacOf } from './muxed-timeline.ts';
import { partGrid } from './part-grid.ts';

const grid = partGrid(30, 16);
const data = Buffer.alloc(1);

/** Video frames [from, to) with the sound from `aac` on up to the same time. */
function write(timeline: MuxedTimeline, from: number, to: number): { video: number; audio: number } {
  const aac = timeline.state?.nextAacFrame ?? 0;
  const video = Array.from({ length: to - from }, (_, i) => ({ data, key: i === 0, frame: from + i, frames: 1 }));
  const audio = Array.from({ length: Math.max(0, nearestAacOf(grid, to) - aac) }, (_, i) => ({ data, frame: aac + i }));
  const [fragment] = readFragments(timeline.fragment(video, audio));
  const seconds = (id: number, scale: number): number => Number(fragment?.tracks.find((t) => t.id === id)?.decodeTime ?? 0n) / scale;
  return { video: seconds(1, 30000), audio: seconds(2, 48000) };
}

describe('the timeline of tail and recorder', () => {
  it('starts at 0 with both tracks within 11 ms, in sync, wherever it starts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (frame) => {
        const timeline = new MuxedTimeline(grid);
        const aac = nearestAacOf(grid, frame);
        timeline.begin(frame, aac);

        const at = write(timeline, frame, frame + 30);

        expect(Math.min(at.video, at.audio)).toBe(0);
        expect(Math.max(at.video, at.audio)).toBeLessThan(0.011);
        expect(at.audio - at.video).toBeCloseTo((aac * 1024) / 48000 - frame / 30, 3);
      }),
    );
  });

  it('stays in sync and without holes however often something is left out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.array(fc.tuple(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 1, max: 5000 })), { minLength: 1, maxLength: 20 }), (start, stretches) => {
        const timeline = new MuxedTimeline(grid);
        timeline.begin(start, nearestAacOf(grid, start));
        let frame = start;
        let written = 0;
        for (const [length, pause] of stretches) {
          write(timeline, frame, frame + length);
          written += length;
          expect(timeline.durationMs).toBeCloseTo((written * 1000) / 30, 6);
          frame += length + pause;
          const aac = timeline.leaveOut(frame);
          const at = write(timeline, frame, frame + 20);
          frame += 20;
          written += 20;
          const sourceOffset = (aac * 1024) / 48000 - (frame - 20) / 30;
          expect(Math.abs(at.audio - at.video - sourceOffset)).toBeLessThan(0.0115);
          expect(Math.abs(timeline.durationMs - (written * 1000) / 30)).toBeLessThan(0.001);
        }
      }),
      { numRuns: 50 },
    );
  });
});
