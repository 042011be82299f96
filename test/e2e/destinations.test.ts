/** The whole product with an S3 bucket as its store, pushing to a real RTMP server: what arrives is looked at and listened to. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCeph, type TestCeph } from '../support/ceph.ts';
import { colourDistance, decodePictures, decodeSound, meanColour } from '../support/decode.ts';
import { waitFor } from '../support/process.ts';
import { startTestRtmp, type TestRtmp } from '../support/rtmp.ts';
import { startService, type Service } from '../support/service.ts';
import { startSynthetic, type SyntheticProcess } from '../support/synthetic.ts';
import { toneLevelDb } from '../support/tones.ts';

const ROOM = 'outward';
const BUCKET = 'recordings';
const TONE_HZ = 880;
const MIDDLE = { x: 0.3, y: 0.3, width: 0.4, height: 0.3 };
const ORANGE: [number, number, number] = [208, 112, 16];

let ceph: TestCeph;
let rtmp: TestRtmp;
let service: Service;
let publisher: SyntheticProcess;
let s3: S3Client;

beforeAll(async () => {
  [ceph, rtmp] = await Promise.all([startTestCeph(), startTestRtmp()]);
  s3 = new S3Client({ endpoint: ceph.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: ceph.user, requestChecksumCalculation: 'WHEN_REQUIRED' });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  service = await startService({
    env: {
      TESSERA_STORAGE: 's3',
      TESSERA_S3_ENDPOINT: ceph.endpoint,
      TESSERA_S3_BUCKET: BUCKET,
      TESSERA_S3_ACCESS_KEY_ID: ceph.user.accessKeyId,
      TESSERA_S3_SECRET_ACCESS_KEY: ceph.user.secretAccessKey,
    },
  });
  expect((await service.api('POST', '/api/rooms', { id: ROOM })).status).toBe(201);
  publisher = await startSynthetic(service.url, ROOM, [
    ...['--names', 'Orange', '--pattern', 'color', '--color', '#d07010', '--tone', String(TONE_HZ)],
    ...['--width', '320', '--height', '180', '--fps', '15'],
  ]);
  await waitFor('a live mix', async () => (await json<{ mix: { status: string } }>(`/api/rooms/${ROOM}`)).mix.status === 'running');
}, 90_000);

afterAll(async () => {
  await publisher?.stop();
  await service?.stop();
  s3?.destroy();
  await rtmp?.close();
  await ceph?.close();
}, 60_000);

describe('a room', () => {
  it('is pushed to an RTMP server as a decodable stream', async () => {
    const response = await service.api('POST', `/api/rooms/${ROOM}/restreams`, { url: rtmp.url('secret-stream-key') });
    expect(response.status).toBe(201);
    const { id, url } = (await response.json()) as { id: string; url: string };
    expect(url).not.toContain('secret-stream-key');
    const live = await waitFor('a live push', async () => {
      const now = await json<{ status: string; bytesSent: number }>(`/api/restreams/${id}`);
      return now.status === 'live' && now.bytesSent > 80_000 ? now : undefined;
    }, { timeoutMs: 20_000 });
    expect(live.bytesSent).toBeGreaterThan(80_000);
    expect((await service.api('DELETE', `/api/restreams/${id}`)).status).toBeLessThan(300);
    await waitFor('the publisher to leave', () => rtmp.log().includes('disconnect'), { timeoutMs: 10_000 });
    await expectOrange(rtmp.recording('secret-stream-key'), 1);
    expect(service.output()).not.toContain('secret-stream-key');
  }, 60_000);

  it('is recorded into the bucket and downloaded from it', async () => {
    const { id } = (await (await service.api('POST', `/api/rooms/${ROOM}/recordings`, { name: 'In the bucket' })).json()) as { id: string };
    await waitFor('five seconds of recording', async () => (await json<{ durationMs: number }>(`/api/recordings/${id}`)).durationMs >= 5000, { timeoutMs: 15_000 });
    expect((await service.api('POST', `/api/recordings/${id}/stop`)).status).toBeLessThan(300);
    await waitFor('the file', async () => (await json<{ status: string }>(`/api/recordings/${id}`)).status === 'complete', { timeoutMs: 15_000 });
    const { report } = await json<{ report: { checks: { ok: boolean }[] } }>(`/api/recordings/${id}`);
    expect(report.checks.filter((check) => !check.ok)).toEqual([]);
    const keys = async (): Promise<string[]> =>
      (await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))).Contents?.map((object) => object.Key ?? '') ?? [];
    expect((await keys()).some((key) => key.startsWith(`recordings/${id}/`) && key.endsWith('.mp4'))).toBe(true);
    // the chunks go last, after the entry in the catalogue
    await waitFor('the chunks to go', async () => (await keys()).every((key) => !key.includes('/chunks/')), { timeoutMs: 5000 });
    const download = await service.api('GET', `/api/recordings/${id}/download`); // follows the redirect to the store
    expect(download.status).toBe(200);
    const file = join(service.config.dataDir, 'from-the-bucket.mp4');
    writeFileSync(file, Buffer.from(await download.arrayBuffer()));
    await expectOrange(file, 2);
  }, 60_000);
});

async function expectOrange(file: string, atS: number): Promise<void> {
  const [picture] = await decodePictures(file, { width: 320, height: 180, count: 1, inputArgs: ['-ss', String(atS)] });
  if (!picture) throw new Error(`no picture in ${file}`);
  expect(colourDistance(meanColour(picture, MIDDLE), ORANGE)).toBeLessThan(60);
  const sound = await decodeSound(file, { inputArgs: ['-ss', String(atS)], seconds: 0.5 });
  expect(toneLevelDb(sound, 48_000, TONE_HZ)).toBeGreaterThan(-45);
  expect(toneLevelDb(sound, 48_000, 3000)).toBeLessThan(-60);
}

async function json<T>(path: string): Promise<T> {
  return (await (await service.api('GET', path)).json()) as T;
}
