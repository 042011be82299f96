import { describe, expect, it } from 'vitest';
import { HoleScan, trackClocks, verify, type PacketHole, type ProbeReport } from './verification.ts';

const report = (change: { video?: object | null; audio?: object | null; duration?: string } = {}): ProbeReport => ({
  streams: [
    ...(change.video === null ? [] : [{ index: 0, codec_type: 'video', codec_name: 'h264', width: 1280, height: 720, r_frame_rate: '30/1', start_time: '0.000000', ...change.video }]),
    ...(change.audio === null ? [] : [{ index: 1, codec_type: 'audio', codec_name: 'aac', sample_rate: '48000', start_time: '0.000000', ...change.audio }]),
  ],
  format: { duration: change.duration ?? '60.000000' },
});
const failed = (r: ProbeReport, holes: PacketHole[] = [], durationMs: number | undefined = 60_000, gaps: Parameters<typeof verify>[2]['gaps'] = []): string[] =>
  verify(r, holes, { durationMs, gaps }).filter((c) => !c.ok).map((c) => c.name);

describe('verify', () => {
  it('passes what is as it should be', () => {
    expect(failed(report())).toEqual([]);
  });
  it.each<[string, ProbeReport, string[]]>([
    ['no picture', report({ video: null }), ['videoTrack', 'startTogether']],
    ['no sound', report({ audio: null }), ['audioTrack', 'startTogether']],
    ['other codecs', report({ video: { codec_name: 'vp9' }, audio: { codec_name: 'opus' } }), ['videoTrack', 'audioTrack']],
    ['21 ms between the starts', report({ audio: { start_time: '0.021000' } }), ['startTogether']],
    ['no start times', report({ audio: { start_time: undefined } }), ['startTogether']],
    ['101 ms too long', report({ duration: '60.101' }), ['duration']],
    ['101 ms too short', report({ duration: '59.899' }), ['duration']],
    ['no duration', { ...report(), format: {} }, ['duration']],
    ['nothing', {}, ['videoTrack', 'audioTrack', 'startTogether', 'duration']],
  ])('names %s', (_name, r, wanted) => {
    expect(failed(r)).toEqual(wanted);
  });
  it('allows 20 ms between the starts and 100 ms of length', () => {
    expect(failed(report({ audio: { start_time: '0.020000' }, duration: '60.100' }))).toEqual([]);
  });
  it('does not judge a length that nobody knows', () => {
    expect(verify(report({ duration: '1' }), [], { gaps: [] }).map((c) => c.name)).not.toContain('duration');
  });
  it('accepts a hole inside a named gap only', () => {
    const gaps = [{ atMs: 10_000, lengthMs: 2000, reason: 'paused' as const }];
    expect(failed(report(), [{ track: 'video', atMs: 9950, lengthMs: 2100 }], 60_000, gaps)).toEqual([]);
    expect(failed(report(), [{ track: 'audio', atMs: 9800, lengthMs: 500 }], 60_000, gaps)).toEqual(['noUnnamedGaps']);
    expect(failed(report(), [{ track: 'video', atMs: 11_000, lengthMs: 1200 }], 60_000, gaps)).toEqual(['noUnnamedGaps']);
  });
});

describe('HoleScan', () => {
  const scan = (rate: object, packets: [number, number][]): PacketHole[] => {
    const s = new HoleScan(trackClocks(report({ video: rate })));
    for (const [index, atMs] of packets) s.packet(index, atMs);
    return s.holes;
  };
  it('finds a missing frame in either track, and none in an even stream', () => {
    const video = Array.from({ length: 90 }, (_, n) => [0, (n * 1000) / 30] as [number, number]);
    const audio = Array.from({ length: 140 }, (_, n) => [1, (n * 1024) / 48] as [number, number]);
    expect(scan({}, [...video, ...audio])).toEqual([]);
    expect(scan({}, [...video.filter((_, n) => n !== 30), ...audio])).toEqual([{ track: 'video', atMs: 1000, lengthMs: 33 }]);
    expect(scan({}, [...video, ...audio.filter((_, n) => n < 50 || n > 51)])).toEqual([{ track: 'audio', atMs: 1067, lengthMs: 43 }]);
  });
  it('takes a lower frame rate for what it is, and a lost picture within it for a hole', () => {
    const atFrames = (frames: number[]): [number, number][] => frames.map((n) => [0, (n * 1000) / 30]);
    const slower = [0, 1, 2, 3, 5, 7, 9, 11, 13, 14, 15];
    expect(scan({}, atFrames(slower))).toEqual([]);
    expect(scan({}, atFrames([0, 1, 2, 4, 6, 7, 8]))).toHaveLength(2);
    expect(scan({}, atFrames([0, 2, 4, 6, 8, 18, 20, 22, 24]))).toEqual([{ track: 'video', atMs: 300, lengthMs: 300 }]);
  });
  it('takes the average rate when the finest step is only a time scale', () => {
    expect(trackClocks(report({ video: { r_frame_rate: '90000/1', avg_frame_rate: '30/1' } }))[0]?.stepMs).toBeCloseTo(33.333, 2);
    expect(trackClocks(report({ video: { r_frame_rate: '0/0', avg_frame_rate: '0/0' } })).map((c) => c.track)).toEqual(['audio']);
  });
});
