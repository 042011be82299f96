/**
 * How much later than the picture of the same moment a publisher's sound comes out of libwebrtc, and what is done about it.
 * Pure: whip-session.ts measures, room.ts applies.
 *
 * libwebrtc tells for each track which moment of the sender it plays just now (`estimatedPlayoutTimestamp`); the difference follows
 * the true offset of flash and beep within ±5 ms, also for the half minute after a stall in which NetEq holds the sound back by up to 300 ms
 * and libwebrtc's own synchronisation catches up by 20 ms a second. To it comes a constant: measured 29–35 ms, of a sender's 20 ms
 * Opus frames, the sink's 10 ms blocks, and their arrival being taken as the time of their beginning (audio-queue.ts).
 */
const CONSTANT_LAG_MS = 33;
/** The bus stamps its sound as if it were so late. Sound that is less late waits for the rest; where it is later, the pictures wait. */
export const SOUND_LAG_MS = 40;
export const SOUND_LAG_NS = SOUND_LAG_MS * 1_000_000;
/** So long a picture can wait in its ring (frame-ring.ts) at 30 a second; what is beyond it libwebrtc makes up by itself. */
const MOST_PICTURE_DELAY_MS = 100;
/** After a stall: libwebrtc holds pictures back for the sound, and goes on for a while when that is back in time. In good order it is 11 ms at most. */
const MOST_SOUND_DELAY_MS = 200;
/** Beyond it a measurement is nonsense: a sender whose clock jumped. */
const PLAUSIBLE_MS = 600;
/** Between two pictures the delay changes by no more. */
const PICTURE_STEP_MS = 6;

export class SyncCorrection {
  /** Sound after picture; undefined before the first two measurements. */
  lagMs: number | undefined;
  #last: number | undefined;
  #pictureDelayMs = 0;

  /** @param playedAheadMs moment of the picture shown minus moment of the sound played, both on the sender's clock */
  measured(playedAheadMs: number): void {
    if (!Number.isFinite(playedAheadMs) || Math.abs(playedAheadMs) > PLAUSIBLE_MS) return;
    const lagMs = playedAheadMs + CONSTANT_LAG_MS;
    const [low, high] = [Math.min(lagMs, this.#last ?? lagMs), Math.max(lagMs, this.#last ?? lagMs)];
    // a single measurement that is off changes nothing: it goes as far as both of the last two say
    if (this.#last !== undefined) this.lagMs = Math.max(low, Math.min(high, this.lagMs ?? lagMs));
    this.#last = lagMs;
  }

  /** For the sound on the bus. */
  get soundDelayMs(): number {
    return this.lagMs === undefined ? 0 : Math.min(MOST_SOUND_DELAY_MS, Math.max(0, SOUND_LAG_MS - this.lagMs));
  }

  /** For the stamp of the next picture: moves there in small steps, so that stamps never go back. */
  nextPictureDelayMs(): number {
    const wanted = this.lagMs === undefined ? 0 : Math.min(MOST_PICTURE_DELAY_MS, Math.max(0, this.lagMs - SOUND_LAG_MS));
    this.#pictureDelayMs += Math.max(-PICTURE_STEP_MS, Math.min(PICTURE_STEP_MS, wanted - this.#pictureDelayMs));
    return this.#pictureDelayMs;
  }
}
