/**
 * One recording: picks its frames out of the finished parts. It starts, pauses and stops at exact programme frames; where it
 * begins between two keyframes the coming keyframe is shown early, so that no sound and no time is lost.
 */
import type { RecordingGap } from '../domain/recording.ts';
import type { H264Parameters } from '../media/h264-parameter-sets.ts';
import { nextPictureOrder, pictureOrder, skipPicture, type PictureOrder } from '../media/h264-skip-picture.ts';
import type { RecordingState } from '../node-api/contract.ts';
import { MuxedTimeline, nearestAacOf } from './muxed-timeline.ts';
import type { OriginRoom } from './origin-room.ts';
import { endFrame } from './part-grid.ts';
import type { GapReason, ProgrammePart, VideoSample } from './part.ts';
import { muxedInit } from './packager.ts';
import type { RecordingDocument, RecordingFile } from './recording-file.ts';

/**
 * Parts kept while waiting for a keyframe. Sound and time are kept from the call on, also when the mixer dies at that very
 * moment: no segment is longer than 96 frames (part-grid.ts), so a keyframe always comes within these.
 */
const MAX_HELD_FRAMES = 192;
const CHUNK_MS = 4000;
/** A longer hole is left out instead of being kept as an empty stretch. */
const MAX_HOLE_MS = 10_000;

type Phase =
  | { name: 'awaiting'; wantFrame: number; mode: 'begin' | 'resume' | 'restart'; held: ProgrammePart[] }
  | { name: 'running' }
  | { name: 'paused' }
  | { name: 'done' };

export class RunningRecording {
  /** It ended because the programme's codec parameters changed. */
  incompatible = false;
  readonly #timeline: MuxedTimeline;
  #phase: Phase;
  #endFrame: number | undefined;
  #chunkStartMs = 0;
  #order: PictureOrder | undefined;
  #onReached: (() => void)[] = [];

  constructor(
    private readonly room: OriginRoom,
    readonly document: RecordingDocument,
    private readonly file: RecordingFile,
  ) {
    this.#timeline = new MuxedTimeline(room.grid, document.timeline);
    file.onFailed = (writtenMs) => this.#cutOff(writtenMs);
    this.#phase = { name: 'paused' };
    if (document.status === 'stopped') this.#phase = { name: 'done' };
  }

  /** Begins, resumes, or goes on after a restart of the origin. */
  begin(asked: 'begin' | 'resume' | 'restart'): void {
    // A predecessor may have died while it waited for a keyframe: its wish still stands.
    const before = asked === 'restart' ? this.document.awaiting : undefined;
    const mode = before?.mode ?? (asked === 'restart' && !this.#timeline.state ? 'begin' : asked);
    const wantFrame = before?.wantFrame ?? (mode === 'restart' ? (this.#timeline.state?.nextFrame ?? 0) : this.room.nowFrame);
    this.document.awaiting = { mode, wantFrame };
    this.#phase = { name: 'awaiting', wantFrame, mode, held: [] };
    this.#endFrame = undefined;
    this.document.status = 'recording';
    this.file.save();
    this.room.requestKeyframe();
  }

  /** Takes up what is in the file beyond the last saved state. */
  recover(fragments: readonly { sequence: number; tracks: readonly { id: number; decodeTime: bigint; samples: readonly { duration: number }[] }[] }[]): void {
    const state = this.#timeline.state;
    const last = fragments.at(-1);
    if (!state || !last) return;
    const end = (id: number): number | undefined => {
      const track = last.tracks.find((t) => t.id === id);
      return track && Number(track.decodeTime) + track.samples.reduce((sum, s) => sum + s.duration, 0);
    };
    const video = end(1);
    const audio = end(2);
    state.sequence = last.sequence + 1;
    if (video !== undefined) state.nextFrame = state.originFrame + Math.round((video - state.videoOffsetTicks) / 1000);
    if (audio !== undefined) state.nextAacFrame = state.originAacFrame + Math.round((audio - state.audioOffsetSamples) / 1024);
  }

  /** Writes up to now and then stands still. Resolves when that is in the file, after `timeoutMs` at the latest. */
  async halt(status: 'paused' | 'stopped', timeoutMs: number): Promise<void> {
    if (this.#phase.name === 'running' || this.#phase.name === 'awaiting') {
      this.#endFrame = this.room.nowFrame;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#onReached.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    if (this.document.status === 'stopped') return this.file.flush(); // it ended by itself meanwhile
    this.#reached(status === 'paused' ? 'paused' : 'done');
    this.document.status = status;
    delete this.document.awaiting;
    this.document.durationMs = Math.round(this.#timeline.durationMs);
    this.document.timeline = this.#timeline.state;
    if (status === 'stopped') this.file.closeChunk();
    this.file.save();
    await this.file.flush();
  }

  state(): RecordingState {
    const { recording, room, status, startedAtUnixMs, gaps, stored } = this.document;
    return { recording, room, status, startedAtUnixMs, durationMs: status === 'stopped' ? this.document.durationMs : Math.round(this.#timeline.durationMs || this.document.durationMs), gaps, chunks: stored };
  }

  /** A finished part of the programme. */
  part(part: ProgrammePart): void {
    const video = part.video.get(this.document.rendition);
    if (!video || this.#phase.name === 'paused' || this.#phase.name === 'done') return;
    if (this.document.config !== undefined && this.document.config !== video.config) {
      this.incompatible = true;
      this.ended(); // one file has one set of parameters
      return;
    }
    if (this.#phase.name === 'running' && part.discontinuity) {
      this.#phase = { name: 'awaiting', wantFrame: this.#timeline.state?.nextFrame ?? 0, mode: 'restart', held: [] };
    }
    if (this.#phase.name === 'awaiting') {
      this.#phase.held.push(part);
      this.#tryBegin(this.#phase);
    } else this.#write(part, part.frame, endFrame(part));
    const end = endFrame(part);
    if (this.#endFrame !== undefined && end >= this.#endFrame) this.#reached('paused');
  }

  get #ended(): boolean {
    return this.#phase.name === 'done';
  }

  /** The programme is over: what there is, is the recording. */
  ended(): void {
    if (this.#ended) return;
    this.#reached('done');
    this.document.status = 'stopped';
    this.document.durationMs = Math.round(this.#timeline.durationMs);
    this.document.timeline = this.#timeline.state;
    this.file.closeChunk();
    this.file.save();
  }

  /** The disk took nothing behind `writtenMs`. */
  #cutOff(writtenMs: number): void {
    this.ended();
    this.document.durationMs = Math.round(writtenMs);
    this.document.gaps = this.document.gaps.filter((gap) => gap.atMs < writtenMs);
    this.file.save();
  }

  #reached(next: 'paused' | 'done'): void {
    this.#phase = { name: next };
    this.#endFrame = undefined;
    for (const tell of this.#onReached.splice(0)) tell();
  }

  #tryBegin(phase: Extract<Phase, { name: 'awaiting' }>): void {
    const { rendition } = this.document;
    const keys = phase.held.flatMap((p) => p.video.get(rendition)?.samples.filter((s) => s.key && s.frame >= phase.wantFrame) ?? []);
    const key = keys[0];
    if (!key) {
      if (phase.held.reduce((sum, p) => sum + p.frames, 0) > MAX_HELD_FRAMES) phase.held.shift();
      return;
    }
    const first = phase.held[0] as ProgrammePart;
    const start = Math.max(phase.wantFrame, first.frame);
    if (this.#endFrame !== undefined && start >= this.#endFrame) return;
    this.#enter(phase.mode, start, first.video.get(rendition)?.config ?? 0);
    this.#phase = { name: 'running' };
    const parameters = this.room.videoConfig(rendition, this.document.config)?.parameters;
    this.#order = undefined;
    for (const part of phase.held) this.#write(part, start, endFrame(part), key, parameters);
  }

  #enter(mode: 'begin' | 'resume' | 'restart', start: number, config: number): void {
    const { grid } = this.room;
    const before = this.#timeline.state;
    if (mode === 'begin' || !before) {
      this.#timeline.begin(start, nearestAacOf(grid, start));
      this.document.config = config;
      const video = this.room.videoConfig(this.document.rendition, config);
      if (video) this.file.append(muxedInit(video, this.room.audioConfig, grid), 0);
    } else if (start > before.nextFrame) {
      const lengthMs = ((start - before.nextFrame) * 1000) / grid.frameRate;
      const reason: GapReason = mode === 'resume' ? 'paused' : 'originRestart';
      this.#note({ atMs: Math.round(this.#timeline.durationMs), lengthMs: Math.round(lengthMs), reason });
      if (mode === 'resume' || lengthMs > MAX_HOLE_MS) this.#timeline.leaveOut(start);
    }
    this.document.timeline = this.#timeline.state;
    delete this.document.awaiting;
    this.file.save();
  }

  /** Frames [from, to) of the part, as far as the end asked for; before `early` the early keyframe stands. */
  #write(part: ProgrammePart, from: number, to: number, early?: VideoSample, parameters?: H264Parameters): void {
    const video = part.video.get(this.document.rendition);
    const state = this.#timeline.state;
    if (!video || !state) return;
    const begin = Math.max(from, part.frame);
    const end = Math.min(to, this.#endFrame ?? Number.MAX_SAFE_INTEGER);
    if (begin >= end) return;
    const samples: VideoSample[] = [];
    if (early && parameters) {
      for (let frame = begin; frame < Math.min(end, early.frame); frame++) {
        const key = this.#order === undefined;
        this.#order = this.#order ? nextPictureOrder(this.#order, parameters) : pictureOrder(early.data, parameters);
        if (!this.#order) break;
        samples.push({ data: key ? early.data : skipPicture(this.#order, parameters), key, frame, frames: 1 });
      }
    }
    const real = early ? Math.max(begin, early.frame) : begin;
    for (const sample of video.samples) {
      if (sample.frame < real || sample.frame >= end) continue;
      samples.push(sample.frame + sample.frames > end ? { ...sample, frames: end - sample.frame } : sample);
    }
    const aacEnd = end === endFrame(part) ? Number.MAX_SAFE_INTEGER : nearestAacOf(this.room.grid, end);
    const audio = part.audio.filter((a) => a.frame >= state.nextAacFrame && a.frame < aacEnd);
    for (const stretch of video.filled) {
      const first = Math.max(stretch.frame, begin);
      const last = Math.min(stretch.frame + stretch.frames, end);
      if (last > first) this.#noteFrames(first, last, part.reason);
    }
    const fragment = this.#timeline.fragment(samples, audio);
    this.file.append(fragment, this.#timeline.durationMs);
    if (this.#ended) return; // the disk is full
    if (this.#timeline.durationMs - this.#chunkStartMs >= CHUNK_MS) {
      this.#chunkStartMs = this.#timeline.durationMs;
      this.document.durationMs = Math.round(this.#timeline.durationMs);
      this.document.timeline = this.#timeline.state;
      this.file.closeChunk();
    }
  }

  #noteFrames(from: number, to: number, reason: GapReason): void {
    const atMs = Math.round(this.#timeline.fileMs(from));
    this.#note({ atMs, lengthMs: Math.round(this.#timeline.fileMs(to)) - atMs, reason });
  }

  #note(gap: RecordingGap): void {
    const last = this.document.gaps.at(-1);
    if (last && last.reason !== 'paused' && gap.reason !== 'paused' && Math.abs(last.atMs + last.lengthMs - gap.atMs) <= 2) last.lengthMs = gap.atMs + gap.lengthMs - last.atMs;
    else this.document.gaps.push(gap);
  }
}
