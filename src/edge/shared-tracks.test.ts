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
});
