/** What viewers told within a moment, as increments of counters; pure. */
import type { ViewingMode, ViewingPoint } from '../../domain/viewing.ts';
import { bucketOf, LATENCY_BOUNDS_MS, quantile, STARTUP_BOUNDS_MS } from './histogram.ts';

/** Counters are kept for slots of this length. */
export const SLOT_MS = 10_000;

export interface ViewerReport {
  /** Made up by the player, for as long as its page is open. */
  viewer: string;
  mode: ViewingMode;
  rendition?: 'high' | 'mid' | 'low' | 'audio';
  /** In the first report with a picture only. */
  startupMs?: number;
  /** Of a viewer at the live edge. */
  latencyMs?: number;
  /** Since the report before, as the rest. */
  watchedMs: number;
  stalls: number;
  stalledMs: number;
  leaving: boolean;
}

export type Increments = Record<string, number>;

function add(to: Increments, field: string, n: number): void {
  if (n > 0) to[field] = (to[field] ?? 0) + n;
}

/** `native` is HLS as well. */
export function kindOf(mode: ViewingMode): 'hls' | 'webrtc' {
  return mode === 'webrtc' ? 'webrtc' : 'hls';
}

/** Adds a report to the counters of its slot. The fields are a fixed set: reports cannot make them grow. */
export function tally(to: Increments, report: ViewerReport): void {
  if (report.startupMs !== undefined) add(to, `startup:${bucketOf(STARTUP_BOUNDS_MS, report.startupMs)}`, 1);
  if (report.latencyMs !== undefined) add(to, `latency:${kindOf(report.mode)}:${bucketOf(LATENCY_BOUNDS_MS, report.latencyMs)}`, 1);
  if (report.rendition !== undefined) add(to, `rendition:${report.rendition}`, 1);
  add(to, 'watchedMs', Math.round(report.watchedMs));
  add(to, 'stalls', report.stalls);
  add(to, 'stalledMs', Math.round(report.stalledMs));
}

/** A slot's counters as they are shown. */
export function pointOf(slot: number, fields: Readonly<Record<string, number>>): ViewingPoint {
  const quantiles = (bounds: readonly number[], prefix: string): ViewingPoint['startupMs'] => {
    const counts = Array.from({ length: bounds.length + 1 }, (_, i) => fields[`${prefix}:${i}`] ?? 0);
    const p50 = quantile(bounds, counts, 0.5);
    const p95 = quantile(bounds, counts, 0.95);
    return p50 === undefined || p95 === undefined ? null : { p50: Math.round(p50), p95: Math.round(p95) };
  };
  const watchedMs = fields['watchedMs'] ?? 0;
  const renditions = Object.fromEntries(
    ['high', 'mid', 'low', 'audio'].flatMap((name) => {
      const n = fields[`rendition:${name}`];
      return n === undefined ? [] : [[name, n]];
    }),
  );
  return {
    at: new Date(slot * SLOT_MS).toISOString(),
    viewers: { hls: fields['viewers:hls'] ?? 0, webrtc: fields['viewers:webrtc'] ?? 0 },
    startupMs: quantiles(STARTUP_BOUNDS_MS, 'startup'),
    latencyMs: { hls: quantiles(LATENCY_BOUNDS_MS, 'latency:hls'), webrtc: quantiles(LATENCY_BOUNDS_MS, 'latency:webrtc') },
    stallsPerMinute: watchedMs > 0 ? Number((((fields['stalls'] ?? 0) * 60_000) / watchedMs).toFixed(3)) : null,
    stalledShare: watchedMs > 0 ? Number(Math.min(1, (fields['stalledMs'] ?? 0) / watchedMs).toFixed(4)) : null,
    renditions,
  };
}
