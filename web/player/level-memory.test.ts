import { describe, expect, it } from 'vitest';
import { forgetLivePlaylist } from './level-memory.ts';

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
