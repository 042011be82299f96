import { expect, it } from 'vitest';
import { clockOf, counted, sizeOf } from './words.ts';

it('writes durations as a clock', () => {
  expect([0, 5_900, 65_000, 3_725_000, -3].map(clockOf)).toEqual(['0:00', '0:05', '1:05', '1:02:05', '0:00']);
});

it('writes sizes with one decimal below a hundred', () => {
  expect([999, 1_536_000, 250_000_000, 2_500_000_000].map(sizeOf)).toEqual(['999 B', '1.5 MB', '250 MB', '2.5 GB']);
});

it('counts in words', () => {
  expect([counted(0, 'participant'), counted(1, 'participant'), counted(2, 'participant')]).toEqual(['0 participants', '1 participant', '2 participants']);
});
