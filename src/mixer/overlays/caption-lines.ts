/** Which captions are to be seen: the newest two, each for its time. Pure but for what it keeps. */
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
  }

  /** Lets go of those whose time is over. After a step of the clock backwards the time counts anew. */
  expire(nowMs: number): void {
    const before = this.#shown.length;
    for (const shown of this.#shown) shown.sinceMs = Math.min(shown.sinceMs, nowMs);
    this.#shown = this.#shown.filter(({ line, sinceMs }) => nowMs - sinceMs < Math.min(LONGEST_MS, Math.max(0, line.durationMs)));
    if (this.#shown.length !== before) this.version++;
  }

  clear(): void {
    if (this.#shown.length > 0) this.version++;
    this.#shown = [];
  }

  get lines(): readonly CaptionLine[] {
    return this.#shown.map((s) => s.line);
  }
}
