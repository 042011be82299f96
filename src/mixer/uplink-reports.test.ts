import { expect, it } from 'vitest';
import type { UplinkWish } from '../domain/uplink.ts';
import { UplinkReports, type UplinkReport } from './uplink-reports.ts';

const wish = (width: number): UplinkWish[] => [{ source: 'camera', width, height: 90, frameRate: 15, maxBitrateBps: 100_000, shown: true }];

it('tells later what the store did not take, the newest word of each publisher only', async () => {
  let away = true;
  const taken: UplinkReport[] = [];
  const reports = new UplinkReports(async (wishes) => {
    await Promise.resolve();
    if (away) throw new Error('Redis is away');
    taken.push(wishes);
  });
  reports.tell({ a: wish(1), b: wish(1) } as UplinkReport);
  reports.tell({ b: wish(2) } as UplinkReport);
  await new Promise((done) => setImmediate(done));
  expect(taken).toEqual([]);

  away = false;
  await reports.again();
  expect(taken).toEqual([{ a: wish(1), b: wish(2) }]);
  await reports.again();
  expect(taken).toHaveLength(1);
});
