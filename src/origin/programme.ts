/**
 * One room's programme: units in, parts out, at their cadence whatever the mixer does (architecture.md §2 "Origin",
 * docs/adr/0004-gap-filling.md). Time comes in through `nowNs`; nothing here waits.
 */
import type { RoomId } from '../domain/ids.ts';
import { KEYFRAME_GRID_FRAMES, NS_PER_MS, nearestAacFrame, nearestVideoFrame, videoFrameStartNs } from '../domain/programme-time.ts';
import { VIDEO_RENDITIONS, type VideoRendition } from '../domain/rendition.ts';
import type { RecordingGap } from '../domain/recording.ts';
import type { TrackInit, Unit } from '../media/programme-protocol.ts';
import { AudioLane } from './audio-lane.ts';
import { endFrame, firstAacFrame, framesMs, nextGridFrame, partStartFrame, type PartGrid } from './part-grid.ts';
import type { GapReason, ProgrammePart } from './part.ts';
import { SegmentList, segmentFrames } from './segment-list.ts';
import { packagePart } from './packager.ts';
import { VideoLane } from './video-lane.ts';

/** How long the first part waits for the other renditions. */
const START_PATIENCE_NS = 1500n * NS_PER_MS;
/** A part is filled when it is this much later than its units usually come: survives a mixer stopped for 300 ms. */
const FILL_AFTER_MS = 350;
/** With its mixer gone nothing more can come: viewers get the next part at the usual time. */
const FILL_AFTER_LOSS_MS = 100;
const MIN_TOLERANCE_MS = 150;
const MAX_TOLERANCE_MS = 1500;
/** Without a mixer for this long the programme ends by itself. */
const MAX_FILL_MS = 300_000;
const NEWCOMER_LATENESS_NS = 50n * NS_PER_MS;
/** A hole longer than this is not filled when the origin comes back: DISCONTINUITY instead. */
export const MAX_RESUME_MS = 30_000;
const MAX_GAPS = 200;
/** A gap this soon after an epoch's begin or end is put down to it. */
const RESTART_MEMORY_NS = 3000n * NS_PER_MS;

export interface ProgrammeCounters {
  lateUnits: number;
  undecodableUnits: number;
  droppedUnits: number;
  filledFrames: number;
  silentFrames: number;
  parts: number;
}

export interface ProgrammeEvents {
  /** A part is finished: `segments` already has it. */
  part(part: ProgrammePart): void;
  /** `segments` changed without a new part, or the programme ended. */
  changed(): void;
  keyframeWanted(): void;
  /** Codec parameters are new. */
  configured(): void;
}

export class Programme {
  readonly video = new Map<VideoRendition, VideoLane>(VIDEO_RENDITIONS.map((r) => [r, new VideoLane()]));
  readonly audio = new AudioLane();
  readonly counters: ProgrammeCounters = { lateUnits: 0, undecodableUnits: 0, droppedUnits: 0, filledFrames: 0, silentFrames: 0, parts: 0 };
  /** Places are counted from the first part. */
  readonly gaps: RecordingGap[] = [];
  /** Renditions of this programme, best first; fixed with its first part. */
  renditions: VideoRendition[] = [];
  #expected: readonly VideoRendition[] = [];
  /** Where the next part begins; undefined before the first one and after the end. */
  #nextFrame: number | undefined;
  #firstFrame: number | undefined;
  /** First frame since the last jump. */
  #runFrame: number | undefined;
  /** How long after its end the last part was complete that a mixer delivered. */
  #latenessNs = 100n * NS_PER_MS;
  #jump = false;
  #mustCut = false;
  #firstIdrAtNs: bigint | undefined;
  #latenessMs = 100;
  #lastUnitNs: bigint | undefined;
  #sourceConnected = false;
  #epochDelivers = false;
  #resumed = false;
  #restartNs: bigint | undefined;
  #openGap: RecordingGap | undefined;

  constructor(
    readonly room: RoomId,
    readonly grid: PartGrid,
    readonly segments: SegmentList,
    private readonly events: ProgrammeEvents,
  ) {}

  get started(): boolean {
    return this.#nextFrame !== undefined;
  }
  get live(): boolean {
    return this.#sourceConnected && this.#epochDelivers;
  }
  get ended(): boolean {
    return this.segments.ended;
  }
  /**
   * There is a whole segment to watch, and what was taken up from an earlier programme is not the newest there is: who came
   * now would be shown the past and then wait for a part that nobody is making.
   */
  get playable(): boolean {
    if (this.ended) return this.segments.segments[0]?.complete ?? false;
    const whole = this.segments.open ? this.segments.segments.at(-2) : this.segments.segments.at(-1);
    return this.#runFrame !== undefined && (whole?.parts[0]?.frame ?? -1) >= this.#runFrame;
  }
  get toleranceMs(): number {
    const slack = this.live ? FILL_AFTER_MS : FILL_AFTER_LOSS_MS;
    return Math.min(MAX_TOLERANCE_MS, Math.max(MIN_TOLERANCE_MS, this.#latenessMs + slack));
  }
  get durationMs(): number {
    return this.#firstFrame === undefined ? 0 : framesMs(this.grid, Math.max(0, this.segments.endFrame - this.#firstFrame));
  }

  /** Takes up what was on disk: `segments` is restored, the lanes know their parameters. */
  resume(nowNs: bigint, renditions: VideoRendition[]): void {
    const last = this.segments.lastPart;
    if (!last) return;
    this.renditions = renditions;
    this.#lastUnitNs = nowNs;
    this.#firstFrame = this.segments.segments[0]?.parts[0]?.frame ?? last.frame;
    const next = endFrame(last);
    const agoMs = Number(nowNs / NS_PER_MS) - framesMs(this.grid, next);
    if (this.segments.ended || agoMs > MAX_RESUME_MS) {
      this.#jump = true;
      this.segments.close();
      return;
    }
    this.#nextFrame = next;
    this.#runFrame = this.#firstFrame;
    this.#mustCut = true;
    this.#resumed = true;
  }

  /** @param expected renditions that its mixer sends: a first part waits for them, for a while */
  beginEpoch(nowNs: bigint, expected: readonly VideoRendition[]): void {
    this.#expected = expected;
    if (this.segments.ended || (this.#nextFrame === undefined && this.segments.lastPart)) this.#restart();
    this.#sourceConnected = true;
    this.#epochDelivers = false;
    if (this.segments.lastPart) this.#restartNs = nowNs;
    this.#lastUnitNs = nowNs;
    for (const lane of this.video.values()) lane.beginEpoch();
  }

  sourceGone(nowNs: bigint): void {
    this.#restartNs = nowNs;
    this.#sourceConnected = false;
  }

  /** @throws RangeError when the track's parameters cannot be packaged */
  configure(init: TrackInit): void {
    const config = Buffer.from(init.config, 'base64');
    if (init.codec === 'h264') {
      this.video.get(init.track.slice('video:'.length) as VideoRendition)?.configure(config, init);
    } else if (init.codec === 'aac') this.audio.configure(config, init.bitrateBps, this.started);
    this.events.configured();
  }

  push(unit: Unit, nowNs: bigint): void {
    if (this.segments.ended || unit.track.startsWith('audio:opus')) return;
    const lateness = Number((nowNs - unit.ptsNs - unit.durationNs) / NS_PER_MS);
    // A slow mean; one stall counts little.
    this.#latenessMs += 0.02 * (Math.max(0, Math.min(lateness, this.#latenessMs + 200)) - this.#latenessMs);
    this.#lastUnitNs = nowNs;
    const openFrame = this.#nextFrame ?? 0;
    let placement: string;
    if (unit.track === 'audio:aac') {
      placement = this.audio.push(nearestAacFrame(unit.ptsNs), unit.data, firstAacFrame(this.grid, openFrame));
    } else {
      const rendition = unit.track.slice('video:'.length) as VideoRendition;
      if (this.started && !this.renditions.includes(rendition)) return;
      const lane = this.video.get(rendition) as VideoLane;
      const needed = lane.needsIdr;
      const shown = nearestVideoFrame(unit.durationNs, this.grid.frameRate);
      placement = lane.push(nearestVideoFrame(unit.ptsNs, this.grid.frameRate), unit.key, unit.data, openFrame, shown);
      if (placement === 'taken') {
        if (unit.key) this.#firstIdrAtNs ??= nowNs;
        this.#epochDelivers = true;
      } else if (!needed || unit.key) this.events.keyframeWanted();
    }
    if (placement === 'late') this.counters.lateUnits++;
    if (placement === 'undecodable') this.counters.undecodableUnits++;
    if (placement === 'full') this.counters.droppedUnits++;
    this.tick(nowNs);
  }

  /** Finishes every part that is complete or overdue. Call it at least every 50 ms. */
  tick(nowNs: bigint): void {
    if (this.segments.ended) return;
    if (this.#nextFrame === undefined && !this.#start(nowNs)) {
      if (this.segments.lastPart) this.#endWhenForgotten(nowNs);
      return;
    }
    let emitted = false;
    for (;;) {
      const from = this.#nextFrame as number;
      const to = this.#partEnd(from);
      const complete = this.#complete(to);
      if (!complete && !this.#overdue(to, nowNs)) break;
      if (complete && this.live) this.#latenessNs = nowNs - videoFrameStartNs(to, this.grid.frameRate);
      this.#emit(from, to, nowNs);
      emitted = true;
    }
    if (!emitted) this.#closeWhenSure();
    if (emitted && this.renditions.some((r) => this.video.get(r)?.needsIdr) && this.#sourceConnected) this.events.keyframeWanted();
    this.#endWhenForgotten(nowNs);
  }

  #endWhenForgotten(nowNs: bigint): void {
    this.#lastUnitNs ??= nowNs;
    if (!this.#sourceConnected && nowNs - this.#lastUnitNs > BigInt(MAX_FILL_MS) * NS_PER_MS) this.end();
  }

  /** ENDLIST. Idempotent. */
  end(): void {
    if (this.segments.ended) return;
    this.segments.close();
    this.segments.ended = true;
    this.segments.revision++;
    this.#nextFrame = undefined;
    this.#sourceConnected = false;
    this.#epochDelivers = false;
    for (const lane of this.video.values()) lane.reset();
    this.audio.reset();
    this.events.changed();
  }

  /** What ended is another programme: nobody who comes now is shown it. What was only cut off goes on with a jump. */
  #restart(): void {
    if (this.segments.ended) {
      this.segments.retireAll();
      this.#firstFrame = undefined;
      this.#openGap = undefined;
      this.gaps.length = 0;
    }
    this.segments.ended = false;
    this.segments.close();
    this.#nextFrame = undefined;
    this.#runFrame = undefined;
    this.#firstIdrAtNs = undefined;
    this.#jump = true;
    for (const lane of this.video.values()) lane.reset();
    this.audio.reset();
  }

  #start(nowNs: bigint): boolean {
    if (this.#firstIdrAtNs === undefined) return false;
    const ready = VIDEO_RENDITIONS.filter((r) => this.video.get(r)?.firstIdrFrame !== undefined);
    const all = this.#expected.every((r) => ready.includes(r)) && this.audio.configured;
    if (!all && nowNs - this.#firstIdrAtNs < START_PATIENCE_NS) return false;
    if (ready.length === 0) return false;
    // A programme that goes on keeps its renditions as far as they are there.
    this.renditions = ready;
    const frames = ready.map((r) => this.video.get(r)?.firstIdrFrame ?? 0);
    this.#nextFrame = Math.max(this.segments.endFrame, this.segments.retiredEndFrame, partStartFrame(this.grid, Math.max(...frames)));
    this.#firstFrame ??= this.#nextFrame;
    this.#runFrame = this.#nextFrame;
    this.#mustCut = true;
    return true;
  }

  #lanes(): VideoLane[] {
    return this.renditions.map((r) => this.video.get(r) as VideoLane);
  }

  /**
   * Behind the part that begins at `from`: a part ends early at a place of the keyframe grid, once the keyframes are there that begin a segment. Without them it is as
   * long as any: a short part may only stand before a cut (draft-pantos-hls-rfc8216bis §4.4.4.9).
   */
  #partEnd(from: number): number {
    const full = from + this.grid.partFrames;
    const grid = nextGridFrame(from);
    return grid < full && this.#lanes().every((lane) => lane.hasIdr(grid, full)) ? grid : full;
  }

  #complete(to: number): boolean {
    return this.audio.reaches(firstAacFrame(this.grid, to)) && this.#lanes().every((lane) => lane.reaches(to));
  }

  #overdue(to: number, nowNs: bigint): boolean {
    const endNs = videoFrameStartNs(to, this.grid.frameRate);
    const deadlineNs = endNs + BigInt(Math.round(this.toleranceMs)) * NS_PER_MS;
    if (nowNs >= deadlineNs) return true;
    // While nothing can come parts keep the pace of the ones before (conformance.md, HLS 6); a mixer that has come may be a little later than the one before.
    return !this.live && nowNs >= endNs + this.#latenessNs + (this.#sourceConnected ? NEWCOMER_LATENESS_NS : 0n);
  }

  /** All encoders have an IDR in the part that begins at `from`, and a segment boundary of the grid has been reached. */
  #gridCut(from: number): boolean {
    const first = this.segments.open?.parts[0]?.frame;
    if (first === undefined) return false;
    const due = Math.floor(from / KEYFRAME_GRID_FRAMES) > Math.floor(first / KEYFRAME_GRID_FRAMES);
    return due && this.#lanes().every((lane) => lane.hasIdr(from, from + this.grid.partFrames));
  }

  /** One more part would make the open segment longer than TARGETDURATION allows. */
  #segmentFull(): boolean {
    const { open } = this.segments;
    return open !== undefined && segmentFrames(open) + this.grid.partFrames > this.grid.maxSegmentFrames;
  }

  /** Tells viewers that a segment is complete as soon as the next one's IDR is here, not a part later. */
  #closeWhenSure(): void {
    const open = this.segments.open;
    if (!open || open.parts.length === 0 || this.#nextFrame === undefined) return;
    if (!this.#gridCut(this.#nextFrame) && !this.#segmentFull()) return;
    this.segments.close();
    this.events.changed();
  }

  #emit(from: number, to: number, nowNs: bigint): void {
    const { grid } = this;
    const lanes = this.#lanes();
    const changes = lanes.some((lane) => lane.changesBefore(to)) || this.audio.changes;
    const open = this.segments.open;
    const cut = !open || this.#mustCut || changes || this.#gridCut(from) || this.#segmentFull();
    const discontinuity = (this.#jump || changes) && this.segments.nextMsn > 0;
    const silent = this.audio.take(firstAacFrame(grid, from), firstAacFrame(grid, to));
    const span = { frame: from, frames: to - from };
    const result: ProgrammePart = {
      ...span,
      cut,
      discontinuity,
      video: new Map(this.renditions.map((r) => [r, (this.video.get(r) as VideoLane).take(from, to, cut)])),
      audio: silent.samples,
      silentFrames: silent.silentFrames,
      reason: this.#reason(nowNs),
    };
    this.#mustCut = false;
    this.#jump = false;
    this.#nextFrame = to;
    if (cut) {
      const init: Record<string, number> = { audio: this.audio.config.number };
      for (const [rendition, { config }] of result.video) init[rendition] = config;
      this.segments.begin(discontinuity, init);
    }
    const media = packagePart(result);
    const bytes: Record<string, number> = {};
    for (const [rendition, data] of media) bytes[rendition] = data.length;
    const independent = [...result.video.values()].every((v) => v.samples[0]?.key);
    this.segments.add({ ...span, independent, bytes, media });
    this.counters.parts++;
    this.counters.silentFrames += silent.silentFrames;
    if (cut && (discontinuity || from === this.#firstFrame)) for (const v of result.video.values()) v.filled = []; // a beginning is no gap
    this.#noteGaps(result);
    this.events.part(result);
  }

  #reason(nowNs: bigint): GapReason {
    if (this.#resumed && !this.#epochDelivers) return 'originRestart';
    const restarted = this.#restartNs !== undefined && nowNs - this.#restartNs < RESTART_MEMORY_NS;
    return this.live && !restarted ? 'stalled' : 'mixerRestart';
  }

  #noteGaps(part: ProgrammePart): void {
    if (this.#epochDelivers) this.#resumed = false;
    const best = part.video.values().next().value;
    for (const { frame, frames } of best?.filled ?? []) {
      this.counters.filledFrames += frames;
      const atMs = Math.round((frame * 1000) / this.grid.frameRate - framesMs(this.grid, this.#firstFrame ?? 0));
      const lengthMs = Math.round((frames * 1000) / this.grid.frameRate);
      if (this.#openGap && atMs - (this.#openGap.atMs + this.#openGap.lengthMs) <= 2) this.#openGap.lengthMs = atMs + lengthMs - this.#openGap.atMs;
      else {
        this.#openGap = { atMs, lengthMs, reason: part.reason };
        this.gaps.push(this.#openGap);
        if (this.gaps.length > MAX_GAPS) this.gaps.shift();
      }
    }
  }
}
