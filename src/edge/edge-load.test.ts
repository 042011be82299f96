import { expect, it } from 'vitest';
import { EdgeLoad } from './edge-load.ts';

/** Seconds of one load after another. @returns what was told after each second */
function run(seconds: readonly number[]): boolean[] {
  const load = new EdgeLoad(0, 0);
  let cpuMs = 0;
  return seconds.map((share, i) => {
    cpuMs += 1000 * share;
    load.sample(1000 * (i + 1), cpuMs);
    return load.full;
  });
}

it('is full after some seconds of a whole core, not after one', () => {
  const told = run(new Array<number>(15).fill(1));

  expect(told[0]).toBe(false);
  expect(told.at(-1)).toBe(true);
  expect(told.indexOf(true)).toBeGreaterThan(5);
});

it('stays full until it is well below', () => {
  const told = run([...new Array<number>(15).fill(1), ...new Array<number>(30).fill(0.85), ...new Array<number>(10).fill(0.5)]);

  expect(told.slice(15, 45)).not.toContain(false);
  expect(told.at(-1)).toBe(false);
});
