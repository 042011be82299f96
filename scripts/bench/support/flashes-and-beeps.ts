/**
 * Flashes and beeps of several participants in one programme, each flashing in its own tile and beeping at its own time within
 * 2 s (synthetic/replay): told pictures and sound with their times, it says how far each flash and its beep are apart. Bounded.
 */
export interface WatchedTile {
  name: string;
  /** When in the 2 s it flashes. */
  offsetMs: number;
  /** Centre, fractions of the canvas. */
  x: number;
  y: number;
}

export interface Flash<Note> {
  tile: WatchedTile;
  atMs: number;
  /** What came with its picture. */
  note: Note;
}

const BRIGHT = 126;
/** A flash is 100 ms long. What is shorter is the rest of one, seen when a camera has just come. */
const LEAST_FLASH_MS = 60;
/** What is longer is something white, such as the initials of an avatar. */
const LONGEST_FLASH_MS = 400;
/** Beeps of others are 200 ms away. */
const NEAR_MS = 95;
/** Sound may be behind the pictures by so much before flashes are judged. */
const JUDGE_AFTER_MS = 1500;
const KEEP_MS = 5000;
const QUIET_MS = 30;

export class FlashesAndBeeps<Note> {
  readonly #bright = new Map<string, Flash<Note> | false>();
  #flashes: Flash<Note>[] = [];
  #beeps: number[] = [];
  #loudest = 0;
  #loud = false;
  #quietMs = 0;

  /** @param onSeen `beepAfterMs`: beep − flash; undefined when no beep was near */
  constructor(
    private readonly tiles: readonly WatchedTile[],
    private readonly onSeen: (flash: Flash<Note>, beepAfterMs: number | undefined) => void,
  ) {}

  /** @param luma 0…255 at the centre of a tile */
  picture(atMs: number, luma: (tile: WatchedTile, index: number) => number, note: Note): void {
    this.tiles.forEach((tile, index) => {
      const before = this.#bright.get(tile.name);
      if (luma(tile, index) > BRIGHT) {
        if (before === false) this.#bright.set(tile.name, { tile, atMs, note });
        return;
      }
      if (before && atMs - before.atMs >= LEAST_FLASH_MS && atMs - before.atMs <= LONGEST_FLASH_MS) this.#flashes.push(before);
      this.#bright.set(tile.name, false);
    });
    this.#judge(atMs);
  }

  /** One ms of sound. Onsets: over half of the loudest of the last seconds, after 30 ms below a quarter. @param peak 0…32767 */
  sound(atMs: number, peak: number): void {
    this.#loudest = Math.max(peak, this.#loudest * 0.9997, 200);
    if (peak < this.#loudest / 4) this.#quietMs++;
    else if (peak > this.#loudest / 2) {
      if (!this.#loud && this.#quietMs >= QUIET_MS) this.#beeps.push(atMs);
      this.#quietMs = 0;
    }
    this.#loud = this.#quietMs === 0;
  }

  #judge(nowMs: number): void {
    while (this.#flashes[0] && this.#flashes[0].atMs < nowMs - JUDGE_AFTER_MS) {
      const flash = this.#flashes.shift() as Flash<Note>;
      const nearest = this.#beeps.reduce((best, beep) => (Math.abs(beep - flash.atMs) < Math.abs(best - flash.atMs) ? beep : best), Infinity);
      this.onSeen(flash, Math.abs(nearest - flash.atMs) <= NEAR_MS ? nearest - flash.atMs : undefined);
    }
    this.#beeps = this.#beeps.filter((at) => at > nowMs - KEEP_MS);
  }
}
