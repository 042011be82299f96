import { describe, expect, it } from 'vitest';
import { catchUpRate } from './catch-up.ts';

describe('catching up', () => {
  it('goes faster the farther it is, and no faster where it is near', () => {
    expect([0, 0.05, 0.1, 0.5, 2].map((beyond) => catchUpRate(beyond, 3))).toEqual([1, 1, 1.05, 1.1, 1.1]);
  });

  it('never plays its buffer empty', () => {
    expect(catchUpRate(2, 0.7)).toBe(1);
  });
});
