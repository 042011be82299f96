import { describe, expect, it } from 'vitest';
import { askedMode, firstMode, nextMode } from './mode-plan.ts';

describe('how a room is watched', () => {
  it('is asked for in the address, else as the room allows, as far as the browser can', () => {
    expect([askedMode('?mode=webrtc'), askedMode('?mode=hls&x=1'), askedMode('?mode=smoke'), askedMode('')]).toEqual(['webrtc', 'hls', undefined, undefined]);
    expect(firstMode('webrtc', ['hls'], true, true)).toBe('webrtc');
    expect(firstMode(undefined, ['webrtc', 'hls'], true, true)).toBe('webrtc');
    expect(firstMode('hls', ['webrtc', 'hls'], true, true)).toBe('hls');
    expect(firstMode(undefined, ['webrtc', 'hls'], false, false)).toBe('native');
  });

  it('falls back from WebRTC to LL-HLS to the browser’s own player', () => {
    const hls = nextMode({ mode: 'webrtc', webrtcLater: false }, 'refused', true, true);
    expect(hls).toEqual({ mode: 'hls', webrtcLater: false });
    expect(nextMode({ mode: 'webrtc', webrtcLater: false }, 'noWay', true, true)).toEqual(hls);
    const native = nextMode(hls ?? { mode: 'native', webrtcLater: false }, 'failed', true, true);
    expect(native).toEqual({ mode: 'native', webrtcLater: false });
    expect(nextMode({ mode: 'native', webrtcLater: false }, 'failed', true, true)).toBeUndefined();
    expect(nextMode({ mode: 'hls', webrtcLater: false }, 'failed', true, false)).toBeUndefined();
  });

  it('comes back to WebRTC when it was left because nothing was live', () => {
    expect(nextMode({ mode: 'webrtc', webrtcLater: false }, 'notLive', false, true)).toEqual({ mode: 'native', webrtcLater: true });
  });
});
