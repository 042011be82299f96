import { AAC_FRAME_SAMPLES, AUDIO_RATE_HZ, KEYFRAME_GRID_FRAMES } from '../domain/programme-time.ts';

/** Ticks per video frame in the video tracks' timescale, `frameRate × VIDEO_TICKS`. */
export const VIDEO_TICKS = 1000;

/**
 * Where parts lie on the programme's frame numbers. Part p covers video frames [p·partFrames, (p+1)·partFrames) and the AAC
 * frames that start in the same time; at 16 frames of 30 fps that is exactly 25 of them.
 */
export interface PartGrid {
  frameRate: number;
  partFrames: number;
  partsPerSegment: number;
  /** A segment that got no keyframe at its end goes on this long at most: fixes TARGETDURATION. */
  maxSegmentParts: number;
  videoTimescale: number;
}

export function partGrid(frameRate: number, partFrames: number): PartGrid {
  const partsPerSegment = KEYFRAME_GRID_FRAMES / partFrames;
  return { frameRate, partFrames, partsPerSegment, maxSegmentParts: partsPerSegment * 2, videoTimescale: frameRate * VIDEO_TICKS };
}

/** First AAC frame that starts at or after video frame `frame`. */
export function firstAacFrame(grid: PartGrid, frame: number): number {
  const perFrame = AAC_FRAME_SAMPLES * grid.frameRate;
  return Math.floor((frame * AUDIO_RATE_HZ + perFrame - 1) / perFrame);
}

export function partOfFrame(grid: PartGrid, frame: number): number {
  return Math.floor(frame / grid.partFrames);
}

export function partStartMs(grid: PartGrid, part: number): number {
  return (part * grid.partFrames * 1000) / grid.frameRate;
}

export function videoPartSeconds(grid: PartGrid): number {
  return grid.partFrames / grid.frameRate;
}

export function audioPartSeconds(grid: PartGrid, part: number): number {
  const frames = firstAacFrame(grid, (part + 1) * grid.partFrames) - firstAacFrame(grid, part * grid.partFrames);
  return (frames * AAC_FRAME_SAMPLES) / AUDIO_RATE_HZ;
}

/** The longest part of any rendition: PART-TARGET. */
export function partTargetSeconds(grid: PartGrid): number {
  const aacFrames = firstAacFrame(grid, grid.partFrames);
  return Math.max(videoPartSeconds(grid), (aacFrames * AAC_FRAME_SAMPLES) / AUDIO_RATE_HZ);
}

/** Rounded as EXTINF is (draft-pantos-hls-rfc8216bis §4.4.3.1). */
export function targetDurationSeconds(grid: PartGrid): number {
  return Math.max(1, Math.round(grid.maxSegmentParts * partTargetSeconds(grid)));
}
