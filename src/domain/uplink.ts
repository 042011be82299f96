/** What a publisher is asked to send: as large as it is shown, not larger (Socket.IO `uplink`). Pure rule. */
import type { SourceKind } from './room.ts';

export interface UplinkWish {
  source: SourceKind;
  /** Largest useful picture, pixels: one of a few sizes, so that small changes of the layout ask for nothing. */
  width: number;
  height: number;
  frameRate: number;
  maxBitrateBps: number;
  /** Not on the canvas now: a small, slow picture keeps the way on stage short. */
  shown: boolean;
}

interface Size {
  width: number;
  height: number;
}

export interface UplinkNeed {
  source: SourceKind;
  /** Where it is shown on the canvas, pixels; undefined: not shown. */
  box: Size | undefined;
  fit: 'cover' | 'contain';
  canvas: Size & { frameRate: number };
  /** Width ÷ height of the upright picture as it arrives; a phone held upright sends less than 1. Default 16/9. */
  aspect?: number;
  /** Of the degrade ladder: so many sizes smaller. */
  rungsDown?: number;
  /** The wish before: a box near the border of two sizes stays with the one it had. */
  previous?: UplinkWish;
}

/** 16:9, by height; bits per second for VP8 at 30 and at 15 pictures a second. */
const RUNGS = [
  { width: 160, height: 90, bps30: 140_000, bps15: 100_000 },
  { width: 320, height: 180, bps30: 250_000, bps15: 180_000 },
  { width: 426, height: 240, bps30: 380_000, bps15: 250_000 },
  { width: 640, height: 360, bps30: 600_000, bps15: 420_000 },
  { width: 854, height: 480, bps30: 1_000_000, bps15: 700_000 },
  { width: 1280, height: 720, bps30: 1_800_000, bps15: 1_250_000 },
  { width: 1920, height: 1080, bps30: 3_200_000, bps15: 2_200_000 },
] as const;
const LAST = RUNGS.length - 1;

/** Enlarging by 8 % is not seen. */
const ENOUGH = 0.92;
/** A size that was asked for before stays until it is so much too small … */
const STILL_ENOUGH = 0.88;
/** … or the next smaller one is enough without enlarging. */
const AMPLE = 1;

const SMALL_TILE_HEIGHT = 180;
const SMALL_TILE_RATE = 15;

const SCREEN_RATE = 15;
const SCREEN_BPS = 2_500_000;
const SCREEN_SMALL_BPS = 400_000;
/** Of the canvas's width or height: then a screen is there to be read. */
const SCREEN_LARGE = 0.5;
/** Text shrunk once from nearly twice its size stays sharp; 1080 lines are sent for a share that is large at 720 lines. */
const SCREEN_OVERSAMPLING = 1.8;
/** 640×360: below it nobody knows what is shared. */
const SCREEN_LEAST_RUNG = 3;

/** Not shown: 160×90, enough to start from; key pictures of that size are cheap. */
const UNSEEN = { width: 160, height: 90, frameRate: 8, maxBitrateBps: 60_000 };

/** The size, frame rate and bitrate to ask of a publisher. The same need gives the same wish. */
export function uplinkWish(need: UplinkNeed): UplinkWish {
  const { source, box, canvas } = need;
  const upright = (need.aspect ?? 16 / 9) < 1;
  if (!box) {
    const { width, height, ...rest } = UNSEEN;
    return { source, ...turned(width, height, upright), ...rest, frameRate: Math.min(rest.frameRate, canvas.frameRate), shown: false };
  }
  return source === 'screen' ? screenWish(need, box, upright) : cameraWish(need, box, upright);
}

function cameraWish(need: UplinkNeed, box: Size, upright: boolean): UplinkWish {
  const { canvas } = need;
  const required = requiredHeight(box, need.fit, upright);
  // larger than the canvas's longer side is never sent, also for what a tall canvas crops out of a wide picture
  const most = rungFor((Math.max(canvas.width, canvas.height) * 9) / 16);
  const rung = lowered(Math.min(most, steadyRung(required, need)), need.rungsDown, 0);
  const { width, height, bps30, bps15 } = RUNGS[rung] as (typeof RUNGS)[number];
  const frameRate = Math.min(canvas.frameRate, box.height <= SMALL_TILE_HEIGHT ? SMALL_TILE_RATE : 30);
  const maxBitrateBps = frameRate <= SMALL_TILE_RATE ? bps15 : bps30;
  return { source: 'camera', ...turned(width, height, upright), frameRate, maxBitrateBps, shown: true };
}

function screenWish(need: UplinkNeed, box: Size, upright: boolean): UplinkWish {
  const { canvas } = need;
  const large = box.width >= canvas.width * SCREEN_LARGE || box.height >= canvas.height * SCREEN_LARGE;
  const required = requiredHeight(box, 'contain', upright);
  const wanted = Math.max(SCREEN_LEAST_RUNG, large ? rungFor(required * SCREEN_OVERSAMPLING) : steadyRung(required, need));
  const rung = lowered(wanted, need.rungsDown, SCREEN_LEAST_RUNG);
  const { width, height } = RUNGS[rung] as (typeof RUNGS)[number];
  return {
    source: 'screen',
    ...turned(width, height, upright),
    frameRate: Math.min(canvas.frameRate, SCREEN_RATE),
    maxBitrateBps: large ? SCREEN_BPS : SCREEN_SMALL_BPS,
    shown: true,
  };
}

/** Height (the shorter side) of a 16:9 picture that shows every pixel of the box. */
function requiredHeight(box: Size, fit: UplinkNeed['fit'], upright: boolean): number {
  const byWidth = upright ? box.width : (box.width * 9) / 16;
  const byHeight = upright ? (box.height * 9) / 16 : box.height;
  return fit === 'cover' ? Math.max(byWidth, byHeight) : Math.min(byWidth, byHeight);
}

function rungFor(required: number): number {
  const found = RUNGS.findIndex((r) => r.height >= required * ENOUGH);
  return found === -1 ? LAST : found;
}

function steadyRung(required: number, { previous, rungsDown }: UplinkNeed): number {
  const rung = rungFor(required);
  // a wish that was lowered says nothing about the size of the box
  if (!previous?.shown || rungsDown) return rung;
  const before = RUNGS.findIndex((r) => r.height === Math.min(previous.width, previous.height));
  if (before === -1 || before === rung) return rung;
  const heightOf = (index: number): number => RUNGS[index]?.height ?? 0;
  if (rung === before + 1 && heightOf(before) >= required * STILL_ENOUGH) return before;
  if (rung === before - 1 && heightOf(rung) < required * AMPLE) return before;
  return rung;
}

function lowered(rung: number, rungsDown: number | undefined, least: number): number {
  return Math.max(Math.min(rung, least), rung - (rungsDown ?? 0));
}

function turned(width: number, height: number, upright: boolean): Size {
  return upright ? { width: height, height: width } : { width, height };
}

/** What a publisher was told, and since when less would do. */
export interface UplinkSettling {
  told: UplinkWish;
  lessSinceMs?: number;
}

/** Somebody who leaves the stage often comes back: less is asked for only after so long. */
export const LESS_AFTER_MS = 2000;

/**
 * More is told at once, less after {@link LESS_AFTER_MS} of less (call again then): a layout that changes back and forth
 * makes no encoder restart.
 * @param state undefined: nothing was told yet
 */
export function settleUplink(state: UplinkSettling | undefined, wish: UplinkWish, nowMs: number): UplinkSettling {
  if (!state || costs(wish) > costs(state.told) || (wish.shown && !state.told.shown)) return { told: wish };
  if (sameWish(wish, state.told)) return { told: state.told };
  const lessSinceMs = state.lessSinceMs ?? nowMs;
  return nowMs - lessSinceMs >= LESS_AFTER_MS ? { told: wish } : { told: state.told, lessSinceMs };
}

/** Nothing new to tell. */
export function sameWish(a: UplinkWish, b: UplinkWish): boolean {
  return (
    a.source === b.source &&
    a.width === b.width &&
    a.height === b.height &&
    a.frameRate === b.frameRate &&
    a.maxBitrateBps === b.maxBitrateBps &&
    a.shown === b.shown
  );
}

function costs(wish: UplinkWish): number {
  return wish.width * wish.height * wish.frameRate;
}
