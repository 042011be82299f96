import { describe, expect, it } from 'vitest';
import { pointOf, tally, type Increments, type ViewerReport } from './tally.ts';

const report = (more: Partial<ViewerReport> = {}): ViewerReport => ({ viewer: 'v', mode: 'hls', watchedMs: 10_000, stalls: 0, stalledMs: 0, leaving: false, ...more });

describe('what viewers tell', () => {
  it('becomes start-up, latency by kind, stalls per minute of watching and renditions', () => {
    const counters: Increments = {};
    for (let i = 0; i < 6; i++) tally(counters, report({ latencyMs: 2100, rendition: 'mid', ...(i === 0 ? { startupMs: 650, stalls: 3, stalledMs: 600 } : {}) }));
    tally(counters, report({ mode: 'webrtc', latencyMs: 180, rendition: 'low', watchedMs: 0 }));

    const point = pointOf(100, { ...counters, 'viewers:hls': 6 });

    expect(point.at).toBe(new Date(1_000_000).toISOString());
    expect(point.viewers).toEqual({ hls: 6, webrtc: 0 });
    expect(point.startupMs?.p50).toBeGreaterThan(500);
    expect(point.startupMs?.p95).toBeLessThanOrEqual(700);
    expect(point.latencyMs.hls?.p50).toBeGreaterThan(2000);
    expect(point.latencyMs.webrtc?.p95).toBeLessThanOrEqual(200);
    expect(point.stallsPerMinute).toBe(3);
    expect(point.stalledShare).toBe(0.01);
    expect(point.renditions).toEqual({ mid: 6, low: 1 });
  });

  it('says nothing where nobody told anything', () => {
    expect(pointOf(0, {})).toMatchObject({ viewers: { hls: 0, webrtc: 0 }, startupMs: null, latencyMs: { hls: null, webrtc: null }, stallsPerMinute: null, stalledShare: null });
  });

  it('has a fixed set of counters, whatever is told', () => {
    const counters: Increments = {};
    for (let i = 0; i < 5000; i++) tally(counters, report({ latencyMs: i * 31, startupMs: i * 17, rendition: (['high', 'mid', 'low', 'audio'] as const)[i % 4] ?? 'low', mode: i % 2 ? 'hls' : 'webrtc' }));
    expect(Object.keys(counters).length).toBeLessThan(80);
  });
});
