/** What the mixer worker and its child say to each other over Node's IPC. */
import type { LayoutChoice, RoomDocument, VideoFormat } from '../domain/room.ts';
import type { RoomId } from '../domain/ids.ts';

/** The part of a room that its mix depends on. */
export interface MixRoom {
  id: RoomId;
  layout: LayoutChoice;
  overlays: { labels: boolean };
  video: VideoFormat;
}

export function mixRoom(document: RoomDocument): MixRoom {
  const { id, layout, overlays, video } = document;
  return { id, layout, overlays, video };
}

export type ToMix =
  | { type: 'start'; room: MixRoom; epoch: number; feedSocket: string; programmeSocket: string }
  | { type: 'room'; room: MixRoom }
  | { type: 'stop' };

export type FromMix =
  /** Loaded and waiting for `start`. */
  | { type: 'loaded' }
  /** The first unit of every track has left. */
  | { type: 'ready'; sinceStartMs: number }
  | { type: 'heartbeat'; stats: MixHeartbeat }
  /** The origin will not have this epoch, or the graph failed; the process ends by itself. */
  | { type: 'failed'; code: 'staleEpoch' | 'graphFailed' | 'anchorChanged'; detail: string; /** With `staleEpoch`: the origin's. */ epoch?: number };

export interface MixHeartbeat {
  frames: number;
  feeds: number;
  /** How late the last video unit left against its programme time. */
  latenessMs: number;
  /** Units and pictures that were dropped. */
  dropped: number;
  eventLoopP99Ms: number;
  silenceMs: number;
}

export const HEARTBEAT_MS = 250;
