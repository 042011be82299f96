/**
 * Which captions are to be seen: the newest two, each for its time, and no shorter than the older one above it. Text only goes upwards:
 * a line that ended below another would make that one move down again, as if it had been said just now. Pure but for what it keeps.
 */
import type { CaptionLine } from '../../domain/room.ts';

const LINES = 2;
const LONGEST_MS = 60_000;

interface Shown {
  line: CaptionLine;
  sinceMs: number;
}

export class CaptionLines {
  #shown: Shown[] = [];
  /** Grows with each change. */
  version = 0;

  push(line: CaptionLine, nowMs: number): void {
    this.#shown = [...this.#shown, { line, sinceMs: nowMs }].slice(-LINES);
    this.version++;
    this.expire(nowMs); // one that stayed only for the line above it goes with that
  }

  /** Lets go of those whose time is over. After a step of the clock backwards the time counts anew. */
  expire(nowMs: number): void {
    for (const shown of this.#shown) shown.sinceMs = Math.min(shown.sinceMs, nowMs);
    const oldest = this.#shown.findIndex(({ line, sinceMs }) => nowMs - sinceMs < Math.min(LONGEST_MS, Math.max(0, line.durationMs)));
    if (oldest === 0 || this.#shown.length === 0) return;
    this.#shown = oldest < 0 ? [] : this.#shown.slice(oldest);
    this.version++;
  }

  clear(): void {
    if (this.#shown.length > 0) this.version++;
    this.#shown = [];
  }

  get lines(): readonly CaptionLine[] {
    return this.#shown.map((s) => s.line);
  }
}
