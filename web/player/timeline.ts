/** The scrubber's arithmetic. Seconds are the media element's own. */

export interface TimeWindow {
  /** The oldest picture that can be seen. */
  startS: number;
  /** Where a live broadcast is played from, or its end when it is over. */
  endS: number;
  positionS: number;
  /** The broadcast is over: nothing is added any more. */
  over: boolean;
  /** PROGRAM-DATE-TIME of `startS`, Unix ms. */
  startUnixMs?: number;
}

/** Behind the live position by more than this, the viewer has gone back in time. */
export const EDGE_TOLERANCE_S = 3;
/** A window shorter than this needs no scrubber: it would jump about. */
const SHORTEST_WINDOW_S = 12;
/** A window of two hours in so many steps of the Page keys. */
const PAGE_SHARE = 0.1;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), Math.max(low, high));

/** 0…1; 1 where the window has no length. */
export function fractionOf({ startS, endS }: TimeWindow, atS: number): number {
  return endS <= startS ? 1 : clamp((atS - startS) / (endS - startS), 0, 1);
}

export function timeAt({ startS, endS }: TimeWindow, fraction: number): number {
  return startS + clamp(fraction, 0, 1) * Math.max(0, endS - startS);
}

export function canScrub(window: TimeWindow | undefined): window is TimeWindow {
  return window !== undefined && window.endS - window.startS >= (window.over ? 1 : SHORTEST_WINDOW_S);
}

export function isAtEdge({ endS, positionS, over }: TimeWindow): boolean {
  return !over && positionS > endS - EDGE_TOLERANCE_S;
}

/** `bySeconds` on from where one is, within the window. Undefined when that is where the broadcast is live. */
export function skip(window: TimeWindow, bySeconds: number): number | 'live' {
  const toS = clamp(window.positionS + bySeconds, window.startS, window.endS);
  return !window.over && bySeconds > 0 && toS > window.endS - 1 ? 'live' : toS;
}

/** Where a key moves a slider over the window (ARIA slider pattern); undefined for any other key. */
export function sliderKey(key: string, window: TimeWindow): number | 'live' | undefined {
  const pageS = Math.max(10, (window.endS - window.startS) * PAGE_SHARE);
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return skip(window, -5);
    case 'ArrowRight':
    case 'ArrowUp':
      return skip(window, 5);
    case 'PageDown':
      return skip(window, -pageS);
    case 'PageUp':
      return skip(window, pageS);
    case 'Home':
      return window.startS;
    case 'End':
      return window.over ? window.endS : 'live';
    default:
      return undefined;
  }
}

/** `1:02:03` or `4:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Beside the scrubber: where `atS` is, for the eye. */
export function timeLabel(window: TimeWindow, atS: number = window.positionS): string {
  if (window.over) return clock(atS - window.startS);
  const behindS = window.endS - atS;
  return behindS < EDGE_TOLERANCE_S ? 'Live' : `−${clock(behindS)}`;
}

/** The same for a screen reader. */
export function timeWords(window: TimeWindow): string {
  if (window.over) return `${clock(window.positionS - window.startS)} of ${clock(window.endS - window.startS)}`;
  return isAtEdge(window) ? 'Live' : `${clock(window.endS - window.positionS)} behind live`;
}
