/**
 * Brings one source to the programme's loudness, slowly: its gain follows the loudness of what was *said* in the last seconds.
 * Pauses, noise and steady tones say nothing, so they leave the gain where it is. No clock in here: one step is a block of 10 ms.
 *
 * Speech is told from other sound by its modulation: syllables stand at least 6 dB above the quietest 40 ms of the last 1.2 s,
 * and last 80 ms or more (the click of a key does not). What then stays for 1.2 s without a dip was no speech and is forgotten.
 */
import { gatedMean, lufs, powerOf } from './loudness.ts';

export const PROGRAMME_LUFS = -16;

export interface SteeringRule {
  /** Only speech decides; otherwise all that is louder than −55 LUFS. */
  speechOnly: boolean;
  /** Loudness between the two is left alone; below and above it is brought to the nearer one. */
  lowLufs: number;
  highLufs: number;
  /** Bounds of the gain. */
  leastDb: number;
  mostDb: number;
  /** So much of what was said decides, in steps of 100 ms. */
  windowSteps: number;
  /** What lies 10 LU below it does not count, until nothing else came for so many steps. */
  quieterSteps: number;
  /** Fastest changes; the first few seconds of a source may go faster. */
  riseDbPerS: number;
  fallDbPerS: number;
  firstDbPerS: number;
}

/** A microphone: right at the programme's loudness. */
export const VOICE: SteeringRule = { speechOnly: true, lowLufs: PROGRAMME_LUFS, highLufs: PROGRAMME_LUFS, leastDb: -24, mostDb: 24, windowSteps: 100, quieterSteps: 40, riseDbPerS: 4, fallDbPerS: 12, firstDbPerS: 20 };
/** The sound of a shared screen keeps its dynamics: half a minute decides, small differences are left, changes are slow. */
export const MEDIA: SteeringRule = { speechOnly: false, lowLufs: PROGRAMME_LUFS - 1.5, highLufs: PROGRAMME_LUFS + 1.5, leastDb: -12, mostDb: 12, windowSteps: 300, quieterSteps: 300, riseDbPerS: 1, fallDbPerS: 2, firstDbPerS: 6 };

const STEP_BLOCKS = 10;
/** A momentary loudness: 400 ms. */
const MOMENT_BLOCKS = 40;
const SMOOTH_BLOCKS = 4;
/** The quietest 40 ms of 1.2 s. */
const FLOOR_STEPS = 12;
const MODULATION = 4;
const SYLLABLE_BLOCKS = 8;
/** A moment counts when a quarter of it is speech. */
const SPOKEN_BLOCKS = 10;
const GATE = powerOf(-55);
/** 1.5 s of speech make a first estimate; up to 4 s it is followed faster. */
const FIRST_STEPS = 15;
const SETTLED_STEPS = 40;
/** Somebody else in the background, breath: 10 LU below what was said before. */
const QUIETER = 0.1;
/** Sound that is no speech is not raised, and lowered only down to here. */
const STEADY_LUFS = -10;
/** Its loudness is judged after a second. */
const STEADY_STEPS = 10;
const STEADY_SHARE = 1 / 20;

export class LoudnessSteering {
  gainDb = 0;
  /** Linear; changes once per block. */
  gain = 1;
  /** Powers of the moments that count, oldest first. */
  readonly #said: number[] = [];
  #estimate = 0;
  /** What they ask for. */
  #saidDb = 0;
  #quieter = 0;
  readonly #powers = new Float64Array(MOMENT_BLOCKS);
  readonly #spoken = new Uint8Array(MOMENT_BLOCKS);
  #blocks = 0;
  readonly #floors = new Float64Array(FLOOR_STEPS).fill(Infinity);
  #stepFloor = Infinity;
  #floor = Infinity;
  #run = 0;
  #runPower = 0;
  #runSteps = 0;
  #steady = 0;
  #steadySteps = 0;
  #targetDb = 0;

  constructor(private readonly rule: SteeringRule) {}

  /** Loudness of what was said lately, before the gain; −∞ as long as nothing was. */
  get estimateLufs(): number {
    return lufs(this.#estimate);
  }

  /** The next 10 ms. @param power K-weighted, before the gain; 0 for silence */
  step(power: number): void {
    const at = this.#blocks % MOMENT_BLOCKS;
    this.#powers[at] = power;
    this.#blocks++;
    let smooth = 0;
    for (let i = 0; i < SMOOTH_BLOCKS; i++) smooth += this.#powers[(at + MOMENT_BLOCKS - i) % MOMENT_BLOCKS] as number;
    smooth /= SMOOTH_BLOCKS;
    if (smooth < this.#stepFloor) this.#stepFloor = smooth;
    this.#listen(at, smooth);
    if (this.#blocks % STEP_BLOCKS === 0) this.#decide();
    this.#move();
  }

  #listen(at: number, smooth: number): void {
    const speaks = smooth > GATE && smooth > MODULATION * Math.min(this.#floor, this.#stepFloor);
    this.#spoken[at] = 0;
    if (speaks) {
      this.#run++;
      this.#runPower += (smooth - this.#runPower) / this.#run;
      if (this.#run === SYLLABLE_BLOCKS) for (let i = 0; i < SYLLABLE_BLOCKS; i++) this.#spoken[(at + MOMENT_BLOCKS - i) % MOMENT_BLOCKS] = 1;
      else if (this.#run > SYLLABLE_BLOCKS) this.#spoken[at] = 1;
      return;
    }
    // the floor came up to the sound, the sound did not go down to the floor: a tone, an engine
    if (this.rule.speechOnly && this.#run > 0 && smooth > this.#runPower / 2) this.#unsay();
    this.#run = 0;
    this.#runPower = 0;
    this.#runSteps = 0;
  }

  #unsay(): void {
    this.#said.splice(Math.max(0, this.#said.length - this.#runSteps));
    this.#spoken.fill(0);
    this.#estimate = gatedMean(this.#said);
  }

  /** Every 100 ms. */
  #decide(): void {
    this.#floors[(this.#blocks / STEP_BLOCKS) % FLOOR_STEPS] = this.#stepFloor;
    this.#stepFloor = Infinity;
    this.#floor = Math.min(...this.#floors);
    let moment = 0;
    let spoken = 0;
    for (let i = 0; i < MOMENT_BLOCKS; i++) {
      moment += this.#powers[i] as number;
      spoken += this.#spoken[i] as number;
    }
    moment /= MOMENT_BLOCKS;
    this.#steady += (moment - this.#steady) * Math.max(STEADY_SHARE, 1 / ++this.#steadySteps);
    if ((spoken >= SPOKEN_BLOCKS || !this.rule.speechOnly) && moment > GATE) this.#say(moment);
    const { lowLufs, highLufs, leastDb, mostDb } = this.rule;
    if (this.#said.length >= FIRST_STEPS) {
      const loudness = this.estimateLufs;
      this.#saidDb = loudness < lowLufs ? lowLufs - loudness : loudness > highLufs ? highLufs - loudness : 0;
    }
    const steadyDb = this.#steadySteps < STEADY_STEPS ? Infinity : STEADY_LUFS - lufs(this.#steady);
    this.#targetDb = Math.min(mostDb, Math.max(leastDb, Math.min(this.#saidDb, steadyDb)));
  }

  #say(moment: number): void {
    if (this.#said.length >= FIRST_STEPS && moment < this.#estimate * QUIETER) {
      if (++this.#quieter < this.rule.quieterSteps) return;
      this.#said.length = 0;
    }
    this.#quieter = 0;
    this.#said.push(moment);
    if (this.#said.length > this.rule.windowSteps) this.#said.shift();
    this.#runSteps++;
    this.#estimate = gatedMean(this.#said);
  }

  #move(): void {
    const offDb = this.#targetDb - this.gainDb;
    if (offDb === 0) return;
    const { riseDbPerS, fallDbPerS, firstDbPerS } = this.rule;
    let mostDb = (offDb > 0 ? riseDbPerS : fallDbPerS) / 100;
    if (this.#said.length >= FIRST_STEPS && this.#said.length < SETTLED_STEPS) mostDb = Math.max(mostDb, firstDbPerS / 100);
    // the last decibel more and more slowly
    const byDb = Math.max(-mostDb, Math.min(mostDb, offDb / 20));
    this.gainDb = Math.abs(offDb) < 0.01 ? this.#targetDb : this.gainDb + byDb;
    this.gain = 10 ** (this.gainDb / 20);
  }
}
