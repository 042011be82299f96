import { describe, expect, it } from 'vitest';
import { PictureWatch, renditionByHeight, sampleOf } from './whep-stats.ts';

describe('what WHEP statistics say', () => {
  it('is read from both tracks, the playout time in Unix time', () => {
    const sample = sampleOf(
      [
        { type: 'inbound-rtp', kind: 'video', framesDecoded: 90, frameHeight: 360, freezeCount: 1, estimatedPlayoutTimestamp: 2_208_988_800_000 + 1_700_000_000_000 },
        { type: 'inbound-rtp', kind: 'audio', packetsReceived: 150 },
        { type: 'candidate-pair', framesDecoded: 7 },
      ],
      5,
    );
    expect(sample).toEqual({ atMs: 5, framesDecoded: 90, frameHeight: 360, audioPackets: 150, freezes: 1, playingUnixMs: 1_700_000_000_000 });
    expect(sampleOf([], 5).playingUnixMs).toBeUndefined();
  });

  it('is the rendition by its height', () => {
    expect([720, 360, 180, 0].map((height) => renditionByHeight(height, 720))).toEqual(['high', 'mid', 'low', undefined]);
  });

  it('is no picture after 2 s of sound alone, and a picture again with the next one', () => {
    const watch = new PictureWatch();
    const sample = (atMs: number, framesDecoded: number, audioPackets: number): boolean => watch.take({ atMs, framesDecoded, audioPackets, frameHeight: 0, freezes: 0 });
    expect([sample(0, 10, 10), sample(1000, 10, 60), sample(1999, 10, 100)]).toEqual([true, true, true]);
    expect([sample(2000, 10, 110), sample(3000, 10, 160)]).toEqual([false, false]);
    expect(sample(3500, 11, 180)).toBe(true);
    expect(sample(9000, 11, 180)).toBe(true); // nothing at all comes: the connection is at fault, not the picture
  });
});
