/** The restream process: jobs from the queue, and what happens when the process goes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { redactDestination } from '../../src/domain/destination.ts';
import type { NodeId, RestreamId, RoomId } from '../../src/domain/ids.ts';
import type { NodeRecord } from '../../src/node-api/contract.ts';
import { Queues } from '../../src/queue/queues.ts';
import { NodeRegistry } from '../../src/state/node-registry.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { RestreamStore } from '../../src/state/restream-store.ts';
import { RoomStore } from '../../src/state/room-store.ts';
import { makeProgramme } from '../support/fragmented-programme.ts';
import { startPacedTail, type PacedTail } from '../support/paced-tail.ts';
import { processTree } from '../support/process.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startRole, type RoleProcess } from '../support/role-process.ts';
import { startTestRtmp, type TestRtmp } from '../support/rtmp.ts';

const folder = mkdtempSync(join(tmpdir(), 'tessera-rs-'));
const room = 'show' as RoomId;
const id = 'one' as RestreamId;
let server: TestRedis;
let rtmp: TestRtmp;
let tail: PacedTail;
let redis: Redis;
let queues: Queues;
let restreams: RestreamStore;
let announced: { close(): Promise<void> }[] = [];
const workers: RoleProcess[] = [];

const startWorker = async (name: string): Promise<RoleProcess> => {
  const worker = await startRole('restream', {
    TESSERA_REDIS_URL: server.url,
    TESSERA_DATA_DIR: join(folder, name),
    TESSERA_RUN_DIR: join(folder, `run-${name}`),
    TESSERA_NODE_ID: name,
    TESSERA_PUSH_ALLOW_PRIVATE: 'true',
  });
  workers.push(worker);
  return worker;
};

beforeAll(async () => {
  const programme = await makeProgramme({ seconds: 90, partMs: 533 });
  [server, rtmp, tail] = await Promise.all([startTestRedis(), startTestRtmp(), startPacedTail(join(folder, 'origin'), programme, 533)]);
  redis = connectRedis(server.url);
  queues = new Queues(server.url);
  restreams = new RestreamStore(redis);
  const registry = new NodeRegistry(redis);
  const node = (role: NodeRecord['role'], url: string): NodeRecord => ({
    id: `m-${role}` as NodeId, machine: 'm', role, region: 'default', url, pid: process.pid, startedAt: '', load: 0, used: 0, capacity: 1, version: '',
  });
  announced = [registry.announce(() => node('origin', tail.url)), registry.announce(() => node('ingest', 'unix:/nowhere'))];
  await new RoomStore(redis).create({ id: room, name: 'Show', createdAt: '', layout: { preset: 'grid' }, overlays: { labels: true }, video: { width: 320, height: 180, frameRate: 30 }, access: 'open', autoRecord: false, node: 'm-ingest' as NodeId });
}, 60_000);
afterAll(async () => {
  await Promise.all(workers.map((w) => w.kill()));
  await Promise.all(announced.map((a) => a.close()));
  await queues?.close();
  redis?.disconnect();
  await Promise.all([tail?.close(), server?.close(), rtmp?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const status = async (): Promise<string | undefined> => (await restreams.get(id))?.status;

it('pushes, is taken over when its process is killed, is handed over when its process is stopped, and ends when asked', async () => {
  const first = await startWorker('first');
  const url = rtmp.url('a-secret-key');
  await restreams.create({ id, room, url: redactDestination(url), rendition: 'high', status: 'connecting', bytesSent: 0, createdAt: new Date().toISOString() }, url);
  await queues.add('restream', `restream-${id}`, { restream: id, room });
  await expect.poll(status, { timeout: 10_000 }).toBe('live');

  // killed: its FFmpeg goes with it, another process has the stream again within the lease's time
  const second = await startWorker('second');
  const family = processTree(first.pid);
  expect(family.length).toBeGreaterThan(1);
  const publishes = (): number => rtmp.log().match(/publish: name='a-secret-key'/g)?.length ?? 0;
  expect(publishes()).toBe(1);
  await first.kill();
  const killedAt = performance.now();
  await expect.poll(publishes, { timeout: 15_000, interval: 50 }).toBe(2);
  expect(performance.now() - killedAt).toBeLessThan(12_000);
  await expect.poll(() => family.filter((pid) => processTree(pid).length > 0 && isRunning(pid)), { timeout: 3000 }).toEqual([]);

  // stopped: it lets go of the job and ends in time
  const third = await startWorker('third');
  const { code, tookMs } = await second.stop();
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(4500);
  await expect.poll(publishes, { timeout: 15_000, interval: 50 }).toBe(3);
  await expect.poll(status, { timeout: 10_000 }).toBe('live');

  await restreams.requestStop(id);
  await expect.poll(status, { timeout: 5000 }).toBe('stopped');
  await expect.poll(() => queues.queue('restream').getJobCountByTypes('active', 'waiting', 'delayed'), { timeout: 5000 }).toBe(0);
  for (const worker of workers) expect(worker.output()).not.toContain('a-secret-key');
  await third.stop();
}, 90_000);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
