import { describe, expect, it } from 'vitest';
import { initialEstimateBps, qualityChoices, qualityOf } from './hls-qualities.ts';

describe('the ladder', () => {
  it('is told by the names of the playlists, tokens or not', () => {
    expect(qualityOf('http://host/hls/room/t/ey.x.y/mid.m3u8')).toBe('mid');
    expect(qualityOf('/hls/low/high.m3u8?token=low.m3u8')).toBe('high');
    expect([qualityOf('/hls/r/index.m3u8'), qualityOf(undefined)]).toEqual([undefined, undefined]);
  });

  it('is offered from its top, whatever order hls.js has', () => {
    const levels = [
      { height: 180, url: ['/hls/r/low.m3u8'] },
      { height: 360, url: ['/hls/r/mid.m3u8'] },
      { height: 720, url: ['/hls/r/high.m3u8'] },
    ];
    expect(qualityChoices(levels)).toEqual([
      { id: 'auto', label: 'Auto' },
      { id: 'high', label: '720p' },
      { id: 'mid', label: '360p' },
      { id: 'low', label: '180p' },
      { id: 'audio', label: 'Sound only' },
    ]);
  });

  it('begins in its middle, lower on a slow connection', () => {
    expect(initialEstimateBps({})).toBe(1_500_000);
    expect(initialEstimateBps({ connection: { downlink: 10 } })).toBe(1_500_000);
    expect(initialEstimateBps({ connection: { downlink: 0.6 } })).toBe(300_000);
    expect(initialEstimateBps({ connection: { saveData: true, downlink: 10 } })).toBe(200_000);
  });
});
