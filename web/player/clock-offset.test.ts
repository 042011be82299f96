import { expect, it } from 'vitest';
import { clockOffsetMs } from './clock-offset.ts';

it('takes the answer with the shortest round trip, in the middle of it', () => {
  expect(
    clockOffsetMs([
      { askedAtMs: 0, answeredAtMs: 400, serverUnixMs: 1_000_350 },
      { askedAtMs: 1000, answeredAtMs: 1020, serverUnixMs: 1_001_010 },
      { askedAtMs: 2000, answeredAtMs: 2100, serverUnixMs: 1_002_010 },
    ]),
  ).toBe(1_000_000);
  expect(clockOffsetMs([])).toBe(0);
});
