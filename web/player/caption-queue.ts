/** Captions that are shown when the picture they belong to is: they come by Socket.IO at once, the picture later. */

export interface CaptionText {
  text: string;
  speaker?: string;
}

interface Waiting extends CaptionText {
  fromMs: number;
  untilMs: number;
}

/** As many lines as fit below a picture. */
const LINES = 2;
const MOST_WAITING = 200;

export class CaptionQueue {
  #lines: Waiting[] = [];

  /** @param delayMs how far the picture on the screen is behind */
  add(line: CaptionText & { durationMs: number }, nowMs: number, delayMs: number): void {
    const fromMs = nowMs + Math.max(0, delayMs);
    this.#lines.push({ text: line.text, ...(line.speaker === undefined ? {} : { speaker: line.speaker }), fromMs, untilMs: fromMs + line.durationMs });
    if (this.#lines.length > MOST_WAITING) this.#lines.shift();
  }

  /** Oldest first. */
  shown(nowMs: number): readonly CaptionText[] {
    this.#lines = this.#lines.filter((line) => line.untilMs > nowMs);
    return this.#lines.filter((line) => line.fromMs <= nowMs).slice(-LINES);
  }
}
