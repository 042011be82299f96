import { expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

it('lets a burst through, then the rate, and says how long to wait', () => {
  const limit = new RateLimit({ perSecond: 2, burst: 3 });

  const waits = [0, 0, 0, 0, 250, 500, 500].map((atMs) => limit.take('a', atMs));

  expect(waits).toEqual([0, 0, 0, 500, 250, 0, 500]);
  expect(limit.take('b', 500)).toBe(0);
});

it('forgets the longest unseen caller when there are too many', () => {
  const limit = new RateLimit({ perSecond: 0.001, burst: 1, maxCallers: 2 });
  limit.take('a', 0);
  limit.take('b', 1);
  limit.take('a', 2);

  limit.take('c', 3);

  expect(limit.size).toBe(2);
  expect(limit.take('a', 4)).toBeGreaterThan(0);
  expect(limit.take('b', 5)).toBe(0);
});
