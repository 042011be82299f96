import { describe, expect, it } from 'vitest';
import { noWayFound, noWayFoundLately, WEBRTC_MEMORY_MS } from './webrtc-memory.ts';

describe('that WebRTC found no way', () => {
  const at = 1_800_000_000_000;

  it('is remembered for a while', () => {
    expect(noWayFoundLately(noWayFound(at), at)).toBe(true);
    expect(noWayFoundLately(noWayFound(at), at + WEBRTC_MEMORY_MS - 1)).toBe(true);
    expect(noWayFoundLately(noWayFound(at), at + WEBRTC_MEMORY_MS)).toBe(false);
  });

  it('is not known when nothing is kept, or nothing of ours, or something of a clock that was ahead', () => {
    for (const kept of [undefined, '', 'no', noWayFound(at + 60_000)]) expect(noWayFoundLately(kept, at)).toBe(false);
  });
});
