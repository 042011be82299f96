import type { RecordingId, RoomId } from './ids.ts';
import type { VideoRendition } from './rendition.ts';

/** States only move to the right; `paused` and `recording` may alternate before `processing`. */
export type RecordingStatus = 'recording' | 'paused' | 'processing' | 'complete' | 'failed';

/** A stretch of the file in which the last picture is repeated with silence, or that was left out. */
export interface RecordingGap {
  /** From the start of the file. */
  atMs: number;
  lengthMs: number;
  reason: 'mixerRestart' | 'originRestart' | 'paused' | 'stalled';
}

export type RecordingFileKind = 'mp4' | 'audio' | 'poster' | 'storyboard' | 'hls';

export interface RecordingFile {
  kind: RecordingFileKind;
  /** Key in the object store. */
  key: string;
  contentType: string;
  bytes: number;
  sha256: string;
}

export interface RecordingCheck {
  name: string;
  ok: boolean;
  detail: string;
}

export interface Recording {
  id: RecordingId;
  room: RoomId;
  name: string;
  rendition: VideoRendition;
  status: RecordingStatus;
  startedAt: string;
  stoppedAt?: string;
  durationMs: number;
  gaps: RecordingGap[];
  files: RecordingFile[];
  report?: { checks: RecordingCheck[] };
  /** One sentence, when `failed`. */
  error?: string;
}

/** Where a recording's raw chunks are in the object store: `recordings/<id>/chunks/<000001>.mp4`, concatenated in key order they are one fragmented MP4. */
export function chunkPrefix(id: RecordingId): string {
  return `recordings/${id}/chunks/`;
}
export function chunkKey(id: RecordingId, n: number): string {
  return `${chunkPrefix(id)}${String(n).padStart(6, '0')}.mp4`;
}
export function fileKey(id: RecordingId, name: string): string {
  return `recordings/${id}/${name}`;
}
