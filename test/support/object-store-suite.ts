/** What every object store must do. Each adapter's test calls this with a way to make a fresh store. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/storage/object-store.ts';

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const MIB = 1 << 20;

export function objectStoreSuite(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name}: an object store`, () => {
    let store: ObjectStore;
    const folder = mkdtempSync(join(tmpdir(), 'tessera-suite-'));
    beforeAll(async () => {
      store = await open();
    }, 60_000);
    afterAll(async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('is ready', async () => {
      await expect(store.check()).resolves.toBeUndefined();
    });

    it('gives back what was put, with its type, size and checksum', async () => {
      const data = randomBytes(100_000);
      const stored = await store.put('give/back.bin', data, { contentType: 'video/mp4' });
      expect(stored).toEqual({ bytes: data.length, sha256: sha256(data) });
      expect(await store.head('give/back.bin')).toEqual({ key: 'give/back.bin', bytes: data.length, contentType: 'video/mp4', sha256: sha256(data) });
      const read = await store.get('give/back.bin');
      expect(read).toMatchObject({ bytes: data.length, totalBytes: data.length, contentType: 'video/mp4' });
      expect((await buffer(read!.stream)).equals(data)).toBe(true);
    });

    it.each([
      ['a small stream', 50_000],
      ['a stream larger than one part', 20 * MIB + 123],
    ])('takes %s', async (_name, bytes) => {
      const data = randomBytes(bytes);
      const pieces = function* (): Generator<Buffer> {
        for (let at = 0; at < data.length; at += 70_001) yield data.subarray(at, at + 70_001);
      };
      const stored = await store.put('streams/a', Readable.from(pieces()), { contentType: 'video/mp4' });
      expect(stored).toEqual({ bytes, sha256: sha256(data) });
      expect(await store.head('streams/a')).toMatchObject({ bytes, sha256: sha256(data) });
      expect((await buffer((await store.get('streams/a'))!.stream)).equals(data)).toBe(true);
    });

    it.each([
      ['a small file', 10_000],
      ['a file larger than one part', 17 * MIB + 1],
    ])('takes %s and leaves it where it is', async (_name, bytes) => {
      const data = randomBytes(bytes);
      const path = join(folder, 'body');
      writeFileSync(path, data);
      const stored = await store.put('files/a.mp4', { path }, { contentType: 'video/mp4', sha256: sha256(data) });
      expect(stored).toEqual({ bytes, sha256: sha256(data) });
      expect((await buffer((await store.get('files/a.mp4'))!.stream)).equals(data)).toBe(true);
      await store.put('files/b.mp4', { path }, { contentType: 'video/mp4' }); // still there
    });

    it('takes an empty object', async () => {
      await store.put('empty', Buffer.alloc(0), { contentType: 'text/plain' });
      expect(await store.head('empty')).toMatchObject({ bytes: 0, contentType: 'text/plain' });
      expect(await buffer((await store.get('empty'))!.stream)).toHaveLength(0);
    });

    it('replaces an object as a whole', async () => {
      await store.put('replace', Buffer.from('the first and longer one'), { contentType: 'text/plain' });
      await store.put('replace', Buffer.from('the second'), { contentType: 'text/html' });
      expect(await store.head('replace')).toMatchObject({ bytes: 10, contentType: 'text/html', sha256: sha256(Buffer.from('the second')) });
      expect((await buffer((await store.get('replace'))!.stream)).toString()).toBe('the second');
    });

    it('refuses bytes that do not match the checksum given, and keeps the old object', async () => {
      await store.put('guarded', Buffer.from('good'), { contentType: 'text/plain' });
      const wrong = store.put('guarded', Buffer.from('bad'), { contentType: 'text/plain', sha256: sha256(Buffer.from('good')) });
      await expect(wrong).rejects.toMatchObject({ code: 'storageFailed' });
      expect((await buffer((await store.get('guarded'))!.stream)).toString()).toBe('good');
    });

    it('leaves nothing behind when the body breaks off', async () => {
      const broken = Readable.from(
        (async function* () {
          yield Buffer.alloc(9 * MIB);
          throw new Error('the camera fell into the sea');
        })(),
      );
      await expect(store.put('broken/a', broken, { contentType: 'video/mp4' })).rejects.toMatchObject({ code: 'storageFailed' });
      expect(await store.head('broken/a')).toBeUndefined();
      expect(await store.list('broken/')).toEqual([]);
    });

    it('answers byte ranges as HTTP does: both ends inclusive, an open end, an end beyond the last byte', async () => {
      const data = Buffer.from('0123456789');
      await store.put('ranges', data, { contentType: 'text/plain' });
      const read = async (range: { start?: number; end?: number }): Promise<unknown[]> => {
        const part = await store.get('ranges', range);
        return [(await buffer(part!.stream)).toString(), part!.bytes, part!.totalBytes];
      };
      expect(await read({ start: 2, end: 4 })).toEqual(['234', 3, 10]);
      expect(await read({ start: 7 })).toEqual(['789', 3, 10]);
      expect(await read({ end: 0 })).toEqual(['0', 1, 10]);
      expect(await read({ start: 8, end: 100 })).toEqual(['89', 2, 10]);
      await expect(store.get('ranges', { start: 10 })).rejects.toMatchObject({ code: 'badRequest' });
      await expect(store.get('ranges', { start: 5, end: 4 })).rejects.toMatchObject({ code: 'badRequest' });
      await expect(store.get('ranges', { start: -1 })).rejects.toMatchObject({ code: 'badRequest' });
    });

    it('says undefined for what is not there', async () => {
      expect(await store.head('not/there')).toBeUndefined();
      expect(await store.get('not/there')).toBeUndefined();
      expect(await store.get('not/there', { start: 1 })).toBeUndefined();
      expect(await store.list('not/there/')).toEqual([]);
      await expect(store.delete('not/there')).resolves.toBeUndefined();
      expect(await store.deletePrefix('not/there/')).toBe(0);
    });

    it('lists a prefix in key order, neighbours excluded', async () => {
      for (const key of ['l/10/b', 'l/10/a', 'l/1/000002', 'l/1/000010', 'l/1/000001', 'l/1-x/z', 'l/1/Z'])
        await store.put(key, Buffer.from(key), { contentType: 'text/plain' });
      expect(await store.list('l/1/')).toEqual(['l/1/000001', 'l/1/000002', 'l/1/000010', 'l/1/Z'].map((key) => ({ key, bytes: key.length })));
      expect((await store.list('l/1')).map((o) => o.key)).toEqual(['l/1-x/z', 'l/1/000001', 'l/1/000002', 'l/1/000010', 'l/1/Z', 'l/10/a', 'l/10/b']);
      expect((await store.list('l/')).length).toBe(7);
    });

    it('deletes one object, and a prefix without its neighbours', async () => {
      for (const key of ['d/1/a', 'd/1/b', 'd/1/c/d', 'd/10/a']) await store.put(key, Buffer.from(key), { contentType: 'text/plain' });
      await store.delete('d/1/a');
      expect((await store.list('d/1/')).map((o) => o.key)).toEqual(['d/1/b', 'd/1/c/d']);
      expect(await store.deletePrefix('d/1/')).toBe(2);
      expect((await store.list('d/')).map((o) => o.key)).toEqual(['d/10/a']);
      await expect(store.deletePrefix('d/10')).rejects.toMatchObject({ code: 'storageFailed' });
      expect(await store.head('d/10/a')).toBeDefined();
    });

    it.each(['../escape', 'a/../../escape', '/etc/passwd', 'a//b', '.hidden', 'a/.hidden', '', 'a/', 'a b', 'a\0b', 'ä', `${'x/'.repeat(300)}x`])('refuses the key %j', async (key) => {
      await expect(store.put(key, Buffer.from('x'), { contentType: 'text/plain' })).rejects.toMatchObject({ code: 'storageFailed' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'storageFailed' });
      await expect(store.head(key)).rejects.toMatchObject({ code: 'storageFailed' });
      await expect(store.delete(key)).rejects.toMatchObject({ code: 'storageFailed' });
    });

    it('lets writers of one key race: one of them wins, whole', async () => {
      const bodies = Array.from({ length: 6 }, (_, i) => Buffer.alloc(300_000 + i, i));
      await Promise.all(bodies.map((body) => store.put('race', body, { contentType: 'video/mp4' }).catch(() => undefined)));
      const winner = await buffer((await store.get('race'))!.stream);
      expect(bodies.some((body) => body.equals(winner))).toBe(true);
    });
  });
}
