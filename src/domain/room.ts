import type { FeedId, NodeId, ParticipantId, RoomId } from './ids.ts';

export type RoomStatus = 'idle' | 'live' | 'ended';
export type RoomAccess = 'token' | 'open' | 'ticket';
export type MixStatus = 'idle' | 'starting' | 'running' | 'recovering';
export type Role = 'operator' | 'host' | 'presenter' | 'participant' | 'viewer';
export type SourceKind = 'camera' | 'screen';

export const LAYOUT_PRESETS = ['grid', 'speaker', 'presentation', 'pip', 'split', 'single', 'portrait', 'custom'] as const;
export type LayoutPreset = (typeof LAYOUT_PRESETS)[number];

/** One region of a `custom` layout, in fractions of the canvas (0…1). */
export interface CustomRegion {
  participant?: ParticipantId;
  /** Index into the participants in order of joining, when `participant` is absent. */
  slot?: number;
  source: SourceKind;
  x: number;
  y: number;
  width: number;
  height: number;
  z: number;
  fit: 'cover' | 'contain';
}

export interface LayoutChoice {
  preset: LayoutPreset;
  regions?: CustomRegion[];
}

/** What lies over the picture. Absent means off. Texts are plain text; pictures are keys of uploaded images. */
export interface Overlays {
  /** Names on the tiles. */
  labels: boolean;
  speakerBorder?: boolean;
  watermark?: { text?: string; image?: string; corner: 'topLeft' | 'topRight' | 'bottomLeft' | 'bottomRight' };
  lowerThird?: { title: string; subtitle?: string };
  banner?: { text: string };
  captions?: boolean;
  slate?: { text: string };
  /** `#rrggbb`. */
  background?: string;
}

export interface VideoFormat {
  /** Pixels, even. */
  width: number;
  height: number;
  frameRate: number;
}

/** What Redis keeps of a room: what should be. Written by control only. */
export interface RoomDocument {
  id: RoomId;
  name: string;
  createdAt: string;
  endedAt?: string;
  layout: LayoutChoice;
  overlays: Overlays;
  video: VideoFormat;
  access: RoomAccess;
  autoRecord: boolean;
  region?: string;
  /** The ingest node that owns the room's media; set at the first publication. */
  node?: NodeId;
}

/** What is: written by the mixer worker that holds the room's job. */
export interface MixState {
  status: MixStatus;
  epoch: number;
  /** When `status` last changed, ISO 8601. */
  since: string;
}

export interface Publication {
  source: SourceKind;
  feed: FeedId;
  audio: boolean;
  video: boolean;
  width?: number;
  height?: number;
}

/** Written by the room's ingest process (publications, levels) and by control (mute, gain, pin). */
export interface Participant {
  id: ParticipantId;
  name: string;
  role: Role;
  joinedAt: string;
  publications: Publication[];
  audioMuted: boolean;
  videoHidden: boolean;
  /** Linear factor on the participant's sound, 0…4. */
  gain: number;
  pinned: boolean;
}

/** What a host may change of a participant. */
export type ParticipantPatch = Partial<Pick<Participant, 'audioMuted' | 'videoHidden' | 'gain' | 'pinned' | 'role'>>;
