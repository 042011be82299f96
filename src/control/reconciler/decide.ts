/** What a room needs now: a pure decision over what should be and what is. */
import type { NodeRecord } from '../../node-api/contract.ts';
import type { MixState, Participant, RoomDocument } from '../../domain/room.ts';
import type { Recording } from '../../domain/recording.ts';
import type { SessionRecord } from '../../state/session-store.ts';

export interface RoomFacts {
  room: RoomDocument;
  mix: MixState;
  mixWanted: boolean;
  participants: readonly Participant[];
  recordings: readonly Recording[];
  /** Since when a mix is wanted but nobody publishes. */
  emptySinceMs: number | undefined;
  /** A recording was begun by itself since the mix came up. */
  autoRecorded: boolean;
}

export type RoomAction = 'endRoom' | 'wantMix' | 'endMix' | 'startRecording' | 'resetMix';

/** A mix that nobody wants and whose worker has not said so for this long is written down as idle. */
const MIX_FORGOTTEN_MS = 15_000;

export function hasPublisher(participants: readonly Participant[]): boolean {
  return participants.some((p) => p.publications.length > 0);
}

/** So long before its end a countdown is on air, although nobody publishes yet. */
const COUNTDOWN_ON_AIR_MS = 3_600_000;

/** An audience that comes early sees the countdown; who is late for their own start has the idle time. */
function countsDown({ overlays: { slate } }: RoomDocument, nowMs: number, roomIdleMs: number): boolean {
  const leftMs = slate?.until === undefined ? Number.NaN : Date.parse(slate.until) - nowMs;
  return leftMs <= COUNTDOWN_ON_AIR_MS && leftMs > -roomIdleMs;
}

export function decideRoom(facts: RoomFacts, nowMs: number, roomIdleMs: number): RoomAction[] {
  const { room, mix, mixWanted } = facts;
  if (room.endedAt !== undefined) return ['endRoom'];
  if (hasPublisher(facts.participants)) {
    const actions: RoomAction[] = ['wantMix'];
    const recorded = facts.recordings.some((r) => r.status === 'recording' || r.status === 'paused');
    if (room.autoRecord && mix.status === 'running' && !recorded && !facts.autoRecorded) actions.push('startRecording');
    return actions;
  }
  if (countsDown(room, nowMs, roomIdleMs)) return ['wantMix'];
  if (mixWanted) {
    // Wanted also before the first publisher's media have come: the job must be there then.
    return facts.emptySinceMs !== undefined && nowMs - facts.emptySinceMs >= roomIdleMs ? ['endMix'] : ['wantMix'];
  }
  return mix.status !== 'idle' && nowMs - Date.parse(mix.since) > MIX_FORGOTTEN_MS ? ['resetMix'] : [];
}

/** Sessions whose process is gone: its record ran out, or it began after the session did (a restart). */
export function staleSessions(sessions: readonly SessionRecord[], nodes: readonly NodeRecord[]): SessionRecord[] {
  return sessions.filter((session) => {
    const node = nodes.find((n) => n.id === session.nodeId);
    return node === undefined || Date.parse(node.startedAt) > Date.parse(session.createdAt);
  });
}

/** Participants that the room's ingest no longer has: it is gone, or began after they joined and they have no session since. */
export function staleParticipants(
  room: RoomDocument,
  participants: readonly Participant[],
  livingSessions: readonly SessionRecord[],
  nodes: readonly NodeRecord[],
): Participant[] {
  if (room.node === undefined) return []; // being placed at this moment, perhaps
  const owner = nodes.find((n) => n.id === room.node);
  if (!owner) return [...participants];
  return participants.filter(
    (p) => Date.parse(p.joinedAt) < Date.parse(owner.startedAt) && !livingSessions.some((s) => s.kind === 'whip' && s.identity === p.id),
  );
}
