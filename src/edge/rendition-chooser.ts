/**
 * Which video rendition an `auto` viewer gets. Pure: fed with what the viewer reports, asked for the choice.
 *
 * REMB is capped near 1.5 × what is received (field notes), so it tells when to go down, never when to go up: going up is an
 * attempt after a quiet time, and the quiet time doubles with each attempt that failed soon.
 */
import type { VideoRendition } from '../domain/rendition.ts';

const LOSSY = 0.08;
const CLEAN = 0.02;
/** The receiver's estimate lags behind a change of bitrate. */
const SETTLED_MS = 3000;
/** Below this an estimate says nothing: Chromium's stood at 14 kbit/s for a still picture on loopback. */
const TELLING_BPS = 150_000;
const STARVED_SHARE = 0.9;
const HIGH_ROUND_TRIP_MS = 600;
const DOWN_AFTER_MS = 2000;
const FIRST_QUIET_MS = 5000;
const LONGEST_QUIET_MS = 80_000;
/** An attempt that held this long has succeeded. */
const HELD_MS = 20_000;

export interface ViewerReport {
  nowMs: number;
  /** 0…1 */
  fractionLost?: number;
  roundTripMs?: number;
  rembBps?: number;
  /** What was really sent of the picture lately (REMB does not count the sound): a still picture takes far less than its rendition may. */
  sentBps?: number;
}

export class RenditionChooser {
  #current: VideoRendition = 'mid';
  #quietMs = FIRST_QUIET_MS;
  #badSinceMs: number | undefined;
  #goodSinceMs: number | undefined;
  #changedAtMs: number;

  constructor(nowMs: number) {
    this.#changedAtMs = nowMs;
  }

  get current(): VideoRendition {
    return this.#current;
  }

  /** @returns the choice after this report */
  report({ nowMs, fractionLost, roundTripMs, rembBps, sentBps = 0 }: ViewerReport): VideoRendition {
    const starved = rembBps !== undefined && sentBps > TELLING_BPS && rembBps < STARVED_SHARE * sentBps && nowMs - this.#changedAtMs > SETTLED_MS;
    const bad = (fractionLost ?? 0) > LOSSY || (roundTripMs ?? 0) > HIGH_ROUND_TRIP_MS || starved;
    const good = !bad && fractionLost !== undefined && fractionLost <= CLEAN;
    if (bad) {
      this.#badSinceMs ??= nowMs;
      this.#goodSinceMs = undefined;
    } else if (good) {
      this.#badSinceMs = undefined;
      this.#goodSinceMs ??= nowMs;
    }
    if (this.#current === 'high') {
      if (this.#badSinceMs !== undefined && nowMs - this.#badSinceMs >= DOWN_AFTER_MS) {
        this.#quietMs = nowMs - this.#changedAtMs < HELD_MS ? Math.min(2 * this.#quietMs, LONGEST_QUIET_MS) : FIRST_QUIET_MS;
        this.#change('mid', nowMs);
      }
    } else if (this.#goodSinceMs !== undefined && nowMs - Math.max(this.#goodSinceMs, this.#changedAtMs) >= this.#quietMs) this.#change('high', nowMs);
    return this.#current;
  }

  #change(to: VideoRendition, nowMs: number): void {
    this.#current = to;
    this.#changedAtMs = nowMs;
    this.#badSinceMs = undefined;
    this.#goodSinceMs = undefined;
  }
}
