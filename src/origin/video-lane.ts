/**
 * One video rendition on its way into parts: takes units in decoding order, knows which can still be decoded, and hands out
 * the samples of a part without holes (docs/adr/0004-gap-filling.md).
 */
import { LONGEST_PICTURE_FRAMES } from '../domain/programme-time.ts';
import { h264Parameters, type H264Parameters } from '../media/h264-parameter-sets.ts';
import { nextPictureOrder, pictureOrder, skipPicture, type PictureOrder } from '../media/h264-skip-picture.ts';
import type { FilledStretch, VideoPart, VideoSample } from './part.ts';

export interface VideoConfig {
  /** Counts up with every change of the parameters. */
  number: number;
  avcC: Buffer;
  width: number;
  height: number;
  /** Pictures per second. */
  frameRate: number;
  bitrateBps: number;
  parameters: H264Parameters;
}

interface Waiting {
  frame: number;
  /** How long it is shown: more than one while the mixer composes fewer pictures. */
  frames: number;
  key: boolean;
  data: Buffer;
  config: VideoConfig;
}

/** A unit may stand this many frames beside its rounded place before it counts as lost. */
const MAX_SHIFT_FRAMES = 2;
/** A hole up to this long in an unbroken stream only lengthens the picture before it. */
const MAX_STRETCH_FRAMES = LONGEST_PICTURE_FRAMES;
/** About 4 s at 30 fps: more than any deadline lets wait. */
const MAX_WAITING = 128;

export type Placement = 'taken' | 'late' | 'undecodable' | 'full';

export class VideoLane {
  #waiting: Waiting[] = [];
  #newest: VideoConfig | undefined;
  #emitted: VideoConfig | undefined;
  #lastFrame = -1;
  /** First frame that no unit taken covers. */
  #endFrame = 0;
  #lastIdr: { data: Buffer; config: VideoConfig } | undefined;
  /** Where the last picture put out stands; undefined while nothing was. */
  #order: PictureOrder | undefined;
  /** Where the last unit taken stands. */
  #takenOrder: PictureOrder | undefined;
  #needsIdr = true;

  /** Wants an IDR before it can go on. */
  get needsIdr(): boolean {
    return this.#needsIdr;
  }
  get config(): VideoConfig | undefined {
    return this.#newest;
  }
  get lastIdr(): Buffer | undefined {
    return this.#lastIdr?.data;
  }
  get firstIdrFrame(): number | undefined {
    return this.#waiting.find((w) => w.key)?.frame;
  }

  /** @returns true when the parameters are new. @throws RangeError when they cannot be used */
  configure(avcC: Buffer, { width, height, frameRate, bitrateBps }: Omit<VideoConfig, 'number' | 'avcC' | 'parameters'>): boolean {
    if (this.#newest?.avcC.equals(avcC)) return false;
    const parameters = h264Parameters(avcC);
    skipPicture({ frameNum: 0, pocLsb: 0, reference: true }, parameters); // must be possible
    this.#newest = { number: this.#newest ? this.#newest.number + 1 : 0, avcC, width, height, frameRate, bitrateBps, parameters };
    this.#needsIdr = true;
    return true;
  }

  /** Takes up what a predecessor left on disk; an empty `lastIdr` means that there is none. */
  resume(config: Omit<VideoConfig, 'parameters'>, lastIdr: Buffer): void {
    this.#newest = { ...config, parameters: h264Parameters(config.avcC) };
    this.#emitted = this.#newest;
    if (lastIdr.length > 0) this.#lastIdr = { data: lastIdr, config: this.#newest };
  }

  /** A new epoch begins: nothing of it can be decoded before its first IDR. */
  beginEpoch(): void {
    this.#needsIdr = true;
  }

  /**
   * @param firstOpenFrame first frame that is not yet written
   * @param frames how long the picture is to be shown
   */
  push(nearestFrame: number, key: boolean, data: Buffer, firstOpenFrame: number, frames = 1): Placement {
    const config = this.#newest;
    if (!config) return 'undecodable';
    const order = pictureOrder(data, config.parameters);
    if (!order) return 'undecodable';
    if (!key) {
      if (this.#needsIdr) return 'undecodable';
      const expected = this.#takenOrder && nextPictureOrder(this.#takenOrder, config.parameters).frameNum;
      if (expected !== undefined && expected !== order.frameNum) return this.#broken('undecodable');
    }
    const frame = Math.max(nearestFrame, this.#lastFrame + 1);
    if (nearestFrame < firstOpenFrame) return this.#broken('late');
    if (frame - nearestFrame > MAX_SHIFT_FRAMES) return this.#broken('late');
    if (this.#waiting.length >= MAX_WAITING) return this.#broken('full');
    const shown = Math.min(LONGEST_PICTURE_FRAMES, Math.max(1, frames));
    this.#waiting.push({ frame, frames: shown, key, data, config });
    this.#lastFrame = frame;
    this.#endFrame = frame + shown;
    this.#takenOrder = order;
    this.#needsIdr = false;
    if (key) this.#lastIdr = { data, config };
    return 'taken';
  }

  /** Everything up to `frame` (exclusive) has come. */
  reaches(frame: number): boolean {
    return this.#waiting.length > 0 && this.#endFrame >= frame;
  }

  hasIdr(from: number, to: number): boolean {
    return this.#waiting.some((w) => w.key && w.frame >= from && w.frame < to);
  }

  /** The parameters change with a unit before `to`. */
  changesBefore(to: number): boolean {
    return this.#emitted !== undefined && this.#waiting.some((w) => w.frame < to && w.config !== this.#emitted);
  }

  /** Forgets what waits and starts anew, as after the end of a programme. */
  reset(): void {
    this.#waiting = [];
    this.#needsIdr = true;
    this.#order = undefined;
    this.#takenOrder = undefined;
  }

  /**
   * Samples for the frames [from, to), one after the other without holes.
   * With `cut` the first one is an IDR: the one that stands there, or a copy of the first one within the part, or of the last one known.
   */
  take(from: number, to: number, cut: boolean): VideoPart {
    let units = this.#waiting.filter((w) => w.frame >= from && w.frame < to);
    this.#waiting = this.#waiting.filter((w) => w.frame >= to);
    const samples: VideoSample[] = [];
    const filled: FilledStretch[] = [];
    let cursor = from;
    let shownEarly = false;
    const put = (data: Buffer, key: boolean, frames: number): void => {
      samples.push({ data, key, frame: cursor, frames });
      cursor += frames;
    };
    const fill = (until: number): void => {
      if (until > cursor) filled.push({ frame: cursor, frames: until - cursor });
      while (cursor < until) put(this.#skip(), false, 1);
    };
    if (cut && !(units[0]?.key && units[0].frame === from)) {
      const first = units.findIndex((u) => u.key);
      const idr = first >= 0 ? units[first] : this.#lastIdr;
      if (!idr) throw new RangeError('there is no IDR to start with');
      this.#show(idr.data, idr.config);
      filled.push({ frame: cursor, frames: 1 });
      put(idr.data, true, 1);
      shownEarly = true;
      units = first >= 0 ? units.slice(first) : [];
      if (first < 0) this.#breakChain();
    }
    for (const [i, unit] of units.entries()) {
      const hole = unit.frame - cursor;
      if (hole > 0) {
        const last = samples.at(-1);
        if (unit.key && (hole > 1 || !last || shownEarly)) fill(unit.frame);
        else if (last) {
          last.frames += hole;
          cursor += hole;
        }
      }
      // With a hole at the part's start an unbroken stream goes on a little early instead of being torn.
      this.#show(unit.data, unit.config);
      const end = Math.max(unit.frame + 1, Math.min(unit.frame + unit.frames, units[i + 1]?.frame ?? to));
      samples.push({ data: unit.data, key: unit.key, frame: cursor, frames: end - cursor });
      cursor = end;
    }
    if (cursor < to) {
      const last = samples.at(-1);
      const next = this.#waiting[0];
      if (last && next && next.frame - cursor <= MAX_STRETCH_FRAMES) {
        last.frames += to - cursor;
        cursor = to;
      } else {
        fill(to);
        this.#breakChain();
      }
    }
    return { samples, filled: merged(filled), config: this.#emitted?.number ?? 0 };
  }

  /** What waits up to the next IDR cannot be decoded behind pictures of our own. */
  #breakChain(): void {
    const next = this.#waiting.findIndex((w) => w.key);
    this.#waiting = next < 0 ? [] : this.#waiting.slice(next);
    if (next < 0) this.#needsIdr = true;
  }

  #broken(why: Placement): Placement {
    this.#needsIdr = true;
    return why;
  }

  #show(data: Buffer, config: VideoConfig): void {
    this.#emitted = config;
    this.#order = pictureOrder(data, config.parameters);
  }

  #skip(): Buffer {
    if (!this.#emitted || !this.#order) throw new RangeError('there is no picture to repeat');
    this.#order = nextPictureOrder(this.#order, this.#emitted.parameters);
    return skipPicture(this.#order, this.#emitted.parameters);
  }
}

function merged(stretches: FilledStretch[]): FilledStretch[] {
  const out: FilledStretch[] = [];
  for (const stretch of stretches) {
    const last = out.at(-1);
    if (last && last.frame + last.frames === stretch.frame) last.frames += stretch.frames;
    else out.push({ ...stretch });
  }
  return out;
}
