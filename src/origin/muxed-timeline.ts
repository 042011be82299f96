/** Picture and sound of a rendition in one fragmented MP4 whose timeline starts at 0: what tail and recorder send. */
import { AAC_FRAME_SAMPLES, AUDIO_RATE_HZ } from '../domain/programme-time.ts';
import { fragment } from '../media/fmp4-fragment.ts';
import { AUDIO_TRACK_ID, VIDEO_TRACK_ID, audioSamples, videoSamples } from './packager.ts';
import { VIDEO_TICKS, type PartGrid } from './part-grid.ts';
import type { AudioSample, VideoSample } from './part.ts';

export interface MuxedTimelineState {
  sequence: number;
  /** Programme video frame at output time 0, moved by every stretch that was left out. */
  originFrame: number;
  videoOffsetTicks: number;
  audioOffsetSamples: number;
  originAacFrame: number;
  /** Frames behind the last ones written. */
  nextFrame: number;
  nextAacFrame: number;
}

/** AAC frame whose start is nearest to video frame `frame`: at most 10.7 ms away. */
export function nearestAacOf(grid: PartGrid, frame: number): number {
  return Math.round((frame * AUDIO_RATE_HZ) / (AAC_FRAME_SAMPLES * grid.frameRate));
}

export class MuxedTimeline {
  state: MuxedTimelineState | undefined;

  constructor(
    private readonly grid: PartGrid,
    state?: MuxedTimelineState,
  ) {
    this.state = state;
  }

  /** Output length so far, in ms. */
  get durationMs(): number {
    return this.state ? this.fileMs(this.state.nextFrame) : 0;
  }

  /** Where a programme frame stands in the output, in ms. */
  fileMs(frame: number): number {
    return this.state ? ((frame - this.state.originFrame) * 1000) / this.grid.frameRate : 0;
  }

  /** Time 0 is video frame `frame`; whichever track starts later says so in its first decode time. */
  begin(frame: number, aacFrame: number): void {
    const lead = aacFrame * AAC_FRAME_SAMPLES - (frame * AUDIO_RATE_HZ) / this.grid.frameRate;
    this.state = {
      sequence: 1,
      originFrame: frame,
      videoOffsetTicks: lead < 0 ? Math.round((-lead * this.grid.videoTimescale) / AUDIO_RATE_HZ) : 0,
      audioOffsetSamples: lead > 0 ? Math.round(lead) : 0,
      originAacFrame: aacFrame,
      nextFrame: frame,
      nextAacFrame: aacFrame,
    };
  }

  /**
   * Goes on at `frame` without the time since the last one.
   * @returns the AAC frame to go on with: the one that keeps sound and picture together best
   */
  leaveOut(frame: number): number {
    const s = this.#begun();
    const samplesPerFrame = AUDIO_RATE_HZ / this.grid.frameRate;
    const audioEnd = (s.nextAacFrame - s.originAacFrame) * AAC_FRAME_SAMPLES + s.audioOffsetSamples;
    const videoEnd = (s.nextFrame - s.originFrame) * samplesPerFrame + (s.videoOffsetTicks * AUDIO_RATE_HZ) / this.grid.videoTimescale;
    // Measured in the output, so that the roundings of many pauses do not add up.
    const aac = Math.round((frame * samplesPerFrame + audioEnd - videoEnd) / AAC_FRAME_SAMPLES);
    s.originFrame += frame - s.nextFrame;
    s.originAacFrame += aac - s.nextAacFrame;
    s.nextFrame = frame;
    s.nextAacFrame = aac;
    return aac;
  }

  fragment(video: readonly VideoSample[], audio: readonly AudioSample[]): Buffer {
    const s = this.#begun();
    const firstVideo = video[0];
    const firstAudio = audio[0];
    const tracks = [];
    if (firstVideo) {
      const decodeTime = BigInt((firstVideo.frame - s.originFrame) * VIDEO_TICKS + s.videoOffsetTicks);
      tracks.push({ id: VIDEO_TRACK_ID, decodeTime, samples: videoSamples(video) });
      const last = video.at(-1) as VideoSample;
      s.nextFrame = last.frame + last.frames;
    }
    if (firstAudio) {
      const decodeTime = BigInt((firstAudio.frame - s.originAacFrame) * AAC_FRAME_SAMPLES + s.audioOffsetSamples);
      tracks.push({ id: AUDIO_TRACK_ID, decodeTime, samples: audioSamples(audio) });
      s.nextAacFrame = (audio.at(-1) as AudioSample).frame + 1;
    }
    return fragment(s.sequence++, tracks);
  }

  #begun(): MuxedTimelineState {
    if (!this.state) throw new RangeError('the timeline has not begun');
    return this.state;
  }
}
