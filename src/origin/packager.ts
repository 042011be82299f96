/** A programme part as fMP4 fragments: one per rendition for HLS, or picture and sound in one for tail and recorder. */
import { AAC_FRAME_SAMPLES } from '../domain/programme-time.ts';
import type { Rendition } from '../domain/rendition.ts';
import { fragment, type FragmentSample } from '../media/fmp4-fragment.ts';
import { initSegment, type Fmp4Track } from '../media/fmp4-init.ts';
import type { AudioConfig } from './audio-lane.ts';
import { VIDEO_TICKS, type PartGrid } from './part-grid.ts';
import type { AudioSample, ProgrammePart, VideoSample } from './part.ts';
import type { VideoConfig } from './video-lane.ts';

export const VIDEO_TRACK_ID = 1;
export const AUDIO_TRACK_ID = 2;

export function videoTrackInit(config: Pick<VideoConfig, 'avcC' | 'width' | 'height'>, grid: PartGrid): Fmp4Track {
  return { id: VIDEO_TRACK_ID, kind: 'video', timescale: grid.videoTimescale, width: config.width, height: config.height, config: config.avcC };
}

export function audioTrackInit(config: Pick<AudioConfig, 'config' | 'channels' | 'sampleRateHz' | 'bitrateBps'>): Fmp4Track {
  return { id: AUDIO_TRACK_ID, kind: 'audio', timescale: config.sampleRateHz, ...config };
}

export function muxedInit(video: Pick<VideoConfig, 'avcC' | 'width' | 'height'>, audio: AudioConfig, grid: PartGrid): Buffer {
  return initSegment([videoTrackInit(video, grid), audioTrackInit(audio)]);
}

export function videoSamples(samples: readonly VideoSample[]): FragmentSample[] {
  return samples.map((s) => ({ data: s.data, duration: s.frames * VIDEO_TICKS, key: s.key }));
}

export function audioSamples(samples: readonly AudioSample[]): FragmentSample[] {
  return samples.map((s) => ({ data: s.data, duration: AAC_FRAME_SAMPLES, key: true }));
}

/** The part's fragment of every rendition; decode times are programme time. */
export function packagePart(part: ProgrammePart): Map<Rendition, Buffer> {
  const out = new Map<Rendition, Buffer>();
  // §8.8.5: it only has to grow
  const sequence = part.frame + 1;
  for (const [rendition, { samples }] of part.video) {
    const first = samples[0];
    if (!first) continue;
    out.set(rendition, fragment(sequence, [{ id: VIDEO_TRACK_ID, decodeTime: BigInt(first.frame) * BigInt(VIDEO_TICKS), samples: videoSamples(samples) }]));
  }
  const first = part.audio[0];
  if (first) {
    out.set('audio', fragment(sequence, [{ id: AUDIO_TRACK_ID, decodeTime: BigInt(first.frame) * BigInt(AAC_FRAME_SAMPLES), samples: audioSamples(part.audio) }]));
  }
  return out;
}
