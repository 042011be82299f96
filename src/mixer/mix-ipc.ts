/** What the mixer worker and its child say to each other over Node's IPC. */
import type { DegradedState } from '../domain/degrade-ladder.ts';
import type { ParticipantId, RoomId } from '../domain/ids.ts';
import type { MixMemory } from '../domain/mix-memory.ts';
import type { CaptionLine, ImageName, LayoutChoice, Overlays, RoomDocument, VideoFormat } from '../domain/room.ts';
import type { UplinkWish } from '../domain/uplink.ts';

/** The part of a room that its mix depends on. */
export interface MixRoom {
  id: RoomId;
  layout: LayoutChoice;
  overlays: Overlays;
  video: VideoFormat;
  /** A recording runs: for the badge. */
  recording: boolean;
  /** Local files of the pictures that the overlays name; a name without a file is left out. */
  images: Record<ImageName, string>;
}

export function mixRoom(document: RoomDocument, more: Pick<MixRoom, 'recording' | 'images'>): MixRoom {
  const { id, layout, overlays, video } = document;
  return { id, layout, overlays, video, ...more };
}

export type ToMix =
  | { type: 'start'; room: MixRoom; epoch: number; feedSocket: string; programmeSocket: string; /** Of the epoch before. */ memory?: MixMemory; /** So much calm lets a step of the ladder go; for tests. Default CALM_NEEDED_MS. */ calmNeededMs?: number }
  | { type: 'room'; room: MixRoom }
  | { type: 'caption'; caption: CaptionLine }
  | { type: 'stop' };

export type FromMix =
  /** Loaded and waiting for `start`. */
  | { type: 'loaded' }
  /** The first unit of every track has left. */
  | { type: 'ready'; sinceStartMs: number }
  | { type: 'heartbeat'; stats: MixHeartbeat }
  | { type: 'memory'; memory: MixMemory }
  /** What each publisher should send now; only those whose wish changed, and everybody again after a start. */
  | { type: 'uplink'; wishes: Record<ParticipantId, UplinkWish[]> }
  | { type: 'degraded'; /** Absent: nothing is gone without any more. */ degraded?: DegradedState }
  /** A picture of the overlays cannot be shown and is left out; once for each file. */
  | { type: 'imageFailed'; path: string; detail: string }
  /** The origin will not have this epoch, or the graph failed; the process ends by itself. */
  | { type: 'failed'; code: 'staleEpoch' | 'graphFailed' | 'anchorChanged'; detail: string; /** With `staleEpoch`: the origin's. */ epoch?: number };

export interface MixHeartbeat {
  frames: number;
  feeds: number;
  /** How late the last video unit left against its programme time. */
  latenessMs: number;
  /** Units that were dropped, and places of the grid for which no picture was composed. */
  dropped: number;
  eventLoopP99Ms: number;
  silenceMs: number;
}

export const HEARTBEAT_MS = 250;
