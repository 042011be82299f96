import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('does a few at once and the others in later turns of the event loop, in order, with what comes meanwhile behind them', async () => {
  const turns = new Turns(32);
  const done: number[] = [];
  for (let i = 0; i < 100; i++) turns.take('a', () => done.push(i));
  expect(done.length).toBe(32);

  await turn();
  expect(done.length).toBe(64);
  turns.take('a', () => done.push(100));
  for (let i = 0; i < 20 && done.length < 101; i++) await turn();
  expect(done).toEqual(Array.from({ length: 101 }, (_v, i) => i));

  await turn();
  turns.take('a', () => done.push(-1));
  expect(done.at(-1)).toBe(-1);
});

it('lets nobody wait behind the many of another caller', async () => {
  const turns = new Turns(8);
  const done: string[] = [];
  for (let i = 0; i < 1000; i++) turns.take('flood', () => done.push(`flood ${i}`));
  for (const caller of ['a', 'b', 'c']) for (let i = 0; i < 3; i++) turns.take(caller, () => done.push(`${caller} ${i}`));

  await turn();
  await turn();
  const others = done.filter((name) => !name.startsWith('flood'));
  expect(others.sort()).toEqual(['a 0', 'a 1', 'a 2', 'b 0', 'b 1', 'b 2', 'c 0', 'c 1', 'c 2']);

  for (let i = 0; i < 200 && done.length < 1009; i++) await turn();
  expect(done.length).toBe(1009);
  expect(done.filter((name) => name.startsWith('flood'))).toEqual(Array.from({ length: 1000 }, (_v, i) => `flood ${i}`));
});

it('lets little work come before much of others, and everything in the end', async () => {
  const turns = new Turns(8);
  const order: string[] = [];
  for (let i = 0; i < 20; i++) for (const caller of ['a', 'b', 'c', 'd']) turns.later(caller, () => order.push('much'), 14);
  turns.later('e', () => order.push('little'), 1);

  await turn();
  expect(order[0]).toBe('little');
  for (let i = 0; i < 200 && order.length < 81; i++) await turn();
  expect(order.filter((name) => name === 'much').length).toBe(80);
});

it('keeps nothing of what is done, also when there is never nothing to do', async () => {
  const turns = new Turns(4);
  let done = 0;
  const refs: WeakRef<object>[] = [];
  const add = (): void => {
    const thing = {};
    refs.push(new WeakRef(thing));
    turns.later('a', () => (done += thing === undefined ? 0 : 1), 1);
  };
  for (let i = 0; i < 100; i++) add();
  for (let round = 0; round < 500; round++) {
    await turn();
    for (let i = 0; i < 4; i++) add();
  }
  expect(done).toBeGreaterThan(1500);
  await turn();
  collectGarbage();
  expect(refs.filter((ref) => ref.deref()).length).toBeLessThan(500);
});
