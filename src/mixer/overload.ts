/** Watches whether the machine keeps up, and takes the steps of the degrade ladder (domain/degrade-ladder.ts). */
import { effects, nextDegrade, startDegrade, type DegradedState, type DegradeEffects, type DegradeLadder, type DegradeStep, type LoadFigures } from '../domain/degrade-ladder.ts';

const LOOK_MS = 250;

export interface OverloadOptions {
  /** Of the epoch before. */
  step?: DegradeStep;
  /** So much calm lets a step go; default CALM_NEEDED_MS. */
  calmNeededMs?: number;
  read: () => LoadFigures;
  /** On each change of step. */
  stepped: (step: DegradeStep, effects: DegradeEffects, degraded: DegradedState | undefined) => void;
}

export class Overload {
  #ladder: DegradeLadder;
  #since = new Date();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: OverloadOptions) {
    this.#ladder = this.#begin();
  }

  get step(): DegradeStep {
    return this.#ladder.step;
  }

  get effects(): DegradeEffects {
    return effects(this.#ladder.step);
  }

  /** What the room is told now. */
  get degraded(): DegradedState | undefined {
    const { step, reason } = this.#ladder;
    return step === 'none' ? undefined : { step, reason, since: this.#since.toISOString() };
  }

  start(): void {
    this.#ladder = this.#begin();
    this.#timer ??= setInterval(() => this.#look(performance.now()), LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #begin(): DegradeLadder {
    const { step, calmNeededMs } = this.options;
    const ladder = startDegrade(performance.now(), step);
    return calmNeededMs === undefined ? ladder : { ...ladder, calmNeededMs };
  }

  #look(nowMs: number): void {
    const before = this.#ladder.step;
    this.#ladder = nextDegrade(this.#ladder, this.options.read(), nowMs);
    if (this.#ladder.step === before) return;
    this.#since = new Date();
    this.options.stepped(this.#ladder.step, this.effects, this.degraded);
  }
}
