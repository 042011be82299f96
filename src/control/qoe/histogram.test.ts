import { describe, expect, it } from 'vitest';
import { bucketOf, LATENCY_BOUNDS_MS, quantile } from './histogram.ts';

const counted = (values: readonly number[]): number[] => {
  const counts = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0);
  for (const value of values) (counts[bucketOf(LATENCY_BOUNDS_MS, value)] as number)++;
  return counts;
};

describe('a histogram', () => {
  it('puts a value on a bound below it, and what is above the last bound into a bucket of its own', () => {
    expect([bucketOf([10, 20], 10), bucketOf([10, 20], 11), bucketOf([10, 20], 21)]).toEqual([0, 1, 2]);
  });

  it('tells quantiles to within the width of a bucket', () => {
    const values = Array.from({ length: 1000 }, (_, i) => 1500 + i);
    expect(quantile(LATENCY_BOUNDS_MS, counted(values), 0.5)).toBeCloseTo(2000, -2);
    expect(quantile(LATENCY_BOUNDS_MS, counted(values), 0.95)).toBeCloseTo(2450, -2);
  });

  it('tells nothing without values, and never more than its highest bound', () => {
    expect(quantile(LATENCY_BOUNDS_MS, counted([]), 0.5)).toBeUndefined();
    expect(quantile(LATENCY_BOUNDS_MS, counted([1e9]), 0.95)).toBe(60_000);
  });
});
