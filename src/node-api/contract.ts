/**
 * What control asks of the media roles, and what they answer: JSON over HTTP on a Unix socket of the host, or on TCP with
 * the shared secret. Commands go down here; events come up through Redis (state/events.ts).
 * Errors come back as problem documents and are thrown by the client as AppError with the same code.
 */
import type { NodeId, ParticipantId, RecordingId, RoomId, SessionId } from '../domain/ids.ts';
import type { RecordingGap } from '../domain/recording.ts';
import type { Rendition, VideoRendition } from '../domain/rendition.ts';
import type { Participant, ParticipantPatch, Role, SourceKind } from '../domain/room.ts';
import type { RoleName } from '../config/config.ts';

/** What a role process tells about itself in Redis, renewed each second, gone after 5 s. */
export interface NodeRecord {
  /** `<machine>-<role>`, with a number for a second process of the same role. */
  id: NodeId;
  /** Machine the process runs on: mixer, ingest and origin of a room share it. */
  machine: string;
  role: RoleName;
  region: string;
  /** `unix:/path` or `http://host:port`. */
  url: string;
  /** Origin only: `tcp://host:port` of the programme protocol for edges on other machines. */
  programmeUrl?: string;
  /** Edge only: rooms whose programme it has (some of them, when there are very many). */
  rooms?: RoomId[];
  pid: number;
  startedAt: string;
  /** 0…1 and above: busy share of what the process can take. */
  load: number;
  /** Rooms, viewers or jobs now, and how many at most. */
  used: number;
  capacity: number;
  version: string;
}

/** `POST /whip` on ingest. */
export interface WhipOpen {
  session: SessionId;
  room: RoomId;
  participant: ParticipantId;
  name: string;
  role: Role;
  source: SourceKind;
  offer: string;
}
export interface SessionAnswer {
  answer: string;
  etag: string;
}
/** `PATCH /sessions/{id}` on ingest and edge: an SDP fragment. With `ifMatch: "*"` and new credentials it is an ICE restart. */
export interface SessionPatch {
  fragment: string;
  ifMatch: string;
}
/** `fragment` and `etag` are there only after an ICE restart (200); otherwise 204. */
export interface SessionPatched {
  fragment?: string;
  etag?: string;
}
/** `POST /whep` on edge. */
export interface WhepOpen {
  session: SessionId;
  room: RoomId;
  offer: string;
  rendition: Rendition | 'auto';
  audio: boolean;
}
/** `PATCH /rooms/{room}/participants/{id}` on ingest. */
export type ParticipantCommand = ParticipantPatch & Partial<Pick<Participant, 'microphoneOff'>>;

/** `POST /recordings` on origin. */
export interface RecordingOpen {
  recording: RecordingId;
  room: RoomId;
  rendition: VideoRendition;
}
/** Answer to start, pause, resume, stop and `GET /recordings/{id}` on origin. */
export interface RecordingState {
  recording: RecordingId;
  room: RoomId;
  status: 'recording' | 'paused' | 'stopped';
  startedAtUnixMs: number;
  durationMs: number;
  gaps: RecordingGap[];
  chunks: number;
}

/**
 * Paths. Ingest: whip, session (PATCH, DELETE), participant (PATCH, DELETE), room (DELETE: closes the room's process).
 * Edge: whep, session (PATCH, DELETE), rendition (POST `{rendition}`).
 * Origin: recordings, recording verbs, programme (GET: {@link ProgrammeState}; DELETE: ends it with ENDLIST, `?forget=true` removes its media too), and the media
 * itself: `GET /hls/{room}/…`, `GET /tail/{room}/{rendition}` (endless fMP4, begins at a keyframe).
 */
export const NODE_PATHS = {
  whip: '/whip',
  whep: '/whep',
  session: (id: SessionId): string => `/sessions/${id}`,
  rendition: (id: SessionId): string => `/sessions/${id}/rendition`,
  participant: (room: RoomId, id: ParticipantId): string => `/rooms/${room}/participants/${id}`,
  room: (room: RoomId): string => `/rooms/${room}`,
  recordings: '/recordings',
  recording: (id: RecordingId): string => `/recordings/${id}`,
  recordingVerb: (id: RecordingId, verb: 'pause' | 'resume' | 'stop'): string => `/recordings/${id}/${verb}`,
  programme: (room: RoomId): string => `/programmes/${room}`,
  hls: (room: RoomId): string => `/hls/${room}`,
  tail: (room: RoomId, rendition: VideoRendition): string => `/tail/${room}/${rendition}`,
} as const;

export interface ProgrammeState {
  room: RoomId;
  epoch: number;
  /** A mixer delivers now. */
  live: boolean;
  ended: boolean;
  mediaSequence: number;
  durationMs: number;
  /** Longest pictures were repeated for, newest last. */
  gaps: RecordingGap[];
}
