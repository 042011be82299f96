/** Captions that are shown when the picture they belong to is: they come by Socket.IO at once, the picture later. */

export interface CaptionText {
  text: string;
  speaker?: string;
}

interface Kept extends CaptionText {
  fromMs: number;
  untilMs: number;
}

/** As many lines as fit below a picture. */
const LINES = 2;
/** Of those who go back in time too. */
const MOST_KEPT = 200;

export class CaptionQueue {
  readonly #lines: Kept[] = [];

  add(line: CaptionText & { durationMs: number }, nowMs: number): void {
    this.#lines.push({ text: line.text, ...(line.speaker === undefined ? {} : { speaker: line.speaker }), fromMs: nowMs, untilMs: nowMs + line.durationMs });
    if (this.#lines.length > MOST_KEPT) this.#lines.shift();
  }

  /** Oldest first. @param behindMs how far the picture on the screen is behind now */
  shown(nowMs: number, behindMs: number): readonly CaptionText[] {
    const thenMs = nowMs - Math.max(0, behindMs);
    return this.#lines.filter((line) => line.fromMs <= thenMs && line.untilMs > thenMs).slice(-LINES);
  }
}
