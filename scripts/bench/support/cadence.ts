/** How evenly a programme's pictures come, from their programme times and arrivals. Pure. */
import { lineFit } from './line-fit.ts';
import type { Arrival } from './programme-probe.ts';

export interface Cadence {
  frames: number;
  /** By a line through the arrivals, so that the jitter of the first and last one does not count. */
  framesPerSecond: number;
  /** Places of the 30 fps grid that no picture covers. */
  missing: number;
  /** Pictures whose time is not after the end of the one before. */
  repeated: number;
  offGrid: number;
  /** Pictures that last more than one place: the mix runs at a lower rate. */
  long: number;
  arrivalGapP99Ms: number;
  arrivalGapMaxMs: number;
}

const FRAME_MS = 1000 / 30;

export function cadence(arrivals: readonly Arrival[]): Cadence {
  let missing = 0;
  let repeated = 0;
  const gaps: number[] = [];
  for (let i = 1; i < arrivals.length; i++) {
    const before = arrivals[i - 1] as Arrival;
    const here = arrivals[i] as Arrival;
    const hole = Math.round((here.ptsMs - before.ptsMs - before.durationMs) / FRAME_MS);
    if (hole > 0) missing += hole;
    else if (hole < 0) repeated++;
    gaps.push(here.atMs - before.atMs);
  }
  gaps.sort((a, b) => a - b);
  const fit = lineFit(arrivals.map(({ atMs }, i) => ({ x: i, y: atMs })));
  const tenth = (n: number): number => Math.round(n * 10) / 10;
  return {
    frames: arrivals.length,
    framesPerSecond: Math.round(1e6 / fit.slope) / 1000,
    missing,
    repeated,
    offGrid: arrivals.filter(({ ptsMs }) => Math.abs(ptsMs / FRAME_MS - Math.round(ptsMs / FRAME_MS)) > 0.01).length,
    long: arrivals.filter(({ durationMs }) => durationMs > FRAME_MS * 1.5).length,
    arrivalGapP99Ms: tenth(gaps[Math.floor(gaps.length * 0.99)] ?? Number.NaN),
    arrivalGapMaxMs: tenth(gaps[gaps.length - 1] ?? Number.NaN),
  };
}
