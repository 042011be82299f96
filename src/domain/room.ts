import type { DegradedState } from './degrade-ladder.ts';
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
  /** Index into the participants by seat, when `participant` is absent: in order of joining; who sits last takes a seat that becomes free. */
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
  /** Of `custom` only. */
  regions?: CustomRegion[];
  /** A shared screen turns `grid` and `speaker` into `presentation` and back. Default true. */
  autoPresentation?: boolean;
  /** Between tiles and around them, as a fraction of the canvas's shorter side, 0…0.1. Default {@link DEFAULT_GAP}. */
  gap?: number;
  /** Cameras: `cover` crops to the middle, `contain` never crops. Screens are always `contain`. Default `cover`. */
  fit?: 'cover' | 'contain';
  /** Length of the animation to this layout and of later changes in it, 0…2000; 0 switches at once. Default 300. */
  transitionMs?: number;
}

/** 8 pixels at 720 lines. */
export const DEFAULT_GAP = 1 / 90;
export const DEFAULT_TRANSITION_MS = 300;
/** People beyond it are counted on a "+N" tile. */
export const MAX_TILES = 25;

export type Corner = 'topLeft' | 'topRight' | 'bottomLeft' | 'bottomRight';

/** A picture that was uploaded to the room (`PUT /api/rooms/{room}/images/{name}`). */
export type ImageName = string;

/** What lies over (and under) the pictures of people. Absent means off. Texts are plain text. */
export interface Overlays {
  /** Names on the tiles, with a sign for who is muted. */
  labels: boolean;
  /** A border around who speaks. */
  speakerBorder?: boolean;
  /** `text` or `image` or both (image first). `scale`: width as a fraction of the canvas's. */
  watermark?: { text?: string; image?: ImageName; corner: Corner; opacity: number; scale: number };
  lowerThird?: { title: string; subtitle?: string };
  banner?: { text: string };
  /** Lines pushed to `POST /api/rooms/{room}/captions` are shown. */
  captions?: boolean;
  /** Covers the whole canvas: before the start, in a break, after the end. `until`: counts down to it (ISO 8601). */
  slate?: { text: string; subtitle?: string; until?: string; image?: ImageName };
  /** `#rrggbb`, or a picture that covers the canvas behind the tiles. */
  background?: string | { image: ImageName };
  /** A badge while a recording runs. */
  recordingBadge?: boolean;
}

/** An uploaded picture of a room. */
export interface RoomImage {
  name: ImageName;
  contentType: 'image/png' | 'image/jpeg' | 'image/webp';
  width: number;
  height: number;
  bytes: number;
  /** Hex, of the file: tells a replaced picture from the one before it. */
  sha256: string;
  /** Names its upload: each has a file of its own in the object store. Absent in documents of before: the file has the picture's name alone. */
  upload?: string;
}

/** A line of live captions. */
export interface CaptionLine {
  text: string;
  /** Who says it, shown before the text. */
  speaker?: string;
  /** How long it stays, ms. */
  durationMs: number;
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
  /** Uploaded pictures, for overlays. */
  images?: RoomImage[];
  /** The ingest node that owns the room's media; set at the first publication. */
  node?: NodeId;
}

/** What is: written by the mixer worker that holds the room's job. */
export interface MixState {
  status: MixStatus;
  epoch: number;
  /** When `status` last changed, ISO 8601. */
  since: string;
  /** What the mix does without because the machine is overloaded; absent when nothing. */
  degraded?: DegradedState;
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
  /** Told by the participant's own page; absent: on, or not known. */
  microphoneOff?: boolean;
  /** Linear factor on the participant's sound, 0…4. */
  gain: number;
  pinned: boolean;
}

/** What a host may change of a participant. */
export type ParticipantPatch = Partial<Pick<Participant, 'audioMuted' | 'videoHidden' | 'gain' | 'pinned' | 'role'>>;
