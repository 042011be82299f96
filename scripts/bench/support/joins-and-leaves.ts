/** Memory, threads and open files of a room's processes before and after many joins and leaves. */
import { setTimeout as delay } from 'node:timers/promises';
import { openFileCount, proportionalBytes, residentBytes, threadCount } from './process-cost.ts';
import { ROOM, rounded, until, type Product } from './product.ts';
import type { ReplayProcess } from './replay.ts';

/** So many at a time: 200 in a minute and a half. */
const AT_ONCE = 4;
/** The first ones make what is then kept: thread pools, code, buffers. */
const WARM_UP_JOINS = 16;
const SETTLE_MS = 8000;
const MOST_MORE_MEGABYTES = 15;

interface Taken {
  rssMegabytes: number;
  pssMegabytes: number;
  threads: number;
  openFiles: number;
}

export interface Leaks {
  joins: number;
  failures: number;
  before: Record<string, Taken>;
  after: Record<string, Taken>;
  /** Threads and files as before (± 2), memory at most 15 MB more. */
  level: boolean;
}

export async function joinsAndLeaves(product: Product, replay: ReplayProcess, joins: number): Promise<Leaks> {
  let failures = 0;
  const round = async (count: number, first: number): Promise<void> => {
    for (let i = 0; i < count; i += AT_ONCE) {
      const names = Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, k) => `Guest-${first + i + k}`);
      for (const name of names) replay.join({ name, size: '320x180', pattern: 'flash', offsetMs: 0, followUplink: false, listen: false });
      await replay.connected(names, 15_000).catch(() => failures++);
      await delay(500);
      for (const name of names) replay.leave(name);
      await until('they have left', () => names.every((name) => replay.left.has(name)), 10_000).catch(() => failures++);
      await delay(300);
    }
  };
  const take = (): Record<string, Taken> =>
    Object.fromEntries(
      ['tessera-ingest', 'tessera-mixer'].map((role) => {
        const pid = product.find(`${role} ${ROOM}`) ?? 0;
        return [role, { rssMegabytes: rounded(residentBytes(pid) / 1e6, 1), pssMegabytes: rounded(proportionalBytes(pid) / 1e6, 1), threads: threadCount(pid), openFiles: openFileCount(pid) }];
      }),
    );
  await round(WARM_UP_JOINS, 0);
  await delay(SETTLE_MS);
  const before = take();
  await round(joins, WARM_UP_JOINS);
  await delay(SETTLE_MS);
  const after = take();
  const level = Object.entries(before).every(([role, was]) => {
    const now = after[role] as Taken;
    return now.threads <= was.threads + 2 && now.openFiles <= was.openFiles + 2 && now.rssMegabytes <= was.rssMegabytes + MOST_MORE_MEGABYTES;
  });
  return { joins, failures, before, after, level };
}
