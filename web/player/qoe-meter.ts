/** What a player tells the service about itself; times in ms of one monotonic clock. */
import type { ViewingMode } from '../../src/domain/viewing.ts';

export interface QoeReport {
  mode: ViewingMode;
  rendition?: 'high' | 'mid' | 'low' | 'audio';
  startupMs?: number;
  latencyMs?: number;
  watchedMs: number;
  stalls: number;
  stalledMs: number;
  leaving: boolean;
}

/** `stalled`: it wants to play and cannot. */
export type PlayingState = 'idle' | 'playing' | 'stalled';

/** No report speaks of more than this (the service takes no more): a machine that slept was not watching. */
const LONGEST_MS = 60_000;

export class QoeMeter {
  #openedAtMs: number;
  #startupMs: number | undefined;
  #told = false;
  #state: PlayingState = 'idle';
  #sinceMs: number;
  #watchedMs = 0;
  #stalledMs = 0;
  #stalls = 0;

  constructor(nowMs: number) {
    this.#openedAtMs = nowMs;
    this.#sinceMs = nowMs;
  }

  get startupMs(): number | undefined {
    return this.#startupMs;
  }

  /** Called at each change. The first time it plays is the start-up. */
  became(state: PlayingState, nowMs: number): void {
    if (state === 'playing') this.#startupMs ??= nowMs - this.#openedAtMs;
    if (state === this.#state) return;
    this.#count(nowMs);
    if (state === 'stalled') this.#stalls++;
    this.#state = state;
  }

  /** There is no broadcast yet: the start-up counts from when there is. */
  notYet(nowMs: number): void {
    if (this.#startupMs === undefined) this.#openedAtMs = nowMs;
  }

  /** Stops too short to have been seen as a state. */
  stopped(times: number): void {
    this.#stalls += times;
  }

  /** What was since the report before. */
  report(nowMs: number, shown: Pick<QoeReport, 'mode' | 'rendition' | 'latencyMs' | 'leaving'>): QoeReport {
    this.#count(nowMs);
    const { mode, rendition, latencyMs, leaving } = shown;
    const report: QoeReport = {
      mode,
      ...(rendition === undefined ? {} : { rendition }),
      ...(this.#startupMs === undefined || this.#told ? {} : { startupMs: Math.round(this.#startupMs) }),
      ...(latencyMs === undefined || latencyMs < 0 ? {} : { latencyMs: Math.round(latencyMs) }),
      watchedMs: Math.round(Math.min(LONGEST_MS, this.#watchedMs)),
      stalls: Math.min(1000, this.#stalls),
      stalledMs: Math.round(Math.min(LONGEST_MS, this.#stalledMs)),
      leaving,
    };
    this.#told = this.#startupMs !== undefined;
    this.#watchedMs = this.#stalledMs = this.#stalls = 0;
    return report;
  }

  #count(nowMs: number): void {
    const ms = Math.max(0, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    if (this.#state === 'playing') this.#watchedMs += ms;
    else if (this.#state === 'stalled') this.#stalledMs += ms;
  }
}
