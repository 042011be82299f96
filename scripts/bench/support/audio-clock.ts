/** Whether the programme's sound keeps to the monotonic clock: its units' times against their arrivals, in windows of 10 s. */
import type { ProgrammeProbe } from './programme-probe.ts';

const WINDOW_MS = 10_000;
const UNIT_MS = (1024 * 1000) / 48_000;

export interface AudioFigures {
  units: number;
  /** AAC frames that the timeline lacks. */
  missing: number;
  /** Largest difference between the earliest arrivals of two windows: samples added or left out would move them. */
  shiftMs: number;
  windows: number;
}

export class AudioClock {
  #units = 0;
  #missing = 0;
  #lastMs: number | undefined;
  #window: number[] = [];
  #windowFromMs = 0;
  /** Tenth percentile of each window: late arrivals are the machine's, early ones cannot be. */
  readonly #levels: number[] = [];
  readonly #next: ProgrammeProbe['onUnit'];

  constructor(private readonly probe: ProgrammeProbe) {
    const next = probe.onUnit;
    this.#next = next;
    probe.onUnit = (unit, latenessMs) => {
      next?.(unit, latenessMs);
      if (unit.track === 'audio:aac' && !unit.cached) this.#unit(Number(unit.ptsNs) / 1e6, latenessMs);
    };
  }

  close(): void {
    this.probe.onUnit = this.#next;
  }

  figures(): AudioFigures {
    const lowest = Math.min(...this.#levels);
    const highest = Math.max(...this.#levels);
    return { units: this.#units, missing: this.#missing, shiftMs: Math.round((highest - lowest) * 100) / 100, windows: this.#levels.length };
  }

  #unit(ptsMs: number, latenessMs: number): void {
    this.#units++;
    if (this.#lastMs !== undefined) this.#missing += Math.max(0, Math.round((ptsMs - this.#lastMs) / UNIT_MS) - 1);
    else this.#windowFromMs = ptsMs;
    this.#lastMs = ptsMs;
    this.#window.push(latenessMs);
    if (ptsMs - this.#windowFromMs < WINDOW_MS) return;
    this.#window.sort((a, b) => a - b);
    this.#levels.push(this.#window[Math.floor(this.#window.length / 10)] as number);
    this.#window = [];
    this.#windowFromMs = ptsMs;
  }
}
