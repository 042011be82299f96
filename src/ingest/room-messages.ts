/** Between the ingest host and its rooms' processes, over Node's IPC channel. */
import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { ParticipantPatch, Publication, Role } from '../domain/room.ts';
import type { ParticipantCommand, SessionAnswer, SessionPatch, SessionPatched, WhipOpen } from '../node-api/contract.ts';

/** What each call takes and gives. */
export interface RoomCalls {
  /** First of all: which room this process is for. */
  assign: [RoomId, void];
  /** `settings`: what a host set earlier for this participant. */
  open: [WhipOpen & { settings: ParticipantPatch }, SessionAnswer];
  patch: [SessionPatch & { session: SessionId }, SessionPatched];
  closeSession: [SessionId, void];
  command: [{ participant: ParticipantId; patch: ParticipantCommand }, void];
  removeParticipant: [ParticipantId, void];
  /** Frees everything and ends the process. */
  end: [null, void];
}
export type RoomCall = keyof RoomCalls;

export interface ParticipantFacts {
  id: ParticipantId;
  name: string;
  role: Role;
  joinedAt: string;
  publications: Publication[];
}

export interface RoomFigures {
  participants: number;
  feeds: number;
  readers: number;
  picturesDropped: number;
  framesDropped: number;
  soundMissedFrames: number;
  soundReanchored: number;
  busSkippedBlocks: number;
  /** Share of one core spent mixing sound. */
  busShare: number;
  /** Share of time spent handing the mix-minus to libwebrtc. */
  playShare: number;
  loopDelayP99Ms: number;
  rssBytes: number;
}

/** What the room tells by itself. */
export type RoomEvent =
  | { type: 'participantChanged'; participant: ParticipantFacts }
  | { type: 'participantLeft'; participant: ParticipantId }
  /** A session ended without a DELETE. */
  | { type: 'sessionEnded'; session: SessionId; reason: string }
  | { type: 'levels'; levels: Record<ParticipantId, number> }
  | { type: 'speaker'; participant?: ParticipantId }
  | { type: 'figures'; figures: RoomFigures };

export type HostMessage = { [C in RoomCall]: { id: number; call: C; value: RoomCalls[C][0] } }[RoomCall];

export type RoomMessage =
  | { type: 'ready' }
  | { type: 'answered'; id: number; value?: unknown }
  | { type: 'failed'; id: number; code: ErrorCode; detail?: string; retryAfterSeconds?: number }
  | RoomEvent;
