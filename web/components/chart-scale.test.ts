import { describe, expect, it } from 'vitest';
import { niceCeiling, polylines } from './chart-scale.ts';

describe('small charts', () => {
  it('have round axes', () => {
    expect([0, 0.3, 1, 7, 12, 49, 51, 2400].map(niceCeiling)).toEqual([1, 0.5, 1, 10, 20, 50, 100, 5000]);
  });

  it('break their lines where nothing is known', () => {
    expect(polylines([0, 5, null, 10, null], 10, 80, 40)).toEqual(['0.0,40.0 20.0,20.0', '60.0,0.0 62.0,0.0']);
    expect(polylines([null, null], 10, 80, 40)).toEqual([]);
    expect(polylines([20], 10, 80, 40)).toEqual(['0.0,0.0 2.0,0.0']);
  });
});
