/** What the API shows: types only, shared with the pages. Kept equal to the response schemas in schemas.ts by the compiler. */
import type { DegradedState } from '../../domain/degrade-ladder.ts';
import type { RecordingFileKind, RecordingGap, RecordingStatus, RecordingCheck } from '../../domain/recording.ts';
import type { VideoRendition } from '../../domain/rendition.ts';
import type { LayoutChoice, MixStatus, Overlays, RoomAccess, RoomImage, RoomStatus, VideoFormat } from '../../domain/room.ts';

export interface RoomView {
  id: string;
  name: string;
  status: RoomStatus;
  createdAt: string;
  layout: LayoutChoice;
  overlays: Overlays;
  video: VideoFormat;
  access: RoomAccess;
  autoRecord: boolean;
  /** The ingest node that owns the room's media, null before the first publication. */
  node: string | null;
  participants: number;
  /** Watching now by WHEP or HLS, at most 2 s old. */
  viewers: number;
  mix: {
    status: MixStatus;
    epoch: number;
    /** What the mix does without because the machine is overloaded; null when nothing. */
    degraded: DegradedState | null;
  };
  urls: { join: string; watch: string; studio: string; whip: string; whep: string; hls: string };
}

/** An uploaded picture, and where it can be seen. */
export interface RoomImageView extends Omit<RoomImage, 'upload'> {
  /** Path on this service; needs a token of a host. */
  url: string;
}

export interface RecordingFileView {
  kind: RecordingFileKind;
  name: string;
  /** Path on this service; needs the same token as the recording. */
  url: string;
  contentType: string;
  bytes: number;
  sha256: string;
}

export interface RecordingView {
  id: string;
  room: string;
  name: string;
  rendition: VideoRendition;
  status: RecordingStatus;
  startedAt: string;
  stoppedAt?: string;
  durationMs: number;
  gaps: RecordingGap[];
  files: RecordingFileView[];
  report: { checks: RecordingCheck[] };
  error?: string;
}
