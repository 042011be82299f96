import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/api-error.ts';
import { nextStep } from './retry-policy.ts';

describe('nextStep', () => {
  it('waits as long as the server says while a mix is not live', () => {
    expect(nextStep(new ApiError(409, 'noLiveProgramme', 'not yet', 2_000), 0, 0.5)).toEqual({ again: true, afterMs: 2_000, waiting: true });
  });

  it('gives up when the room has ended, is unknown, or the token is refused', () => {
    for (const [status, code] of [[409, 'roomEnded'], [404, 'roomNotFound'], [401, 'unauthenticated'], [403, 'forbidden'], [422, 'unacceptableOffer']] as const)
      expect(nextStep(new ApiError(status, code, 'no'), 0, 0.5)).toEqual({ again: false });
  });

  it('backs off from faults that pass, never beyond ten seconds unless the server asks for it', () => {
    const delays = [0, 1, 2, 3, 20].map((failures) => nextStep(new ApiError(0, 'unreachable', 'gone'), failures, 0.5));
    expect(delays.map((d) => d.again && d.afterMs)).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
    expect(nextStep(new ApiError(503, 'overloaded', 'full', 15_000), 0, 0)).toMatchObject({ afterMs: 15_000, waiting: false });
  });
});
