/** When to try again and when to give up: pure. */
import { backoffMs } from '../domain/backoff.ts';

/** How one connection ended. */
export type AttemptEnd =
  /** It was asked for. */
  | { kind: 'stopped' }
  /** The programme is over. */
  | { kind: 'programmeEnded' }
  /** We have nothing to send now: not the destination's fault. */
  | { kind: 'noProgramme' }
  /** The destination cannot work, however often it is tried. */
  | { kind: 'refused'; sentence: string }
  /** `liveMs`: how long bytes went out before. */
  | { kind: 'broken'; sentence: string; liveMs: number };

export interface Trouble {
  /** Failures of the destination since it last worked. */
  failures: number;
  /** When the first of them was, on the clock given to {@link decide}. */
  sinceMs: number | undefined;
}

export const NO_TROUBLE: Trouble = { failures: 0, sinceMs: undefined };
export const MOST_FAILURES = 10;
export const MOST_TROUBLE_MS = 300_000;
/** A connection that held this long has worked: counting begins anew. */
const WORKED_MS = 10_000;
const WAIT_FOR_PROGRAMME_MS = 1000;
export const RETRY = { firstMs: 1000, mostMs: 20_000 } as const;

export type Decision =
  | { next: 'end'; status: 'stopped' }
  | { next: 'end'; status: 'failed'; sentence: string }
  | { next: 'wait'; delayMs: number; trouble: Trouble; sentence?: string };

export function decide(end: AttemptEnd, before: Trouble, nowMs: number, retry: { firstMs: number; mostMs: number } = RETRY, random: () => number = Math.random): Decision {
  switch (end.kind) {
    case 'stopped':
    case 'programmeEnded':
      return { next: 'end', status: 'stopped' };
    case 'refused':
      return { next: 'end', status: 'failed', sentence: end.sentence };
    case 'noProgramme':
      return { next: 'wait', delayMs: WAIT_FOR_PROGRAMME_MS, trouble: before };
    case 'broken': {
      const known = end.liveMs >= WORKED_MS ? NO_TROUBLE : before;
      const trouble: Trouble = { failures: known.failures + 1, sinceMs: known.sinceMs ?? nowMs };
      if (trouble.failures >= MOST_FAILURES || nowMs - (trouble.sinceMs as number) >= MOST_TROUBLE_MS)
        return { next: 'end', status: 'failed', sentence: end.sentence };
      return { next: 'wait', delayMs: backoffMs(trouble.failures, retry, random), trouble, sentence: end.sentence };
    }
  }
}
