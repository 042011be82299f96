/**
 * Small pictures of the DVR window for a player's scrubber, made when they are asked for: the keyframes that stored segments of the smallest
 * rendition begin with, 25 on a JPEG, by one short FFmpeg run a sheet. Sheets are kept, some of them; one run at a time.
 */
import { VIDEO_RENDITIONS } from '../domain/rendition.ts';
import { readFragments } from '../media/fmp4-read.ts';
import { nalUnits, parameterSets } from '../media/rtp-h264.ts';
import type { OriginRoom } from './origin-room.ts';
import { pictureByFfmpeg } from './picture-by-ffmpeg.ts';
import type { Segment } from './segment-list.ts';
import { SHEET_COLUMNS, sheetSegments, storyboardText, TILE_HEIGHT, TILE_WIDTH, tileStep } from './storyboard-plan.ts';

/** All of a full window: five, and those that grew meanwhile. */
const KEPT_SHEETS = 12;
/** Asked for at once by nobody but who makes up names. */
const MAX_WAITING = 32;
const FILTER = `scale=${TILE_WIDTH}:${TILE_HEIGHT}:force_original_aspect_ratio=decrease,pad=${TILE_WIDTH}:${TILE_HEIGHT}:(ow-iw)/2:(oh-ih)/2,tile=${SHEET_COLUMNS}x${SHEET_COLUMNS}`;
const START_CODE = Buffer.from([0, 0, 0, 1]);

export class Storyboard {
  readonly #step: number;
  readonly #sheets = new Map<string, Promise<Buffer | undefined>>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(
    private readonly room: OriginRoom,
    dvrSeconds: number,
  ) {
    this.#step = tileStep(dvrSeconds, room.frameRate);
  }

  /** WebVTT; its time zero is the beginning of the playlists' first segment. */
  text(): string {
    const { segments, endFrame: end } = this.room.segments;
    const first = segments[0]?.parts[0]?.frame ?? 0;
    const seconds = (frame: number): number => (frame - first) / this.room.frameRate;
    const tiles = segments.filter((s) => s.complete && s.parts.length > 0 && s.msn % this.#step === 0).map((s) => ({ msn: s.msn, startSeconds: seconds(s.parts[0]?.frame ?? first) }));
    return storyboardText(tiles, seconds(end), this.#step);
  }

  /** @returns undefined when there is no such sheet, or none of its pictures is there any more */
  sheet(number: number, lastMsn: number): Promise<Buffer | undefined> {
    const name = `${number}-${lastMsn}`;
    const kept = this.#sheets.get(name);
    if (kept) return kept;
    const msns = sheetSegments(number, lastMsn, this.#step);
    if (!msns || !this.room.segments.find(lastMsn)?.complete || this.#waiting >= MAX_WAITING) return Promise.resolve(undefined);
    this.#waiting++;
    const made = this.#last.then(() => this.#make(msns)).finally(() => this.#waiting--);
    this.#last = made.catch(() => undefined);
    this.#sheets.set(name, made);
    for (const old of this.#sheets.keys()) if (this.#sheets.size > KEPT_SHEETS) this.#sheets.delete(old);
    const forget = (jpeg?: Buffer): void => {
      if (!jpeg && this.#sheets.get(name) === made) this.#sheets.delete(name);
    };
    made.then(forget, () => forget());
    return made;
  }

  async #make(msns: readonly number[]): Promise<Buffer | undefined> {
    const pictures: (Buffer | undefined)[] = [];
    for (const msn of msns) pictures.push(await this.#picture(this.room.segments.find(msn)));
    const some = pictures.find((p) => p !== undefined);
    if (!some) return undefined;
    // Each picture has its place: where one is missing its neighbour stands in.
    let before = some;
    const bytes = Buffer.concat(pictures.map((picture) => (before = picture ?? before)));
    return pictureByFfmpeg({ format: 'h264', bytes }, FILTER, 5);
  }

  /** A segment's first keyframe with its parameter sets, as a byte stream (ITU-T H.264 annex B). */
  async #picture(segment: Segment | undefined): Promise<Buffer | undefined> {
    const rendition = VIDEO_RENDITIONS.findLast((r) => segment?.init[r] !== undefined);
    if (!segment || !rendition) return undefined;
    const config = this.room.videoConfig(rendition, segment.init[rendition]);
    const data = (await this.room.segmentMedia(segment, rendition))?.[0];
    const sample = data && readFragments(data)[0]?.tracks[0]?.samples[0];
    if (!config || !data || !sample?.key) return undefined;
    const units = [...parameterSets(config.avcC), ...nalUnits(data.subarray(sample.at, sample.at + sample.size))];
    return Buffer.concat(units.flatMap((unit) => [START_CODE, unit]));
  }
}
