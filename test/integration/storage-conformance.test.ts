import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FilesystemStore } from '../../src/storage/filesystem-store.ts';
import { createObjectStore } from '../../src/storage/object-store.ts';
import { S3Store, type S3Options } from '../../src/storage/s3-store.ts';
import { startTestCeph, type TestCeph } from '../support/ceph.ts';
import { objectStoreSuite } from '../support/object-store-suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'tessera-storage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

objectStoreSuite('filesystem', () => Promise.resolve(new FilesystemStore(join(folder, 'suite'))));

describe('the filesystem store', () => {
  it('leaves no temp file and no empty folder', async () => {
    const store = new FilesystemStore(join(folder, 'tidy'));
    await store.put('a/b/c', Buffer.from('x'), { contentType: 'text/plain' });
    expect(readdirSync(join(folder, 'tidy/a/b')).sort()).toEqual(['.c.json', 'c']);
    await store.delete('a/b/c');
    expect(readdirSync(join(folder, 'tidy'))).toEqual([]);
  });

  it('does not tell the checksum of a file that somebody else changed', async () => {
    const store = new FilesystemStore(join(folder, 'changed'));
    await store.put('a', Buffer.from('one'), { contentType: 'text/plain' });
    writeFileSync(join(folder, 'changed/a'), 'other');
    expect(await store.head('a')).toEqual({ key: 'a', bytes: 5, contentType: 'text/plain' });
  });

  it('fails check() where it cannot write', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(new FilesystemStore(join(folder, 'file/below')).check()).rejects.toMatchObject({ code: 'storageFailed' });
  });

  it('offers no presigned URL', async () => {
    const store = createObjectStore({ storage: 'filesystem', dataDir: join(folder, 'data'), s3Endpoint: undefined, s3Region: '', s3Bucket: undefined, s3Prefix: '', s3AccessKeyId: undefined, s3SecretAccessKey: undefined, s3ForcePathStyle: true, s3RequestChecksums: 'WHEN_REQUIRED' });
    await store.put('a', Buffer.from('x'), { contentType: 'text/plain' });
    expect(await store.presignGet('a', { expiresSeconds: 60, fileName: 'a', contentType: 'text/plain' })).toBeUndefined();
    expect(existsSync(join(folder, 'data/objects/a'))).toBe(true);
  });
});

describe('with a real S3 server', () => {
  let ceph: TestCeph;
  let admin: S3Client;
  const options = (extra: Partial<S3Options> = {}): S3Options => ({
    endpoint: ceph.endpoint,
    region: 'us-east-1',
    bucket: 'tessera',
    prefix: 'some/prefix/',
    credentials: ceph.user,
    forcePathStyle: true,
    requestChecksums: 'WHEN_REQUIRED',
    ...extra,
  });
  beforeAll(async () => {
    ceph = await startTestCeph();
    admin = new S3Client({ endpoint: ceph.endpoint, region: 'us-east-1', credentials: ceph.user, forcePathStyle: true });
    await admin.send(new CreateBucketCommand({ Bucket: 'tessera' }));
  }, 60_000);
  afterAll(async () => {
    admin?.destroy();
    await ceph?.close();
  });

  objectStoreSuite('S3', () => Promise.resolve(new S3Store(options())));

  it('serves a presigned download under its file name, and refuses it tampered with or after its time', async () => {
    const store = new S3Store(options());
    await store.put('present', Buffer.from('a present'), { contentType: 'application/octet-stream' });
    const url = await store.presignGet('present', { expiresSeconds: 60, fileName: 'Größe "1".mp4', contentType: 'video/mp4' });
    const answer = await fetch(url, { headers: { range: 'bytes=2-8' } });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-type')).toBe('video/mp4');
    expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.mp4");
    expect(await answer.text()).toBe('present');
    expect((await fetch(url.replace(/present/, 'presenu'))).status).toBe(403);
    const short = await store.presignGet('present', { expiresSeconds: 1, fileName: 'a.mp4', contentType: 'video/mp4' });
    await expect.poll(async () => (await fetch(short)).status, { timeout: 10_000, interval: 500 }).toBe(403);
    await store.close();
  });

  it('says in words that a stranger, a wrong secret or a missing bucket cannot work, without long retries', async () => {
    for (const wrong of [{ credentials: ceph.otherUser }, { credentials: { ...ceph.user, secretAccessKey: 'wrong' } }, { bucket: 'missing' }]) {
      const store = new S3Store(options(wrong));
      const began = Date.now();
      await expect(store.check()).rejects.toMatchObject({ code: 'storageFailed' });
      await expect(store.put('a', Buffer.from('x'), { contentType: 'text/plain' })).rejects.toMatchObject({ code: 'storageFailed' });
      expect(Date.now() - began).toBeLessThan(3000);
      await store.close();
    }
  });

  it('survives a gateway that is killed in the middle of an upload', async () => {
    const store = new S3Store(options({ partBytes: 5 << 20, attempts: 10 }));
    const data = Buffer.alloc(24 << 20, 'tessera');
    const path = join(folder, 'large');
    writeFileSync(path, data);
    const put = store.put('interrupted', { path }, { contentType: 'video/mp4' });
    await expect
      .poll(async () => (await admin.send(new ListMultipartUploadsCommand({ Bucket: 'tessera' }))).Uploads?.length ?? 0, { interval: 5, timeout: 5000 })
      .toBe(1);
    await ceph.killGateway();
    await ceph.startGateway();
    const stored = await put;
    expect(await store.head('interrupted')).toMatchObject({ bytes: data.length, sha256: stored.sha256 });
    expect((await buffer((await store.get('interrupted'))!.stream)).equals(data)).toBe(true);
    await store.close();
  }, 60_000);

  it('gives up within its time when the store is gone', async () => {
    const store = new S3Store(options({ endpoint: 'http://127.0.0.1:9', attempts: 2, connectTimeoutMs: 500 }));
    const began = Date.now();
    await expect(store.head('a')).rejects.toMatchObject({ code: 'storageFailed' });
    expect(Date.now() - began).toBeLessThan(3000);
    await store.close();
  });

  it('leaves no unfinished multipart upload after a body that broke off', async () => {
    const open = await admin.send(new ListMultipartUploadsCommand({ Bucket: 'tessera', Prefix: 'some/prefix/broken' }));
    expect(open.Uploads ?? []).toEqual([]);
  });
});
