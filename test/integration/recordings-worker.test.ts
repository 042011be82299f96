/** The post-production process: jobs from the queue, on a real Redis and a real S3 server. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecordingId, RoomId } from '../../src/domain/ids.ts';
import { chunkKey, chunkPrefix } from '../../src/domain/recording.ts';
import { Queues } from '../../src/queue/queues.ts';
import { RecordingStore } from '../../src/state/recording-store.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { S3Store } from '../../src/storage/s3-store.ts';
import { startTestCeph, type TestCeph } from '../support/ceph.ts';
import { chunksOf, makeProgramme, type FragmentedProgramme } from '../support/fragmented-programme.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startRole, type RoleProcess } from '../support/role-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tessera-pp-'));
const room = 'room' as RoomId;
let server: TestRedis;
let ceph: TestCeph;
let programme: FragmentedProgramme;
let redis: Redis;
let queues: Queues;
let recordings: RecordingStore;
let objects: S3Store;
let worker: RoleProcess;

beforeAll(async () => {
  [server, ceph, programme] = await Promise.all([startTestRedis(), startTestCeph(), makeProgramme({ seconds: 20 })]);
  const admin = new S3Client({ endpoint: ceph.endpoint, region: 'us-east-1', credentials: ceph.user, forcePathStyle: true });
  await admin.send(new CreateBucketCommand({ Bucket: 'recordings' }));
  admin.destroy();
  redis = connectRedis(server.url);
  queues = new Queues(server.url);
  recordings = new RecordingStore(redis);
  objects = new S3Store({ endpoint: ceph.endpoint, region: 'us-east-1', bucket: 'recordings', prefix: 'tessera/', credentials: ceph.user, forcePathStyle: true, requestChecksums: 'WHEN_REQUIRED' });
  worker = await startRole('post-production', environment());
}, 60_000);
afterAll(async () => {
  await worker?.kill();
  await queues?.close();
  await objects?.close();
  redis?.disconnect();
  await Promise.all([server?.close(), ceph?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

function environment(): Record<string, string> {
  return {
    TESSERA_REDIS_URL: server.url,
    TESSERA_DATA_DIR: join(folder, 'data'),
    TESSERA_RUN_DIR: join(folder, 'run'),
    TESSERA_STORAGE: 's3',
    TESSERA_S3_ENDPOINT: ceph.endpoint,
    TESSERA_S3_BUCKET: 'recordings',
    TESSERA_S3_PREFIX: 'tessera/',
    TESSERA_S3_ACCESS_KEY_ID: ceph.user.accessKeyId,
    TESSERA_S3_SECRET_ACCESS_KEY: ceph.user.secretAccessKey,
  };
}

async function stopped(id: RecordingId, chunks: Buffer[]): Promise<void> {
  for (const [i, chunk] of chunks.entries()) await objects.put(chunkKey(id, i + 1), chunk, { contentType: 'video/mp4' });
  await recordings.create({ id, room, name: 'a', rendition: 'high', status: 'processing', startedAt: new Date().toISOString(), durationMs: 20_000, gaps: [], files: [] });
  await queues.add('finalise', `finalise-${id}`, { recording: id, room });
}

it('takes a job and has the recording ready in S3 within 5 s', async () => {
  const id = 'good' as RecordingId;
  await stopped(id, chunksOf(programme));
  await expect.poll(async () => (await recordings.get(id))?.status, { timeout: 5000, interval: 100 }).toBe('complete');
  const done = (await recordings.get(id))!;
  expect(done.report?.checks.filter((c) => !c.ok)).toEqual([]);
  for (const file of done.files) expect(await objects.head(file.key)).toMatchObject({ bytes: file.bytes, sha256: file.sha256 });
  await expect.poll(() => objects.list(chunkPrefix(id)), { timeout: 3000 }).toEqual([]);
});

it('tries a broken recording a few times, then says why and keeps its chunks', async () => {
  const id = 'bad' as RecordingId;
  await stopped(id, chunksOf(programme).map((c, i) => (i === 1 ? c.subarray(0, 1000) : c)));
  await expect.poll(async () => (await recordings.get(id))?.status, { timeout: 15_000, interval: 200 }).toBe('failed');
  expect((await recordings.get(id))?.error).toBe('Chunk 2 of the recording is cut off.');
  expect((await objects.list(chunkPrefix(id))).length).toBe(chunksOf(programme).length);
});

it('finishes when the store was away, and when its worker was killed in the middle', async () => {
  const id = 'patient' as RecordingId;
  const chunks = chunksOf(programme);
  for (const [i, chunk] of chunks.entries()) await objects.put(chunkKey(id, i + 1), chunk, { contentType: 'video/mp4' });
  await ceph.killGateway();
  await recordings.create({ id, room, name: 'a', rendition: 'high', status: 'processing', startedAt: new Date().toISOString(), durationMs: 20_000, gaps: [], files: [] });
  await queues.add('finalise', `finalise-${id}`, { recording: id, room });
  await expect.poll(() => readdirSync(join(folder, 'data/post-production', String(worker.pid))), { timeout: 5000 }).toEqual([id]);
  await worker.kill();
  await ceph.startGateway();
  worker = await startRole('post-production', environment());
  await expect.poll(async () => (await recordings.get(id))?.status, { timeout: 25_000, interval: 200 }).toBe('complete');
  // the dead one's folder was swept
  expect(readdirSync(join(folder, 'data/post-production'))).toEqual([String(worker.pid)]);
}, 60_000);

it('ends soon on SIGTERM', async () => {
  const { code, tookMs } = await worker.stop();
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(4000);
  expect(readdirSync(join(folder, 'data/post-production'))).toEqual([]);
});
