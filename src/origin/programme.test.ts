import { beforeAll, describe, expect, it } from 'vitest';
import { encodeClip, type Clip } from '../../test/support/programme-source.ts';
import type { RoomId } from '../domain/ids.ts';
import { aacFrameStartNs, videoFrameStartNs } from '../domain/programme-time.ts';
import { partGrid } from './part-grid.ts';
import type { ProgrammePart } from './part.ts';
import { Programme } from './programme.ts';
import { SegmentList } from './segment-list.ts';

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
  readonly segments = new SegmentList({ windowParts: 1000, hotParts: 1000 });
  keyframesWanted = 0;
  frame = 0;
  clip = clip;
  readonly programme = new Programme('r' as RoomId, partGrid(30, 16), this.segments, {
    part: (part) => this.parts.push({ at: this.frame, part }),
    changed: () => undefined,
    keyframeWanted: () => this.keyframesWanted++,
    configured: () => undefined,
  });

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
      expect(part.part).toBe((this.parts[0]?.part.part ?? 0) + i);
      for (const video of part.video.values()) {
        expect(video.samples[0]?.frame).toBe(part.part * 16);
        expect(video.samples.reduce((sum, s) => sum + s.frames, 0)).toBe(16);
        if (part.cut) expect(video.samples[0]?.key).toBe(true);
      }
      expect(part.audio.map((a) => a.frame)).toEqual(Array.from({ length: 25 }, (_, k) => part.part * 25 + k));
    });
    for (const segment of this.segments.segments) expect(segment.parts.length).toBeLessThanOrEqual(8);
  }
}

describe('a programme', () => {
  it('cuts on the keyframe grid and fills nothing while the mixer delivers', () => {
    const bench = new Bench();
    bench.begin();

    bench.run(260, (frame) => frame);

    bench.check();
    expect(bench.parts.length).toBe(16);
    expect(bench.parts.filter((p) => p.part.cut).map((p) => p.part.part)).toEqual([0, 4, 8, 12]);
    expect(bench.programme.counters).toMatchObject({ filledFrames: 0, silentFrames: 0, lateUnits: 0 });
    expect(bench.segments.segments[0]?.complete).toBe(true);
  });

  it('shows the first keyframe early, so that the first part is a whole one', () => {
    const bench = new Bench();
    bench.run(73, () => undefined);
    bench.begin();

    bench.run(120, (frame) => (frame < 73 ? undefined : frame - 73));

    bench.check();
    expect(bench.parts[0]?.part.part).toBe(4);
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
    bench.run(200, (frame) => (frame % 2 === 0 ? frame / 2 : undefined));

    bench.check();
    expect(bench.programme.counters.filledFrames).toBe(0);
    expect(bench.parts[3]?.part.video.get('high')?.samples).toHaveLength(8);
  });

  it('has a part at once when its last picture, shown for two frames, has come', () => {
    const bench = new Bench();
    bench.begin();
    bench.run(200, (frame) => (frame % 2 === 0 ? frame / 2 : undefined), 2);

    bench.check();
    expect(bench.programme.counters).toMatchObject({ filledFrames: 0, silentFrames: 0 });
    expect(bench.parts.every(({ part }) => [...part.video.values()].every((v) => v.samples.every((s) => s.frames === 2)))).toBe(true);
    // Its last unit stands one frame before the part's end and comes two frames after its place.
    for (const { at, part } of bench.parts) expect(at - (part.part + 1) * 16).toBeLessThanOrEqual(2);
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
