import { expect, it } from 'vitest';
import { captionDurationMs } from './caption-duration.ts';

it('lasts as long as it takes to read, within limits', () => {
  expect(captionDurationMs('Hi')).toBe(2000);
  expect(captionDurationMs('x'.repeat(60))).toBe(4600);
  expect(captionDurationMs('x'.repeat(300))).toBe(15_000);
  expect(captionDurationMs('👏'.repeat(30))).toBe(captionDurationMs('x'.repeat(30)));
});
