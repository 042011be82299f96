import { describe, expect, it } from 'vitest';
import { QoeMeter } from './qoe-meter.ts';

const shown = { mode: 'hls', rendition: 'mid', latencyMs: 2100.4, leaving: false } as const;

describe('what a player tells', () => {
  it('is its start-up once, and since the last time how long it played and stood', () => {
    const meter = new QoeMeter(1000);
    meter.became('playing', 1640);
    meter.became('stalled', 5000);
    meter.became('playing', 5300);

    expect(meter.report(8000, shown)).toEqual({ mode: 'hls', rendition: 'mid', startupMs: 640, latencyMs: 2100, watchedMs: 3360 + 2700, stalls: 1, stalledMs: 300, leaving: false });
    expect(meter.report(18_000, shown)).toEqual({ mode: 'hls', rendition: 'mid', latencyMs: 2100, watchedMs: 10_000, stalls: 0, stalledMs: 0, leaving: false });
  });

  it('knows no start-up before there was a picture, and no waiting before it as a stall', () => {
    const meter = new QoeMeter(0);
    expect(meter.report(10_000, { mode: 'webrtc', leaving: true })).toEqual({ mode: 'webrtc', watchedMs: 0, stalls: 0, stalledMs: 0, leaving: true });
  });

  it('does not count while paused, nor a night of sleep', () => {
    const meter = new QoeMeter(0);
    meter.became('playing', 500);
    meter.became('idle', 1500);
    expect(meter.report(9000, shown).watchedMs).toBe(1000);
    meter.became('playing', 9000);
    expect(meter.report(9000 + 8 * 3600_000, shown).watchedMs).toBe(60_000);
  });
});
