import type { AudioTrackSwitchedData, BufferCreatedData } from 'hls.js';
import { describe, expect, it } from 'vitest';
import { forgetLivePlaylist, soundTakenUp } from './hls-faults.ts';

describe('the playlist of a level that is switched to', () => {
  it('is forgotten while live, and loaded anew', () => {
    const level = { height: 180, details: { live: true } };
    forgetLivePlaylist(level);
    expect(level).toEqual({ height: 180 });
  });

  it('is kept when the broadcast is over: its parts change no more', () => {
    const level = { details: { live: false } };
    forgetLivePlaylist(level);
    expect(level.details).toEqual({ live: false });
    expect(() => (forgetLivePlaylist({}), forgetLivePlaylist(undefined))).not.toThrow();
  });
});

describe('that the sound has been taken up', () => {
  const track = { id: 0, url: 'audio.m3u8' } as AudioTrackSwitchedData;
  const created = (of: Record<string, string>): BufferCreatedData =>
    ({ tracks: Object.fromEntries(Object.entries(of).map(([type, id]) => [type, { id }])) }) as unknown as BufferCreatedData;

  it('is told when it has a playlist of its own', () => {
    expect(soundTakenUp(created({ video: 'main', audio: 'audio' }), track)).toEqual(track);
  });

  it('is not told when it comes with the picture, or alone', () => {
    expect(soundTakenUp(created({ video: 'main', audio: 'main' }), track)).toBeUndefined();
    expect(soundTakenUp(created({ audio: 'main' }), undefined)).toBeUndefined();
    expect(soundTakenUp(created({ video: 'main' }), track)).toBeUndefined();
  });
});
