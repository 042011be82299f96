import type { RecordingGap } from '../domain/recording.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import type { FrameSpan } from './part-grid.ts';

export type GapReason = RecordingGap['reason'];

export interface VideoSample {
  data: Buffer;
  key: boolean;
  /** Programme frame number at which it starts. */
  frame: number;
  frames: number;
}

export interface AudioSample {
  data: Buffer;
  /** AAC frame number in programme time. */
  frame: number;
}

/** A stretch of video frames for which the last picture was repeated. */
export interface FilledStretch {
  frame: number;
  frames: number;
}

export interface VideoPart {
  samples: VideoSample[];
  filled: FilledStretch[];
  /** Number of the track's codec configuration. */
  config: number;
}

/** One part of the whole programme: all renditions over the same frames, without holes. */
export interface ProgrammePart extends FrameSpan {
  /** It is the first of a segment and starts with an IDR in every rendition. */
  cut: boolean;
  /** Codec parameters or the timeline changed with it. */
  discontinuity: boolean;
  video: Map<VideoRendition, VideoPart>;
  audio: AudioSample[];
  silentFrames: number;
  reason: GapReason;
}
