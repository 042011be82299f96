/**
 * The segments of one programme as playlists see them, with the hot ones' bytes. Media sequence numbers only grow, also over
 * restarts (conformance.md, HLS 2).
 */
import type { Rendition } from '../domain/rendition.ts';
import { endFrame, type FrameSpan } from './part-grid.ts';

export interface PartEntry extends FrameSpan {
  independent: boolean;
  bytes: Partial<Record<Rendition, number>>;
  /** This process has written all of it, behind the parts before it, into the segment's files. */
  written?: boolean;
  /** Present while hot. */
  media?: Map<Rendition, Buffer>;
}

export interface Segment {
  msn: number;
  parts: PartEntry[];
  discontinuity: boolean;
  /** Discontinuities before and with this one, since ever. */
  discontinuities: number;
  /** Number of each rendition's init segment. */
  init: Partial<Record<Rendition, number>>;
  complete: boolean;
  /** All of it is on disk, or will be when what is queued has been written. */
  stored: boolean;
}

export function segmentFrames(segment: Segment): number {
  return segment.parts.reduce((sum, part) => sum + part.frames, 0);
}

/** Neither on disk nor in memory: playlists name it with a GAP (RFC 8216bis, 4.4.4.7), and nobody gets it. */
export function isGap(segment: Segment): boolean {
  return segment.complete && !segment.stored && segment.parts.some((part) => part.media === undefined);
}

/** Bytes of settled segments are on disk. */
function cool(segment: Segment): void {
  for (const part of segment.parts) delete part.media;
}

function segmentEnd(segment: Segment, newest: number): number {
  const last = segment.parts.at(-1);
  return last ? endFrame(last) : newest;
}

export interface SegmentListLimits {
  /** Frames in the playlist, at least. */
  windowFrames: number;
  /** Frames whose bytes stay in memory. */
  hotFrames: number;
}

export class SegmentList {
  /** Oldest first; the last one may be open. */
  readonly segments: Segment[] = [];
  /** Out of the playlist, still downloadable. */
  readonly retired: Segment[] = [];
  /** Counts every change of what playlists say. */
  revision = 0;
  ended = false;
  #nextMsn = 0;
  #discontinuities = 0;

  constructor(private readonly limits: SegmentListLimits) {}

  get open(): Segment | undefined {
    const last = this.segments.at(-1);
    return last && !last.complete ? last : undefined;
  }
  get lastPart(): PartEntry | undefined {
    return this.segments.at(-1)?.parts.at(-1);
  }
  /** Behind the newest part. */
  get endFrame(): number {
    return this.lastPart ? endFrame(this.lastPart) : 0;
  }
  /** Behind the newest part that is no longer in the playlist. */
  get retiredEndFrame(): number {
    const last = this.retired.at(-1)?.parts.at(-1);
    return last ? endFrame(last) : 0;
  }
  /** Newest complete segment's number, −1 when there is none. */
  get lastComplete(): number {
    return (this.open ? this.open.msn : this.#nextMsn) - 1;
  }
  get nextMsn(): number {
    return this.#nextMsn;
  }
  get discontinuities(): number {
    return this.#discontinuities;
  }

  begin(discontinuity: boolean, init: Segment['init']): Segment {
    this.close();
    if (discontinuity) this.#discontinuities++;
    const segment: Segment = { msn: this.#nextMsn++, parts: [], discontinuity, discontinuities: this.#discontinuities, init, complete: false, stored: true };
    this.segments.push(segment);
    return segment;
  }

  add(entry: PartEntry): void {
    const open = this.open;
    if (!open) throw new RangeError('no segment is open');
    open.parts.push(entry);
    this.revision++;
  }

  close(): void {
    const open = this.open;
    if (!open) return;
    open.complete = true;
    this.revision++;
  }

  /** Numbers go on from here when older segments could not be taken over. */
  continueFrom(msn: number, discontinuities: number): void {
    this.#nextMsn = Math.max(this.#nextMsn, msn);
    this.#discontinuities = Math.max(this.#discontinuities, discontinuities);
  }

  /** @param retired it had left the playlist */
  restore(segment: Segment, retired = false): void {
    (retired ? this.retired : this.segments).push(segment);
    this.continueFrom(segment.msn + 1, segment.discontinuities);
    this.revision++;
  }

  /** Empties the list; numbers go on. @returns what was in it */
  clear(): Segment[] {
    const all = [...this.retired.splice(0), ...this.segments.splice(0)];
    if (all.length > 0) this.revision++;
    return all;
  }

  find(msn: number): Segment | undefined {
    const first = this.segments[0];
    if (first && msn >= first.msn) return this.segments[msn - first.msn];
    return this.retired.find((s) => s.msn === msn);
  }

  /** Takes everything out of the playlist: another programme begins. Who plays the old one can still fetch its segments. */
  retireAll(): void {
    this.close();
    for (const segment of this.segments.splice(0)) {
      cool(segment);
      this.retired.push(segment);
    }
    this.revision++;
  }

  /** Drops bytes that are no longer hot, takes old segments out of the playlist. @returns segments nobody may ask for any more */
  trim(): Segment[] {
    const newest = this.endFrame;
    for (let i = this.segments.length - 1; i >= 0; i--) {
      const segment = this.segments[i] as Segment;
      if (newest - segmentEnd(segment, newest) <= this.limits.hotFrames) continue;
      if (segment.parts[0]?.media === undefined) break;
      cool(segment);
      if (isGap(segment)) this.revision++;
    }
    while (this.segments.length > 1) {
      const second = this.segments[1] as Segment;
      if (newest - (second.parts[0]?.frame ?? newest) < this.limits.windowFrames) break;
      this.retired.push(this.segments.shift() as Segment);
      this.revision++;
    }
    const gone: Segment[] = [];
    while (this.retired.length > 0) {
      const oldest = this.retired[0] as Segment;
      // its own length and the playlist's, from its leaving the playlist on (conformance.md, HLS 2)
      if (newest - segmentEnd(oldest, newest) <= 2 * this.limits.windowFrames + segmentFrames(oldest)) break;
      gone.push(this.retired.shift() as Segment);
    }
    return gone;
  }
}

/** Where a part begins in its segment's file. */
export function bytesBefore(segment: Segment, index: number, rendition: Rendition): number {
  return segment.parts.slice(0, index).reduce((sum, part) => sum + (part.bytes[rendition] ?? 0), 0);
}
