/**
 * Where the small pictures of a DVR window stand: each some segments one, 25 on a sheet. Which picture is on which sheet follows from the segment's
 * number alone, so a sheet's name with its last picture never means anything else. Pure.
 */
import { KEYFRAME_GRID_FRAMES } from '../domain/programme-time.ts';

export const TILE_WIDTH = 160;
export const TILE_HEIGHT = 90;
export const SHEET_COLUMNS = 5;
export const SHEET_TILES = SHEET_COLUMNS * SHEET_COLUMNS;
/** In a full window. */
const PICTURES = 120;
/** About 8 s. */
const LEAST_SEGMENTS = 4;

/** Segments from one picture to the next. */
export function tileStep(dvrSeconds: number, frameRate: number): number {
  return Math.max(LEAST_SEGMENTS, Math.ceil((dvrSeconds * frameRate) / KEYFRAME_GRID_FRAMES / PICTURES));
}

export interface PlannedTile {
  msn: number;
  /** From the window's beginning. */
  startSeconds: number;
}

/** WebVTT of sheets, as players read it: `storyboard/<sheet>-<last segment>.jpg#xywh=x,y,w,h`. @param tiles oldest first @param endSeconds of the window */
export function storyboardText(tiles: readonly PlannedTile[], endSeconds: number, step: number): string {
  const last = new Map<number, number>();
  for (const { msn } of tiles) last.set(sheetOf(msn, step), msn);
  const cues = tiles.map(({ msn, startSeconds }, i) => {
    const sheet = sheetOf(msn, step);
    const at = (msn / step) % SHEET_TILES;
    const x = (at % SHEET_COLUMNS) * TILE_WIDTH;
    const y = Math.floor(at / SHEET_COLUMNS) * TILE_HEIGHT;
    // The first picture stands for what is before it too.
    const from = i === 0 ? 0 : startSeconds;
    const to = tiles[i + 1]?.startSeconds ?? endSeconds;
    return `${clock(from)} --> ${clock(Math.max(from + 0.001, to))}\nstoryboard/${sheet}-${last.get(sheet)}.jpg#xywh=${x},${y},${TILE_WIDTH},${TILE_HEIGHT}\n`;
  });
  return ['WEBVTT\n', ...cues].join('\n');
}

export function sheetOf(msn: number, step: number): number {
  return Math.floor(msn / step / SHEET_TILES);
}

/** Segments whose pictures are on a sheet, up to the one its name tells. @returns undefined when there is no such sheet */
export function sheetSegments(sheet: number, lastMsn: number, step: number): number[] | undefined {
  if (lastMsn % step !== 0 || sheetOf(lastMsn, step) !== sheet) return undefined;
  const first = sheet * SHEET_TILES * step;
  return Array.from({ length: (lastMsn - first) / step + 1 }, (_, i) => first + i * step);
}

function clock(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(ms / 3_600_000))}:${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1000) % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}
