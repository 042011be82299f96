/** What the API sends, as the pages read it: types only, from the API's views and the Socket.IO event map. */
import type { RecordingView, RoomImageView, RoomView } from '../../src/control/api/views.ts';
import type { LayoutChoice } from '../../src/domain/room.ts';
import type { ViewerCount, ViewingPoint } from '../../src/domain/viewing.ts';
import type { ServerToClientEvents } from '../../src/control/signalling/events.ts';

export type { CaptionLine, Corner, CustomRegion, LayoutChoice, Overlays } from '../../src/domain/room.ts';

export type Room = RoomView;
export type RoomImage = RoomImageView;
export type Recording = RecordingView;
export type RecordingStatus = RecordingView['status'];
export type RoomStatus = RoomView['status'];
export type LayoutPreset = RoomView['layout']['preset'];
export type Participant = Parameters<ServerToClientEvents['participantJoined']>[0];
export type Restream = Parameters<ServerToClientEvents['restream']>[0];
export type { UplinkWish } from '../../src/domain/uplink.ts';
export type Role = Participant['role'];
export type ParticipantPatch = Partial<Pick<Participant, 'audioMuted' | 'videoHidden' | 'gain' | 'pinned'>>;

export interface RoomRequest {
  id?: string;
  name?: string;
  layout?: LayoutChoice;
  access?: 'token' | 'open';
}

/** How a room reaches its viewers. */
export interface Viewing {
  viewers: ViewerCount;
  slotMs: number;
  points: ViewingPoint[];
}

export interface NodeInfo {
  id: string;
  machine: string;
  role: string;
  region: string;
  load: number;
  used: number;
  capacity: number;
  startedAt?: string;
  version?: string;
}

/** RFC 9457. */
export interface Problem {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
}
