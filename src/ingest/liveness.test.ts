import { describe, expect, it } from 'vitest';
import { whyGone, type PeerSigns } from './liveness.ts';

const healthy: PeerSigns = { nowMs: 100_000, openedAtMs: 0, everConnected: true, ice: 'connected', dtls: 'connected', lastMediaAtMs: 99_000 };

describe('whyGone', () => {
  it('keeps a publisher that is silent but answers consent checks', () => {
    expect(whyGone({ ...healthy, lastMediaAtMs: 0 }, 10_000)).toBeUndefined();
  });
  it('lets a disconnected one go after the timeout, not before', () => {
    expect(whyGone({ ...healthy, ice: 'disconnected', lastMediaAtMs: 91_000 }, 10_000)).toBeUndefined();
    expect(whyGone({ ...healthy, ice: 'disconnected', lastMediaAtMs: 90_000 }, 10_000)).toBe('silent');
  });
  it('lets one that closed go at once', () => {
    expect(whyGone({ ...healthy, dtls: 'closed' }, 10_000)).toBeDefined();
  });
  it('gives a new one time to connect', () => {
    expect(whyGone({ ...healthy, everConnected: false, ice: 'checking', dtls: 'new', openedAtMs: 85_000 }, 10_000)).toBeUndefined();
    expect(whyGone({ ...healthy, everConnected: false, ice: 'checking', dtls: 'new', openedAtMs: 79_000 }, 10_000)).toBe('never connected');
  });
});
