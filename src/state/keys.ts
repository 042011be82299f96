import type { NodeId, RecordingId, RestreamId, RoomId, SessionId } from '../domain/ids.ts';

/** Every Redis key and channel, in one place. BullMQ's own keys are below `tessera:bull:`. */
export const keys = {
  rooms: 'tessera:rooms',
  room: (id: RoomId) => `tessera:room:${id}`,
  mix: (id: RoomId) => `tessera:room:${id}:mix`,
  mixMemory: (id: RoomId) => `tessera:room:${id}:mix-memory`,
  mixWanted: (id: RoomId) => `tessera:room:${id}:mix-wanted`,
  /** The room document as it was, while an ended broadcast can be played. */
  leftBroadcast: (id: RoomId) => `tessera:room:${id}:left-broadcast`,
  epoch: (id: RoomId) => `tessera:room:${id}:epoch`,
  autoRecorded: (id: RoomId) => `tessera:room:${id}:auto-recorded`,
  participants: (id: RoomId) => `tessera:room:${id}:participants`,
  participantSettings: (id: RoomId) => `tessera:room:${id}:participant-settings`,
  /** Hash: participant → what it should send. */
  uplink: (id: RoomId) => `tessera:room:${id}:uplink`,
  /** Sorted set: players that told something lately, by time. */
  viewers: (id: RoomId) => `tessera:room:${id}:viewers`,
  /** Hash of counters: what players told within ten seconds. */
  viewingSlot: (id: RoomId, slot: number) => `tessera:room:${id}:viewing:${slot}`,
  chat: (id: RoomId) => `tessera:room:${id}:chat`,
  nodes: 'tessera:nodes',
  node: (id: NodeId) => `tessera:node:${id}`,
  /** Living workers of a queue, see queue/worker-roll. */
  workers: (queue: string) => `tessera:workers:${queue}`,
  session: (id: SessionId) => `tessera:session:${id}`,
  roomSessions: (id: RoomId) => `tessera:room:${id}:sessions`,
  recordings: 'tessera:recordings',
  unfinishedRecordings: 'tessera:recordings:unfinished',
  recording: (id: RecordingId) => `tessera:recording:${id}`,
  restreams: 'tessera:restreams',
  restream: (id: RestreamId) => `tessera:restream:${id}`,
  restreamSecret: (id: RestreamId) => `tessera:restream:${id}:secret`,
  reconcilerLock: 'tessera:lock:reconciler',
  events: 'tessera:events',
  levels: 'tessera:levels',
} as const;
