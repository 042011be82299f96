import { ApiError } from '../api/api-error.ts';

const FIRST_MS = 500;
const LONGEST_MS = 8_000;

/** What to do after an attempt failed: wait so long and try again, or give up. */
export type NextStep = { again: false } | { again: true; afterMs: number; waiting: boolean };

/**
 * `waiting` tells a mix that is not live yet (409 with Retry-After) from a fault. Refusals that another attempt cannot
 * change (token, room, offer) end it. `jitter` is 0…1.
 */
export function nextStep(error: unknown, failures: number, jitter: number): NextStep {
  const backoffMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.75 + jitter / 2);
  if (!(error instanceof ApiError)) return { again: true, afterMs: backoffMs, waiting: false };
  if (error.status === 409) {
    if (error.code === 'roomEnded') return { again: false };
    return { again: true, afterMs: Math.min(LONGEST_MS, error.retryAfterMs ?? 1_000), waiting: true };
  }
  const passing = error.status === 0 || error.status === 429 || error.status >= 500;
  if (!passing) return { again: false };
  return { again: true, afterMs: Math.max(error.retryAfterMs ?? 0, backoffMs), waiting: false };
}
