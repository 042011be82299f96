/** All the origin has of one room: programme, disk, what viewers and followers see of it. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { RoomId } from '../domain/ids.ts';
import { NS_PER_MS } from '../domain/programme-time.ts';
import type { Rendition, VideoRendition } from '../domain/rendition.ts';
import { initSegment } from '../media/fmp4-init.ts';
import type { TrackInit, Unit } from '../media/programme-protocol.ts';
import type { ProgrammeState } from '../node-api/contract.ts';
import type { FilePlace } from '../node-api/hot/answer.ts';
import type { Logger } from '../observability/logger.ts';
import type { AudioConfig } from './audio-lane.ts';
import { framesMs, partGrid, targetDurationSeconds, type PartGrid } from './part-grid.ts';
import type { ProgrammePart } from './part.ts';
import { audioTrackInit, videoTrackInit } from './packager.ts';
import { Programme } from './programme.ts';
import { ProgrammeDisk, type ProgrammeFile } from './programme-disk.ts';
import { bytesBefore, SegmentList, type Segment } from './segment-list.ts';
import type { VideoConfig, VideoLane } from './video-lane.ts';

const LOST_WRITES_EVERY_MS = 60_000;


export interface RoomFollower {
  /** Called with every finished part; must not block. */
  part(part: ProgrammePart): void;
  ended?(): void;
}

export interface Anchor {
  monotonicNs: bigint;
  unixMs: number;
}

export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

export class OriginRoom {
  readonly grid: PartGrid;
  readonly segments: SegmentList;
  readonly programme: Programme;
  readonly followers = new Set<RoomFollower>();
  epoch = 0;
  /** Asks the mixer for an IDR; set by the programme server. */
  requestKeyframe: () => void = () => undefined;
  /** The programme has ended, by a command or by itself; set by the origin. */
  onEnded: () => void = () => undefined;
  readonly #videoConfigs = new Map<VideoRendition, VideoConfig[]>();
  readonly #audioConfigs: AudioConfig[] = [];
  readonly #waiters = new Set<() => void>();
  #recent: ProgrammePart[] = [];
  #closed = false;

  private constructor(
    readonly room: RoomId,
    readonly frameRate: number,
    private readonly config: Pick<Config, 'partFrames' | 'dvrSeconds' | 'vodSeconds'>,
    private readonly disk: ProgrammeDisk,
    readonly anchor: Anchor,
    private readonly log: Logger,
  ) {
    this.grid = partGrid(frameRate, config.partFrames);
    const target = targetDurationSeconds(this.grid);
    this.segments = new SegmentList({
      // Three target durations at the very least (conformance.md, HLS 1), twice that so that delta updates have something to skip.
      windowFrames: Math.max(config.dvrSeconds, 8 * target) * frameRate,
      hotFrames: 5 * target * frameRate,
    });
    this.programme = new Programme(room, this.grid, this.segments, {
      part: (part) => this.#onPart(part),
      changed: () => this.#onChanged(),
      keyframeWanted: () => this.requestKeyframe(),
      configured: () => this.#noteConfigs(),
    });
  }

  /** A room that never had a programme here, or whose old one has another frame rate: then numbers go on from `after`. */
  static async create(room: RoomId, frameRate: number, config: Pick<Config, 'partFrames' | 'dvrSeconds' | 'vodSeconds'>, folder: string, log: Logger, after?: OriginRoom): Promise<OriginRoom> {
    const anchor = after?.anchor ?? { monotonicNs: process.hrtime.bigint(), unixMs: Date.now() };
    const self = new OriginRoom(room, frameRate, config, new ProgrammeDisk(folder), anchor, log);
    if (!after) {
      // of a state that could not be read: new media must not be written behind old
      const old = await self.disk.clear();
      if (old) {
        log.warn({ room, files: old.files }, 'media of a programme whose state cannot be read was removed; its numbers go on');
        self.segments.continueFrom(old.lastMsn + 1, 0);
      }
    } else {
      self.epoch = after.epoch;
      self.segments.continueFrom(after.segments.nextMsn, after.segments.discontinuities + 1);
      self.disk.remove(after.segments.clear(), []);
      await self.disk.rewriteIndex([]).catch(() => undefined);
    }
    await self.#writeState();
    return self;
  }

  /** @returns undefined when the folder holds no programme that can be taken up */
  static async load(room: RoomId, config: Pick<Config, 'partFrames' | 'dvrSeconds' | 'vodSeconds'>, folder: string, log: Logger): Promise<OriginRoom | undefined> {
    const disk = new ProgrammeDisk(folder);
    const stored = await disk.load();
    if (!stored) return undefined;
    const { file, segments } = stored;
    // After a reboot the monotonic clock began anew: the wall clock is the bridge.
    const monotonicNs =
      file.bootId === bootId() ? BigInt(file.anchorMonotonicNs) : process.hrtime.bigint() - BigInt(Date.now() - file.anchorUnixMs) * NS_PER_MS;
    // what is over stays as it was made, also when parts are to have another length now
    const self = new OriginRoom(room, file.frameRate, file.ended ? { ...config, partFrames: file.partFrames } : config, disk, { monotonicNs, unixMs: file.anchorUnixMs }, log);
    self.epoch = file.epoch;
    if (file.partFrames !== self.grid.partFrames) {
      self.segments.continueFrom(Math.max(file.nextMsn, (segments.at(-1)?.msn ?? -1) + 1), file.discontinuities + 1);
      disk.remove(segments, []);
      await disk.rewriteIndex([]).catch(() => undefined);
      return self;
    }
    await self.#restore(file, segments);
    return self;
  }

  async #restore(file: ProgrammeFile, segments: Segment[]): Promise<void> {
    for (const segment of segments) this.segments.restore(segment, segment.msn < file.firstMsn);
    this.segments.continueFrom(file.nextMsn, file.discontinuities);
    const last = this.segments.segments.at(-1);
    for (const [rendition, configs] of Object.entries(file.video) as [VideoRendition, NonNullable<ProgrammeFile['video'][VideoRendition]>][]) {
      const lane = this.programme.video.get(rendition);
      const newest = configs.at(-1);
      if (!lane || !newest) continue;
      const idr = last && file.renditions.includes(rendition) ? await this.disk.firstPicture(last.msn, rendition) : undefined;
      for (const config of configs) {
        // The lane parses each record, so its history has the parameters too.
        lane.resume({ ...config, avcC: Buffer.from(config.avcC, 'base64') }, idr ?? Buffer.alloc(0));
        if (lane.config) this.#remember(rendition, lane.config);
      }
    }
    for (const config of file.audio) {
      this.programme.audio.resume({ number: config.number, config: Buffer.from(config.config, 'base64'), bitrateBps: config.bitrateBps });
      this.#audioConfigs[config.number] = this.programme.audio.config;
    }
    this.segments.ended = file.ended;
    this.programme.renditions = file.renditions;
    const complete = file.renditions.length > 0 && file.renditions.every((r) => (this.programme.video.get(r)?.lastIdr?.length ?? 0) > 0);
    if (last && !file.ended && complete) last.complete = false;
    if (complete) this.programme.resume(this.nowNs(), file.renditions);
    this.log.info({ room: this.room, segments: segments.length, nextMsn: this.segments.nextMsn, goesOn: this.programme.started }, 'programme taken up from disk');
  }

  /** Programme time. */
  nowNs(): bigint {
    return process.hrtime.bigint() - this.anchor.monotonicNs;
  }

  get nowFrame(): number {
    return Math.ceil(Number(this.nowNs()) / (1e9 / this.grid.frameRate));
  }

  /** Renditions with a media playlist, best first. */
  get renditions(): Rendition[] {
    return [...this.programme.renditions, 'audio'];
  }

  beginEpoch(epoch: number, renditions: readonly VideoRendition[]): void {
    this.epoch = epoch;
    this.programme.beginEpoch(this.nowNs(), renditions);
    this.#writeStateSoon();
  }

  sourceGone(): void {
    this.programme.sourceGone(this.nowNs());
  }

  configure(init: TrackInit): void {
    this.programme.configure(init);
  }

  push(unit: Unit): void {
    this.programme.push(unit, this.nowNs());
  }

  tick(): void {
    if (!this.#closed) this.programme.tick(this.nowNs());
  }

  end(): void {
    this.programme.end();
  }

  /** Parts of the newest segment, its keyframe first. */
  recentParts(): readonly ProgrammePart[] {
    return this.#recent;
  }

  /** Frees the disk once an ended programme has been playable for as long as it is to be. */
  expire(): void {
    if (!this.segments.ended || this.segments.segments.length + this.segments.retired.length === 0) return;
    const agoMs = Number(this.nowNs() / NS_PER_MS) - framesMs(this.grid, Math.max(this.segments.endFrame, this.segments.retiredEndFrame));
    if (agoMs >= (this.config.vodSeconds) * 1000) this.forget();
  }

  /** Removes the media of an ended programme; its numbers go on. */
  forget(): void {
    if (!this.segments.ended) return;
    this.disk.remove(this.segments.clear(), []);
    void this.disk.rewriteIndex([]).catch(() => undefined);
    this.#writeStateSoon();
    this.#wake();
  }

  lane(rendition: VideoRendition): VideoLane | undefined {
    return this.programme.video.get(rendition);
  }

  videoConfig(rendition: VideoRendition, number?: number): VideoConfig | undefined {
    const configs = this.#videoConfigs.get(rendition);
    return number === undefined ? configs?.at(-1) : configs?.find((c) => c.number === number);
  }

  get audioConfig(): AudioConfig {
    return this.programme.audio.config;
  }

  init(rendition: Rendition, number: number): Buffer | undefined {
    if (rendition === 'audio') {
      const audio = this.#audioConfigs[number];
      return audio && initSegment([audioTrackInit(audio)]);
    }
    const video = this.videoConfig(rendition, number);
    return video && initSegment([videoTrackInit(video, this.grid)]);
  }

  /** Bytes of a whole segment: from memory while hot, else from disk. */
  async segmentMedia(segment: Segment, rendition: Rendition): Promise<Buffer[] | undefined> {
    const hot = segment.parts.map((p) => p.media?.get(rendition));
    if (hot.every((b) => b !== undefined)) return hot as Buffer[];
    if (!segment.stored) return undefined;
    const stored = await this.disk.readSegment(segment.msn, rendition);
    const whole = segment.parts.reduce((sum, part) => sum + (part.bytes[rendition] ?? 0), 0);
    return stored?.length === whole ? [stored] : undefined;
  }

  /** Bytes of one part; from disk when this process did not make it and playlists still name it. */
  async partMedia(segment: Segment, index: number, rendition: Rendition): Promise<Buffer | undefined> {
    const part = segment.parts[index];
    const hot = part?.media?.get(rendition);
    if (hot || !part || !segment.stored) return hot;
    const stored = await this.disk.readSegment(segment.msn, rendition);
    const from = bytesBefore(segment, index, rendition);
    const to = from + (part.bytes[rendition] ?? 0);
    return stored && to > from && to <= stored.length ? stored.subarray(from, to) : undefined;
  }

  /** Where a part's bytes lie on disk, undefined before they do. */
  partPlace(segment: Segment, index: number, rendition: Rendition): FilePlace | undefined {
    if (segment.parts[index]?.written !== true) return undefined;
    return { path: this.disk.mediaPath(segment.msn, rendition), offset: bytesBefore(segment, index, rendition) };
  }

  /**
   * Resolves true as soon as `holds` does, checked with every change; false after `timeoutMs` or when the room closes.
   * Nobody waits longer than three target durations, so the set is bounded by the requests themselves.
   */
  waitUntil(holds: () => boolean, timeoutMs: number): Promise<boolean> {
    if (holds() || this.#closed) return Promise.resolve(holds());
    return new Promise((resolve) => {
      const done = (result: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (holds()) done(true);
        else if (this.#closed) done(false);
      };
      const timer = setTimeout(() => done(false), timeoutMs);
      this.#waiters.add(check);
    });
  }

  state(): ProgrammeState {
    const { programme, segments } = this;
    return {
      room: this.room,
      epoch: this.epoch,
      live: programme.live,
      ended: programme.ended,
      mediaSequence: segments.segments[0]?.msn ?? segments.nextMsn,
      durationMs: Math.round(programme.durationMs),
      gaps: programme.gaps.slice(-50),
    };
  }

  get diskDropped(): number {
    return this.disk.dropped + this.disk.failed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const check of [...this.#waiters]) check();
    await this.#writeState().catch(() => undefined);
  }

  #onPart(part: ProgrammePart): void {
    const open = this.segments.open;
    const entry = open?.parts.at(-1);
    if (open && entry?.media) this.disk.append(open, entry, entry.media);
    this.#tellOfLostWrites();
    if (part.cut) this.#recent = [];
    this.#recent.push(part);
    if (part.cut) {
      this.#noteConfigs();
      const gone = this.segments.trim();
      if (gone.length > 0) this.disk.remove(gone, [...this.segments.retired, ...this.segments.segments]);
      this.#writeStateSoon();
    }
    for (const follower of [...this.followers]) follower.part(part);
    this.#wake();
  }

  #lostToldAtMs = -Infinity;
  #lostTold = 0;
  /** Once a minute at most. */
  #tellOfLostWrites(): void {
    const lost = this.diskDropped;
    const nowMs = performance.now();
    if (lost === this.#lostTold || nowMs - this.#lostToldAtMs < LOST_WRITES_EVERY_MS) return;
    this.#lostTold = lost;
    this.#lostToldAtMs = nowMs;
    const { dropped, failed, lastError } = this.disk;
    this.log.error({ room: this.room, dropped, failed, err: lastError }, 'the disk is full or too slow: segments are only kept in memory for a while, and missing (EXT-X-GAP) in what can be seen later');
  }

  #onChanged(): void {
    if (this.segments.ended) {
      this.#recent = [];
      this.#writeStateSoon();
      for (const follower of [...this.followers]) follower.ended?.();
      this.onEnded();
    }
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check();
  }

  #remember(rendition: VideoRendition, config: VideoConfig): void {
    const configs = this.#videoConfigs.get(rendition) ?? [];
    if (configs.at(-1)?.number !== config.number) configs.push(config);
    this.#videoConfigs.set(rendition, configs);
  }

  #noteConfigs(): void {
    for (const [rendition, lane] of this.programme.video) if (lane.config) this.#remember(rendition, lane.config);
    const audio = this.programme.audio.config;
    this.#audioConfigs[audio.number] = audio;
  }

  #stateWritten = '';
  #writeStateSoon(): void {
    void this.#writeState().catch((error: unknown) => this.log.error({ err: error, room: this.room }, 'programme state could not be written'));
  }

  async #writeState(): Promise<void> {
    const file: ProgrammeFile = {
      version: 2,
      bootId: bootId(),
      anchorMonotonicNs: String(this.anchor.monotonicNs),
      anchorUnixMs: this.anchor.unixMs,
      epoch: this.epoch,
      frameRate: this.grid.frameRate,
      partFrames: this.grid.partFrames,
      ended: this.segments.ended,
      // Written with every cut: the segment just begun is counted, also when its first part is lost.
      nextMsn: this.segments.nextMsn,
      firstMsn: this.segments.segments[0]?.msn ?? this.segments.nextMsn,
      discontinuities: this.segments.discontinuities,
      renditions: this.programme.renditions,
      video: Object.fromEntries(
        [...this.#videoConfigs].map(([r, configs]) => [
          r,
          configs.map((c) => ({ number: c.number, avcC: c.avcC.toString('base64'), width: c.width, height: c.height, frameRate: c.frameRate, bitrateBps: c.bitrateBps })),
        ]),
      ),
      audio: this.#audioConfigs.filter(Boolean).map((c) => ({ number: c.number, config: c.config.toString('base64'), bitrateBps: c.bitrateBps })),
    };
    const text = JSON.stringify(file);
    if (text !== this.#stateWritten) {
      this.#stateWritten = text;
      await this.disk.writeState(file);
    }
    await this.disk.flush();
  }
}
