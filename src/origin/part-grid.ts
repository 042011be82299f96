import { AAC_FRAME_SAMPLES, AUDIO_RATE_HZ, KEYFRAME_GRID_FRAMES } from '../domain/programme-time.ts';

/** Ticks per video frame in the video tracks' timescale, `frameRate × VIDEO_TICKS`. */
export const VIDEO_TICKS = 1000;

/**
 * How long parts and segments are, in the programme's frames. A part is `partFrames` long, the last one before a cut on the keyframe grid shorter where the grid is not
 * a multiple of it. It holds the AAC frames that start in the same time; 16 frames of 30 fps are exactly 25 of them.
 */
export interface PartGrid {
  frameRate: number;
  partFrames: number;
  /** A segment that got no keyframe at its end goes on for this long at most: fixes TARGETDURATION. */
  maxSegmentFrames: number;
  videoTimescale: number;
}

/** A stretch of the programme. */
export interface FrameSpan {
  /** Programme frame number. */
  frame: number;
  frames: number;
}

export function partGrid(frameRate: number, partFrames: number): PartGrid {
  return { frameRate, partFrames, maxSegmentFrames: KEYFRAME_GRID_FRAMES + Math.max(KEYFRAME_GRID_FRAMES / 2, partFrames), videoTimescale: frameRate * VIDEO_TICKS };
}

/** First AAC frame that starts at or after video frame `frame`. */
export function firstAacFrame(grid: PartGrid, frame: number): number {
  const perFrame = AAC_FRAME_SAMPLES * grid.frameRate;
  return Math.floor((frame * AUDIO_RATE_HZ + perFrame - 1) / perFrame);
}

/** Where the part that holds `frame` begins when parts are counted from the keyframe grid. */
export function partStartFrame(grid: PartGrid, frame: number): number {
  const within = frame % KEYFRAME_GRID_FRAMES;
  return frame - (within % grid.partFrames);
}

/** The keyframe grid's next place behind `frame`. */
export function nextGridFrame(frame: number): number {
  return (Math.floor(frame / KEYFRAME_GRID_FRAMES) + 1) * KEYFRAME_GRID_FRAMES;
}

export function framesMs(grid: PartGrid, frames: number): number {
  return (frames * 1000) / grid.frameRate;
}

export function endFrame(span: FrameSpan): number {
  return span.frame + span.frames;
}

export function videoSeconds(grid: PartGrid, span: FrameSpan): number {
  return span.frames / grid.frameRate;
}

/** Of the whole AAC frames that start within it. */
export function audioSeconds(grid: PartGrid, span: FrameSpan): number {
  const frames = firstAacFrame(grid, endFrame(span)) - firstAacFrame(grid, span.frame);
  return (frames * AAC_FRAME_SAMPLES) / AUDIO_RATE_HZ;
}

/** The longest part of any rendition: PART-TARGET. */
export function partTargetSeconds(grid: PartGrid): number {
  const part = { frame: 0, frames: grid.partFrames };
  return Math.max(videoSeconds(grid, part), audioSeconds(grid, part));
}

/** Rounded as EXTINF is (draft-pantos-hls-rfc8216bis §4.4.3.1); a segment of sound may be an AAC frame longer. */
export function targetDurationSeconds(grid: PartGrid): number {
  return Math.max(1, Math.round(grid.maxSegmentFrames / grid.frameRate + AAC_FRAME_SAMPLES / AUDIO_RATE_HZ));
}
