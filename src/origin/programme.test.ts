import { beforeAll, describe, expect, it } from 'vitest';
import { encodeClip, type Clip } from '../../test/support/programme-source.ts';
import type { RoomId } from '../domain/ids.ts';
import { aacFrameStartNs, videoFrameStartNs } from '../domain/programme-time.ts';
import { endFrame, firstAacFrame, partGrid, type PartGrid } from './part-grid.ts';
import type { ProgrammePart } from './part.ts';
import { Programme } from './programme.ts';
import { SegmentList, segmentFrames } from './segment-list.ts';

/** By the place of their first frame in the keyframe grid. */
const clips = new Map<number, Clip>();
let clip: Clip;
beforeAll(async () => {
  for (const phase of [0, 9, 22]) clips.set(phase, await encodeClip(9, phase));
  clip = clips.get(0) as Clip;
}, 60_000);

/** A programme on a clock of its own. */
class Bench {
  readonly parts: { at: number; part: ProgrammePart }[] = [];
  readonly segments = new SegmentList({ windowFrames: 16_000, hotFrames: 16_000 });
  keyframesWanted = 0;
  frame = 0;
  clip = clip;
  readonly grid: PartGrid;
  readonly programme: Programme;

  constructor(partFrames = 16) {
    this.grid = partGrid(30, partFrames);
    this.programme = new Programme('r' as RoomId, this.grid, this.segments, {
      part: (part) => this.parts.push({ at: this.frame, part }),
      changed: () => undefined,
      keyframeWanted: () => this.keyframesWanted++,
      configured: () => undefined,
    });
  }

  begin(avcC: Buffer = clip.high.avcC): void {
    this.clip = clips.get(this.frame % 64) ?? clip;
    this.programme.beginEpoch(this.now(), ['high', 'mid']);
    for (const [track, video] of [['video:high', clip.high], ['video:mid', clip.mid]] as const)
      this.programme.configure({ track, codec: 'h264', width: video.width, height: video.height, frameRate: 30, bitrateBps: 1, config: (track === 'video:high' ? avcC : video.avcC).toString('base64') });
    this.programme.configure({ track: 'audio:aac', codec: 'aac', sampleRateHz: 48000, channels: 2, bitrateBps: 1, config: clip.audio.config.toString('base64') });
  }

  now(): bigint {
    return videoFrameStartNs(this.frame, 30);
  }

  /** `frames` frames pass; unit `unit(frame)` of the clip comes two frames after its place, none when undefined. */
  run(frames: number, unit: (frame: number) => number | undefined, shown = 1): void {
    for (let i = 0; i < frames; i++) {
      const frame = this.frame - 2;
      this.frame++;
      const index = unit(frame);
      if (index !== undefined && frame >= 0) {
        for (const [track, video] of [['video:high', this.clip.high], ['video:mid', this.clip.mid]] as const) {
          const u = video.units[index];
          if (u) this.programme.push({ track, key: u.key, cached: false, ptsNs: videoFrameStartNs(frame, 30), durationNs: videoFrameStartNs(shown, 30), data: u.data }, this.now());
        }
      }
      if (index !== undefined || shown > 1) {
        for (let aac = Math.max(0, Math.ceil((frame * 1600) / 1024)); aac * 1024 < (frame + 1) * 1600; aac++)
          this.programme.push({ track: 'audio:aac', key: true, cached: false, ptsNs: aacFrameStartNs(aac), durationNs: 21_333_333n, data: clip.audio.units[aac % 400] as Buffer }, this.now());
      }
      this.programme.tick(this.now());
    }
  }

  /** Everything a part must be, whatever happened. */
  check(): void {
    this.parts.forEach(({ part }, i) => {
      const before = this.parts[i - 1]?.part;
      if (before) expect(part.frame).toBe(endFrame(before));
      for (const video of part.video.values()) {
        expect(video.samples[0]?.frame).toBe(part.frame);
        expect(video.samples.reduce((sum, s) => sum + s.frames, 0)).toBe(part.frames);
        if (part.cut) expect(video.samples[0]?.key).toBe(true);
      }
      const aac = firstAacFrame(this.grid, part.frame);
      expect(part.audio.map((a) => a.frame)).toEqual(Array.from({ length: firstAacFrame(this.grid, endFrame(part)) - aac }, (_, k) => aac + k));
    });
    for (const segment of this.segments.segments) expect(segmentFrames(segment)).toBeLessThanOrEqual(96);
  }
}

/** A mixer that composes every second picture still keeps its keyframes on the grid. */
function everySecond(frame: number): number | undefined {
  return frame % 2 === 0 ? 64 * Math.floor(frame / 64) + (frame % 64) / 2 : undefined;
}

describe('a programme', () => {
  it('cuts on the keyframe grid and fills nothing while the mixer delivers', () => {
    const bench = new Bench();
    bench.begin();

    bench.run(260, (frame) => frame);

    bench.check();
    expect(bench.parts.length).toBe(16);
    expect(bench.parts.filter((p) => p.part.cut).map((p) => p.part.frame)).toEqual([0, 64, 128, 192]);
    expect(bench.programme.counters).toMatchObject({ filledFrames: 0, silentFrames: 0, lateUnits: 0 });
    expect(bench.segments.segments[0]?.complete).toBe(true);
  });

  it('has short parts, the last of a segment shorter still, with segments on the keyframe grid', () => {
    const bench = new Bench(6);
    bench.begin();

    bench.run(260, (frame) => frame);

    bench.check();
    expect(bench.segments.segments.map((s) => s.parts[0]?.frame)).toEqual([0, 64, 128, 192, 256].slice(0, bench.segments.segments.length));
    for (const segment of bench.segments.segments.filter((s) => s.complete)) expect(segment.parts.map((p) => p.frames)).toEqual([6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 4]);
    // one frame more than the two that every unit takes: whether the grid's keyframe is there
    for (const { at, part } of bench.parts) expect(at - endFrame(part)).toBeLessThanOrEqual(3);
  });

  it('has a short part only before a cut, also when the mixer dies before the grid', () => {
    const bench = new Bench(6);
    bench.begin();
    bench.run(64, (frame) => frame);
    bench.programme.sourceGone(bench.now());
    bench.run(30, () => undefined);
    bench.begin();
    const first = bench.frame;
    bench.run(200, (frame) => (frame < first ? undefined : frame - first));

    bench.check();
    for (const { parts } of bench.segments.segments) expect(parts.slice(0, -1).every((p) => p.frames === 6)).toBe(true);
    const steps = bench.parts.slice(1).map((p, i) => p.at - (bench.parts[i]?.at ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(9);
  });

  it('keeps the pace of its parts while no mixer delivers', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(100, (frame) => frame);
    bench.programme.sourceGone(bench.now());
    bench.run(100, () => undefined);

    const steps = bench.parts.slice(1).map((p, i) => p.at - (bench.parts[i]?.at ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(16);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(14);
  });

  it('shows nobody what was before its end when it begins anew', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(260, (frame) => frame);
    const old = bench.segments.segments.length;
    bench.programme.end();
    expect(bench.segments.segments).toHaveLength(old);
    bench.run(60, () => undefined);
    bench.begin();
    const first = bench.frame;
    bench.run(100, (frame) => (frame < first ? undefined : frame - first));

    const [segment] = bench.segments.segments;
    expect(segment).toMatchObject({ msn: old, discontinuity: true, discontinuities: 1 });
    expect(segment?.parts[0]?.frame).toBeGreaterThanOrEqual(first - 16);
    expect(bench.segments.find(0)?.msn).toBe(0);
    expect(bench.programme.gaps).toEqual([]);
    expect(bench.programme.durationMs).toBeLessThan(3500);
  });

  it('shows the first keyframe early, so that the first part is a whole one', () => {
    const bench = new Bench();
    bench.run(73, () => undefined);
    bench.begin();

    bench.run(120, (frame) => (frame < 73 ? undefined : frame - 73));

    bench.check();
    expect(bench.parts[0]?.part.frame).toBe(64);
    expect(bench.programme.gaps).toEqual([]);
  });

  it('goes on over a dead mixer, over a grid place, until the next keyframe', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(100, (frame) => frame);
    bench.programme.sourceGone(bench.now());
    bench.run(50, () => undefined);
    bench.begin();
    const first = bench.frame;
    bench.run(200, (frame) => (frame < first ? undefined : frame - first));

    bench.check();
    const gap = bench.programme.gaps[0];
    expect(bench.programme.gaps).toHaveLength(1);
    expect(gap?.reason).toBe('mixerRestart');
    expect(gap?.atMs).toBe(Math.round((98 * 1000) / 30));
    expect(gap?.lengthMs).toBeGreaterThan(1500);
    // No part came more than half a part late.
    const steps = bench.parts.slice(1).map((p, i) => p.at - (bench.parts[i]?.at ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(24);
  });

  it('never lets a segment outgrow the target duration in a long outage', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(40, (frame) => frame);
    bench.programme.sourceGone(bench.now());
    bench.run(900, () => undefined);

    bench.check();
    expect(bench.parts.length).toBeGreaterThan(50);
  });

  it('asks for a keyframe after a stall and takes nothing it cannot decode', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(40, (frame) => frame);
    bench.run(40, () => undefined);
    bench.run(60, (frame) => frame);

    bench.check();
    expect(bench.keyframesWanted).toBeGreaterThan(0);
    expect(bench.programme.counters.undecodableUnits).toBeGreaterThan(10);
    expect(bench.programme.gaps[0]?.reason).toBe('stalled');
  });

  it('stretches pictures instead of adding some when the mixer halves its frame rate', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(200, everySecond);

    bench.check();
    expect(bench.programme.counters.filledFrames).toBe(0);
    expect(bench.parts[3]?.part.video.get('high')?.samples).toHaveLength(8);
  });

  it('has a part at once when its last picture, shown for two frames, has come', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(200, everySecond, 2);

    bench.check();
    expect(bench.programme.counters).toMatchObject({ filledFrames: 0, silentFrames: 0 });
    expect(bench.parts.every(({ part }) => [...part.video.values()].every((v) => v.samples.every((s) => s.frames === 2)))).toBe(true);
    // Its last unit stands one frame before the part's end and comes two frames after its place.
    for (const { at, part } of bench.parts) expect(at - endFrame(part)).toBeLessThanOrEqual(2);
  });

  it('begins a segment with a discontinuity when the parameters change', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(100, (frame) => frame);
    const changed = Buffer.from(clip.high.avcC);
    changed[3] = (changed[3] as number) + 1; // another level
    bench.begin(changed);
    const first = bench.frame;
    bench.run(100, (frame) => (frame < first ? undefined : frame - first));

    bench.check();
    const broken = bench.segments.segments.filter((s) => s.discontinuity);
    expect(broken).toHaveLength(1);
    expect(broken[0]?.init).toMatchObject({ high: 1, mid: 0, audio: 0 });
  });
});
