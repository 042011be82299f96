/** Media playlists (draft-pantos-hls-rfc8216bis §4.4, appendix B) as a pure function of the segment list. */
import type { Rendition } from '../domain/rendition.ts';
import { audioSeconds, endFrame, framesMs, nextGridFrame, partTargetSeconds, targetDurationSeconds, videoSeconds, type FrameSpan, type PartGrid } from './part-grid.ts';
import { isGap, segmentFrames, type PartEntry, type Segment } from './segment-list.ts';

export interface MediaPlaylistInput {
  rendition: Rendition;
  /** All renditions with a playlist, this one among them. */
  renditions: readonly Rendition[];
  segments: readonly Segment[];
  nextMsn: number;
  grid: PartGrid;
  anchorUnixMs: number;
  ended: boolean;
  /** Answer to `_HLS_skip=YES`. */
  delta: boolean;
}

export const HOLD_BACK_TARGETS = 3;
export const SKIP_TARGETS = 6;
/** PART tags stay for this many target durations (appendix B.1 asks for three at least). */
const PART_TAG_TARGETS = 3;

export function partSeconds(grid: PartGrid, rendition: Rendition, part: FrameSpan): number {
  return rendition === 'audio' ? audioSeconds(grid, part) : videoSeconds(grid, part);
}

export function segmentSeconds(grid: PartGrid, rendition: Rendition, segment: Segment): number {
  return segment.parts.reduce((sum, p) => sum + partSeconds(grid, rendition, p), 0);
}

/** Rounded up, so that no part is longer than its target. */
export function partTargetText(grid: PartGrid): string {
  return (Math.ceil(partTargetSeconds(grid) * 1e5) / 1e5).toFixed(5);
}

export function mediaPlaylist(input: MediaPlaylistInput): string {
  const { rendition, segments, grid, ended } = input;
  const target = targetDurationSeconds(grid);
  const partTarget = Number(partTargetText(grid));
  const first = segments[0];
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-TARGETDURATION:${target}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${(3 * partTarget).toFixed(5)},HOLD-BACK=${(HOLD_BACK_TARGETS * target).toFixed(1)},CAN-SKIP-UNTIL=${(SKIP_TARGETS * target).toFixed(1)}`,
    `#EXT-X-PART-INF:PART-TARGET=${partTarget.toFixed(5)}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.msn ?? input.nextMsn}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first ? first.discontinuities - (first.discontinuity ? 1 : 0) : 0}`,
  ];
  const newest = segments.at(-1)?.parts.at(-1);
  const edge = newest ? endFrame(newest) : 0;
  const behindSeconds = (segment: Segment): number => {
    const last = segment.parts.at(-1);
    return last ? (edge - endFrame(last)) / grid.frameRate : 0;
  };
  let from = 0;
  if (input.delta) {
    while (from < segments.length && behindSeconds(segments[from] as Segment) >= SKIP_TARGETS * target) from++;
    if (from > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${from}`);
  }
  for (let i = from; i < segments.length; i++) {
    const segment = segments[i] as Segment;
    const before = segments[i - 1];
    const withParts = !ended && behindSeconds(segment) < PART_TAG_TARGETS * target;
    lines.push(...(segment.complete && !withParts && before ? settledLines(input, segment, before) : segmentLines(input, segment, before, withParts)));
  }
  if (ended) lines.push('#EXT-X-ENDLIST');
  else {
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hintUri(input)}"`);
    const open = segments.at(-1);
    if (open) {
      const report = `LAST-MSN=${open.msn},LAST-PART=${open.parts.length - 1}`;
      for (const other of input.renditions) if (other !== rendition) lines.push(`#EXT-X-RENDITION-REPORT:URI="${other}.m3u8",${report}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Text of segments that can no longer change, per rendition. Two hours of them took 6 ms per update without it.
 */
const settled = new WeakMap<Segment, Map<string, string[]>>();

function settledLines(input: MediaPlaylistInput, segment: Segment, before: Segment): string[] {
  let texts = settled.get(segment);
  if (!texts) settled.set(segment, (texts = new Map()));
  const key = isGap(segment) ? `${input.rendition} gap` : input.rendition;
  let lines = texts.get(key);
  if (!lines) texts.set(key, (lines = [segmentLines(input, segment, before, false).join('\n')]));
  return lines;
}

function segmentLines(input: MediaPlaylistInput, segment: Segment, before: Segment | undefined, withParts: boolean): string[] {
  const { rendition, grid } = input;
  const lines: string[] = [];
  if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
  const init = segment.init[rendition] ?? 0;
  if (!before || (before.init[rendition] ?? 0) !== init || segment.discontinuity) lines.push(`#EXT-X-MAP:URI="${rendition}/init-${init}.mp4"`);
  const start = segment.parts[0]?.frame;
  if (start !== undefined) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(input.anchorUnixMs + framesMs(grid, start)).toISOString()}`);
  if (withParts) segment.parts.forEach((part, i) => lines.push(partLine(grid, rendition, segment.msn, part, i)));
  if (isGap(segment)) lines.push('#EXT-X-GAP');
  if (segment.complete) lines.push(`#EXTINF:${segmentSeconds(grid, rendition, segment).toFixed(5)},`, `${rendition}/${segment.msn}.m4s`);
  return lines;
}

function partLine(grid: PartGrid, rendition: Rendition, msn: number, part: PartEntry, index: number): string {
  const independent = rendition === 'audio' || part.independent ? ',INDEPENDENT=YES' : '';
  return `#EXT-X-PART:DURATION=${partSeconds(grid, rendition, part).toFixed(5)},URI="${rendition}/${msn}.${index}.m4s"${independent}`;
}

/** The part that most likely comes next: in the next segment when the keyframe grid is reached. */
function hintUri({ segments, rendition, nextMsn, grid }: MediaPlaylistInput): string {
  const last = segments.at(-1);
  if (!last || last.complete) return `${rendition}/${nextMsn}.0.m4s`;
  const newest = last.parts.at(-1);
  const ends = newest !== undefined && (endFrame(newest) === nextGridFrame(newest.frame) || segmentFrames(last) + grid.partFrames > grid.maxSegmentFrames);
  return ends ? `${rendition}/${nextMsn}.0.m4s` : `${rendition}/${last.msn}.${last.parts.length}.m4s`;
}
