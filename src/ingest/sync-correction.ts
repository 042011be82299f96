/**
 * How much later than the picture of the same moment a publisher's sound comes out of libwebrtc, and what is done about it.
 * Pure: whip-session.ts measures, room.ts applies.
 *
 * libwebrtc tells for each track which moment of the sender it plays just now (`estimatedPlayoutTimestamp`); the difference follows
 * the true offset of flash and beep within ±5 ms, also for the half minute after a stall in which NetEq holds the sound back by up to 300 ms
 * and libwebrtc's own synchronisation catches up by 20 ms a second. To it comes a constant: measured 29–35 ms, of a sender's 20 ms
 * Opus frames, the sink's 10 ms blocks, and their arrival being taken as the time of their beginning (audio-queue.ts).
 * Until libwebrtc knows that (some seconds), the time that sound and pictures spend in their jitter buffers says it roughly: enough for a machine so busy that sound is
 * 300 ms late, too little for a few ms (who joined and left in turns was up to 90 ms off when each guess counted).
 */
const CONSTANT_LAG_MS = 33;
/** The bus stamps its sound as if it were so late. Sound that is less late waits for the rest; where it is later, the pictures wait. */
export const SOUND_LAG_MS = 40;
export const SOUND_LAG_NS = SOUND_LAG_MS * 1_000_000;
/** After a stall: libwebrtc holds pictures back for the sound, and goes on for a while when that is back in time. In good order it is 11 ms at most. */
const MOST_SOUND_DELAY_MS = 200;
/** Beyond it a measurement is nonsense: a sender whose clock jumped. */
const PLAUSIBLE_MS = 600;
/** Between two pictures the delay changes by no more: 300 ms are made up for within a second. */
const PICTURE_STEP_MS = 12;
/** From a jitter buffer's first second nothing follows: it has not settled. */
const FIRST_GUESSES = 5;
/** Guesses that are nearer to good order tell nothing. */
const TELLING_GUESS_MS = 60;
/** Measurements that are so far away are no noise: of a line with 50 ms of jitter they differ by 15 ms from one to the next. */
const MOVED_MS = 20;
/** So many without a move, and one a second will do. */
const CALM_MEASUREMENTS = 40;
/** So many that hardly differ from what is corrected and from each other, and pictures in a row, and seldomer ones still will do. */
const STILL_MEASUREMENTS = 10;
/** Their noise is ±5 ms on a good line. A lossy one with jitter is never still. */
const STILL_MS = 8;
/** Without a picture: sound and picture part in the seconds that follow. */
const STALL_NS = 150_000_000n;
const EVERY_MS = { moving: 250, calm: 1000, still: 4000 } as const;

export class SyncCorrection {
  /** Sound after picture; undefined before the first two measurements. */
  lagMs: number | undefined;
  /** Of the last measurement, and how far it was from the one before. */
  #last: number | undefined;
  #lastStepMs = 0;
  #pictureDelayMs = 0;
  #pictureStampNs = 0n;
  #arrivedNs = 0n;
  #calm = 0;
  #still = 0;
  #guesses = 0;
  #guessed = false;

  /**
   * @param playedAheadMs moment of the picture shown minus moment of the sound played, both on the sender's clock. A single
   * one that is off changes nothing: it goes as far as both of the last two say, and to the newest when both went the same way.
   */
  measured(playedAheadMs: number): void {
    if (!Number.isFinite(playedAheadMs) || Math.abs(playedAheadMs) > PLAUSIBLE_MS) return;
    const lagMs = playedAheadMs + CONSTANT_LAG_MS;
    const offMs = Math.abs(lagMs - (this.lagMs ?? Infinity));
    this.#calm = offMs > MOVED_MS ? 0 : this.#calm + 1;
    const stepMs = Math.abs(lagMs - (this.#last ?? Infinity));
    this.#still = Math.max(offMs, stepMs) > STILL_MS ? 0 : this.#still + 1;
    if (this.#last !== undefined) {
      const stepMs = lagMs - this.#last;
      this.lagMs = Math.abs(this.#lastStepMs) > MOVED_MS && this.#lastStepMs * stepMs > 0 ? this.#underWay(stepMs) : between(this.#last, lagMs, this.lagMs ?? lagMs);
      this.#lastStepMs = stepMs;
    }
    this.#last = lagMs;
  }

  /**
   * Before {@link measured} has anything. @param playedAheadMs mean time of the sound in its jitter buffer minus that of the pictures
   */
  guessed(playedAheadMs: number): void {
    if (!Number.isFinite(playedAheadMs) || ++this.#guesses <= FIRST_GUESSES) return;
    this.#guessed ||= Math.abs(playedAheadMs + CONSTANT_LAG_MS - SOUND_LAG_MS) > TELLING_GUESS_MS;
    if (this.#guessed) this.measured(playedAheadMs);
  }

  /** Twice the same way, the first time clearly: the newest counts, as far as the step before makes it likely. */
  #underWay(stepMs: number): number {
    return (this.#last ?? 0) + Math.sign(stepMs) * Math.min(Math.abs(stepMs), Math.abs(this.#lastStepMs));
  }

  /** Often while it changes or is hardly known yet. */
  get measureEveryMs(): number {
    if (this.#calm < CALM_MEASUREMENTS) return EVERY_MS.moving;
    return this.#still < STILL_MEASUREMENTS ? EVERY_MS.calm : EVERY_MS.still;
  }

  /** For the sound on the bus. */
  get soundDelayMs(): number {
    return this.lagMs === undefined ? 0 : Math.min(MOST_SOUND_DELAY_MS, Math.max(0, SOUND_LAG_MS - this.lagMs));
  }

  /**
   * When the picture that has come is to be shown. The delay changes in small steps.
   * @param mostDelayMs so long a picture can wait in its ring; what is beyond it libwebrtc makes up by itself
   * @returns host monotonic, later than that of the picture before also when two come at once
   */
  pictureStampNs(arrivalNs: bigint, mostDelayMs: number): bigint {
    if (arrivalNs - this.#arrivedNs > STALL_NS) this.#still = 0;
    this.#arrivedNs = arrivalNs;
    const wanted = this.lagMs === undefined ? 0 : Math.min(mostDelayMs, Math.max(0, this.lagMs - SOUND_LAG_MS));
    this.#pictureDelayMs += Math.max(-PICTURE_STEP_MS, Math.min(PICTURE_STEP_MS, wanted - this.#pictureDelayMs));
    const stampNs = arrivalNs + BigInt(Math.round(this.#pictureDelayMs * 1e6));
    this.#pictureStampNs = stampNs > this.#pictureStampNs ? stampNs : this.#pictureStampNs + 1n;
    return this.#pictureStampNs;
  }
}

/** @returns what is nearest to `value` within two bounds in any order */
function between(a: number, b: number, value: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), value));
}
