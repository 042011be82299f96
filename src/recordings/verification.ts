/** What a finished recording must be (conformance.md, "Files and storage"): pure decisions over what ffprobe said. */
import { LONGEST_PICTURE_FRAMES } from '../domain/programme-time.ts';
import type { RecordingCheck, RecordingGap } from '../domain/recording.ts';

/** ffprobe's JSON for the entries that `probeArguments` asks for; numbers come as strings. */
export interface ProbeReport {
  streams?: {
    index: number;
    codec_type?: string;
    codec_name?: string;
    width?: number;
    height?: number;
    r_frame_rate?: string;
    avg_frame_rate?: string;
    sample_rate?: string;
    channels?: number;
    start_time?: string;
    duration?: string;
  }[];
  format?: { start_time?: string; duration?: string };
}

/** A place where the next packet of a track comes later than it should. */
export interface PacketHole {
  track: 'video' | 'audio';
  atMs: number;
  lengthMs: number;
}

export const START_TOLERANCE_MS = 20;
export const DURATION_TOLERANCE_MS = 100;
/** A named gap explains holes this far around it: gaps are told in whole parts and frames. */
const GAP_TOLERANCE_MS = 100;

export interface TrackClock {
  index: number;
  track: 'video' | 'audio';
  /** Nominal distance of packets. */
  stepMs: number;
}

/** The clocks of both tracks, for {@link HoleScan}. */
export function trackClocks(report: ProbeReport): TrackClock[] {
  const clocks: TrackClock[] = [];
  for (const stream of report.streams ?? []) {
    if (stream.codec_type === 'video') {
      const perSecond = framesPerSecond(stream.r_frame_rate) ?? framesPerSecond(stream.avg_frame_rate);
      if (perSecond !== undefined) clocks.push({ index: stream.index, track: 'video', stepMs: 1000 / perSecond });
    } else if (stream.codec_type === 'audio' && Number(stream.sample_rate) > 0) {
      clocks.push({ index: stream.index, track: 'audio', stepMs: 1_024_000 / Number(stream.sample_rate) });
    }
  }
  return clocks;
}

/** FFmpeg's `r_frame_rate` is the finest step it saw: above 60 it is the time scale of uneven pictures, not a frame rate. */
function framesPerSecond(ratio: string | undefined): number | undefined {
  const [frames = 0, seconds = 0] = (ratio ?? '').split('/').map(Number);
  const rate = frames / seconds;
  return rate > 0 && rate <= 60.5 ? rate : undefined;
}

const MOST_HOLES = 1000;
/** So many pictures in a row at the same distance are a lower frame rate (an overloaded mixer), not lost pictures. */
const CADENCE_STEPS = 3;

/**
 * Watches packets go by, one call per packet in file order, and keeps the holes. In an MP4 the sample before a hole is
 * stretched over it, so holes show only in the distance of timestamps, never as a missing duration.
 */
export class HoleScan {
  readonly #holes: PacketHole[] = [];
  readonly #tracks = new Map<number, TrackClock & { lastMs: number | undefined; run: { frames: number; holes: PacketHole[] } }>();

  constructor(clocks: readonly TrackClock[]) {
    for (const clock of clocks) this.#tracks.set(clock.index, { ...clock, lastMs: undefined, run: { frames: 1, holes: [] } });
  }

  /** In order of their track, then of time. */
  get holes(): PacketHole[] {
    const open = [...this.#tracks.values()].flatMap(({ run }) => (run.holes.length < CADENCE_STEPS ? run.holes : []));
    return [...this.#holes, ...open].slice(0, MOST_HOLES);
  }

  packet(index: number, atMs: number): void {
    const track = this.#tracks.get(index);
    if (!track) return;
    if (track.lastMs !== undefined) {
      const missingMs = atMs - track.lastMs - track.stepMs;
      const hole = { track: track.track, atMs: Math.round(track.lastMs + track.stepMs), lengthMs: Math.round(missingMs) };
      const frames = missingMs > track.stepMs / 2 ? Math.round((atMs - track.lastMs) / track.stepMs) : 1;
      const steady = track.track === 'video' && frames > 1 && frames <= LONGEST_PICTURE_FRAMES;
      if (track.run.frames !== frames || !steady) {
        if (track.run.holes.length < CADENCE_STEPS) this.#keep(track.run.holes);
        track.run = { frames, holes: [] };
      }
      if (frames > 1) {
        if (!steady) this.#keep([hole]);
        else if (track.run.holes.length < CADENCE_STEPS) track.run.holes.push(hole);
      }
    }
    track.lastMs = atMs;
  }

  #keep(holes: readonly PacketHole[]): void {
    if (this.#holes.length < MOST_HOLES) this.#holes.push(...holes);
  }
}

/**
 * Tracks that must be there for the file to be of any use. Everything else is told in the report, and the file is kept.
 */
export const ESSENTIAL_CHECKS: readonly string[] = ['videoTrack', 'audioTrack'];

export interface Expected {
  /** What the recorder counted; undefined when it could not be told. */
  durationMs?: number | undefined;
  gaps: readonly RecordingGap[];
}

/** @param holes from {@link HoleScan} */
export function verify(report: ProbeReport, holes: readonly PacketHole[], expected: Expected): RecordingCheck[] {
  const video = report.streams?.find((s) => s.codec_type === 'video');
  const audio = report.streams?.find((s) => s.codec_type === 'audio');
  const checks: RecordingCheck[] = [
    {
      name: 'videoTrack',
      ok: video?.codec_name === 'h264',
      detail: video ? `${video.codec_name ?? 'unknown codec'} ${video.width ?? 0}×${video.height ?? 0}` : 'There is no video track.',
    },
    {
      name: 'audioTrack',
      ok: audio?.codec_name === 'aac',
      detail: audio ? `${audio.codec_name ?? 'unknown codec'} ${audio.sample_rate ?? 0} Hz` : 'There is no audio track.',
    },
  ];
  const starts = [video?.start_time, audio?.start_time].map((s) => 1000 * Number(s ?? Number.NaN));
  const offsetMs = Math.abs((starts[0] as number) - (starts[1] as number));
  checks.push({
    name: 'startTogether',
    ok: offsetMs <= START_TOLERANCE_MS,
    detail: Number.isNaN(offsetMs) ? 'The tracks have no start time.' : `The tracks start ${offsetMs.toFixed(1)} ms apart.`,
  });
  const durationMs = 1000 * Number(report.format?.duration ?? Number.NaN);
  if (expected.durationMs !== undefined)
    checks.push({
      name: 'duration',
      ok: Math.abs(durationMs - expected.durationMs) <= DURATION_TOLERANCE_MS,
      detail: `The file lasts ${durationMs.toFixed(0)} ms, ${expected.durationMs} ms were recorded.`,
    });
  const unexplained = holes.filter((hole) => !expected.gaps.some((gap) => explains(gap, hole)));
  const first = unexplained[0];
  checks.push({
    name: 'noUnnamedGaps',
    ok: first === undefined,
    detail: first
      ? `${unexplained.length} ${unexplained.length === 1 ? 'gap is' : 'gaps are'} not named; the first is in the ${first.track} at ${first.atMs} ms, ${first.lengthMs} ms long.`
      : `${expected.gaps.length} ${expected.gaps.length === 1 ? 'gap is' : 'gaps are'} named, none besides.`,
  });
  return checks;
}

/** The file's length in whole milliseconds. */
export function fileDurationMs(report: ProbeReport): number {
  return Math.round(1000 * Number(report.format?.duration ?? 0)) || 0;
}

function explains(gap: RecordingGap, hole: PacketHole): boolean {
  return hole.atMs >= gap.atMs - GAP_TOLERANCE_MS && hole.atMs + hole.lengthMs <= gap.atMs + gap.lengthMs + GAP_TOLERANCE_MS;
}
