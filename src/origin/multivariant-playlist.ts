/** The multivariant playlist (conformance.md, HLS 10) as a pure function. */
import { KEYFRAME_GRID_FRAMES } from '../domain/programme-time.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import { segmentSeconds } from './media-playlist.ts';
import type { PartGrid } from './part-grid.ts';
import { segmentFrames, type Segment } from './segment-list.ts';

export interface VariantInput {
  rendition: VideoRendition;
  codecString: string;
  width: number;
  height: number;
  frameRate: number;
  /** Said by the encoder; counts until enough was measured. */
  bitrateBps: number;
}

export interface MultivariantInput {
  variants: readonly VariantInput[];
  audio: { codecString: string; channels: number; bitrateBps: number };
  grid: PartGrid;
  segments: readonly Segment[];
}

/** Fewer complete segments than this say little about the rates. */
const ENOUGH_SEGMENTS = 5;

export function multivariantPlaylist(input: MultivariantInput): string {
  const audio = measuredRates(input, 'audio', input.audio.bitrateBps);
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Programme",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="${input.audio.channels}",URI="audio.m3u8"`,
  ];
  for (const variant of input.variants) {
    const video = measuredRates(input, variant.rendition, variant.bitrateBps);
    lines.push(
      `#EXT-X-STREAM-INF:BANDWIDTH=${video.peakBps + audio.peakBps},AVERAGE-BANDWIDTH=${video.averageBps + audio.averageBps},` +
        `CODECS="${variant.codecString},${input.audio.codecString}",RESOLUTION=${variant.width}x${variant.height},` +
        `FRAME-RATE=${variant.frameRate.toFixed(3)},AUDIO="audio"`,
      `${variant.rendition}.m3u8`,
    );
  }
  // For links too thin for any picture, and for listening on the way (Apple's authoring specification asks for one).
  lines.push(`#EXT-X-STREAM-INF:BANDWIDTH=${audio.peakBps},AVERAGE-BANDWIDTH=${audio.averageBps},CODECS="${input.audio.codecString}",AUDIO="audio"`, 'audio.m3u8');
  return `${lines.join('\n')}\n`;
}

/** Peak over whole segments, and mean, of what is in the playlist (§4.4.6.2). */
export function measuredRates(input: Pick<MultivariantInput, 'grid' | 'segments'>, rendition: VideoRendition | 'audio', configuredBps: number): { peakBps: number; averageBps: number } {
  let bytes = 0;
  let seconds = 0;
  let peakBps = 0;
  let counted = 0;
  for (const segment of input.segments) {
    if (!segment.complete) continue;
    const size = segment.parts.reduce((sum, p) => sum + (p.bytes[rendition] ?? 0), 0);
    const length = segmentSeconds(input.grid, rendition, segment);
    bytes += size;
    seconds += length;
    counted++;
    // A segment cut short by a restart is no measure: a peak is over a target duration.
    if (segmentFrames(segment) >= KEYFRAME_GRID_FRAMES) peakBps = Math.max(peakBps, (size * 8) / length);
  }
  const averageBps = seconds > 0 ? (bytes * 8) / seconds : configuredBps;
  if (counted < ENOUGH_SEGMENTS) return { peakBps: Math.round(Math.max(peakBps, configuredBps * 1.1)), averageBps: Math.round(Math.max(averageBps, configuredBps)) };
  return { peakBps: Math.round(Math.max(peakBps, averageBps)), averageBps: Math.round(averageBps) };
}
