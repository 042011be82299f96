import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

it('does a few at once and the others in later turns of the event loop, in order, with what comes meanwhile behind them', async () => {
  const turns = new Turns(32);
  const done: number[] = [];
  for (let i = 0; i < 100; i++) turns.take(() => done.push(i));
  expect(done.length).toBe(32);

  await new Promise((resolve) => setImmediate(resolve));
  expect(done.length).toBe(64);
  turns.take(() => done.push(100));
  for (let i = 0; i < 20 && done.length < 101; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(Array.from({ length: 101 }, (_v, i) => i));

  await new Promise((resolve) => setImmediate(resolve));
  turns.take(() => done.push(-1));
  expect(done.at(-1)).toBe(-1);
});
