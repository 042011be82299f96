import { describe, expect, it } from 'vitest';
import type { Unit, Welcome } from '../media/programme-protocol.ts';
import { SharedTracks } from './shared-tracks.ts';

const welcome = (anchorUnixMs: number): Welcome => ({ room: 'r' as Welcome['room'], epoch: 1, anchorMonotonicNs: '0', anchorUnixMs, frameRate: 30, keyframeGridFrames: 64 });
const frame = (n: number, key = false): Unit => ({ track: 'video:mid', key, cached: false, ptsNs: BigInt(n * 1e9) / 30n, durationNs: 0n, data: Buffer.from([0, 0, 0, 2, 0x61, n & 255]) });

describe('SharedTracks', () => {
  it('counts frames on whole ticks', () => {
    const tracks = new SharedTracks();
    tracks.welcomed(welcome(0));

    for (let n = 0; n < 10; n++) tracks.unit(frame(n, n === 0));

    expect(Array.from({ length: 10 }, (_, i) => tracks.rings.mid.get(i)?.ticks)).toEqual(Array.from({ length: 10 }, (_, i) => i * 3000));
    expect(tracks.rings.mid.keyIndex).toBe(0);
  });

  it('takes the cache of a reconnection only as far as it is new', () => {
    const tracks = new SharedTracks();
    tracks.welcomed(welcome(0));
    for (let n = 0; n < 5; n++) tracks.unit(frame(n));

    tracks.welcomed(welcome(0));
    for (let n = 2; n < 8; n++) tracks.unit(frame(n));

    expect(tracks.rings.mid.head).toBe(8);
    expect(tracks.repeated).toBe(3);
  });

  it('goes on where the wall clock says when the programme begins anew', () => {
    const tracks = new SharedTracks();
    tracks.welcomed(welcome(1000));
    tracks.unit(frame(30));

    tracks.welcomed(welcome(11_000));
    tracks.unit(frame(0, true));

    expect(tracks.rings.mid.headTicks).toBe(900_000);
    expect(tracks.anchorUnixMs).toBe(1000);
  });

  it('counts what cannot be read', () => {
    const tracks = new SharedTracks();
    tracks.welcomed(welcome(0));

    expect(tracks.unit({ ...frame(1), data: Buffer.from([0, 0, 1, 0, 1]) })).toBeUndefined();
    expect(tracks.unit({ ...frame(1), track: 'audio:aac' })).toBeUndefined();
    expect(tracks.malformed).toBe(1);
  });

  it('has the sound of fewer bytes for small renditions, where the mixer sends it', () => {
    const tracks = new SharedTracks();
    tracks.welcomed(welcome(0));
    const sound = (track: 'audio:opus' | 'audio:opus-low', bitrateBps: number): void => {
      tracks.init({ track, codec: 'opus', sampleRateHz: 48_000, channels: 2, bitrateBps, config: '' });
      tracks.unit({ track, key: true, cached: false, ptsNs: 0n, durationNs: 20_000_000n, data: Buffer.from([1]) });
    };
    sound('audio:opus', 96_000);
    const alone = (['high', 'mid', 'low', 'audio'] as const).map((rendition) => tracks.soundFor(rendition));
    sound('audio:opus-low', 28_000);

    expect(new Set(alone)).toEqual(new Set([tracks.rings.sound]));
    expect((['high', 'mid', 'low', 'audio'] as const).map((rendition) => tracks.soundFor(rendition) === tracks.rings.soundLow)).toEqual([false, false, true, true]);
    expect([tracks.bitrateBps('audio'), tracks.bitrateBps('mid')]).toEqual([28_000, 96_000]);
    expect(tracks.rings.sound.unitTicks).toBe(960);
  });

  it('gives who asks for a rendition that is not sent the nearest', () => {
    const tracks = new SharedTracks();
    tracks.welcomed(welcome(0));
    const before = tracks.nearest('low');
    tracks.unit(frame(1));

    expect([before, tracks.nearest('low'), tracks.nearest('high'), tracks.nearest('audio')]).toEqual(['low', 'mid', 'mid', 'audio']);
  });

  it('knows when the next keyframe of the grid is due, also after the programme began anew', () => {
    const tracks = new SharedTracks();
    tracks.welcomed(welcome(0));
    tracks.unit(frame(60));
    const before = tracks.keyframeDueMs('mid');

    tracks.welcomed(welcome(10_000));
    tracks.unit(frame(32));

    expect(before).toBeCloseTo(133, 0);
    expect(tracks.keyframeDueMs('mid')).toBeCloseTo(1067, 0);
  });
});
