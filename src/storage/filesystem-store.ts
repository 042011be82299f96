import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { AppError } from '../domain/errors.ts';
import { resolveRange } from './byte-range.ts';
import { assertFolderPrefix, assertObjectKey, assertObjectPrefix, compareKeys } from './object-key.ts';
import type { ByteRange, ObjectBody, ObjectHead, ObjectRead, ObjectStore, PutOptions, StoredObject } from './object-store.ts';

/** Kept beside each object as `.<name>.json`. It counts only while size and time are those of the object, so a crash between the two renames of an overwrite cannot pair a checksum with the wrong bytes. */
interface Sidecar {
  contentType: string;
  sha256: string;
  bytes: number;
  mtimeMs: number;
}

/**
 * Objects as files below one folder. A put is a temp file in the same folder, fsync, rename, fsync of the folder.
 * One key cannot be both an object and the beginning of another's path ("a" and "a/b").
 */
export class FilesystemStore implements ObjectStore {
  constructor(private readonly root: string) {}

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
    assertObjectKey(key);
    const path = join(this.root, key);
    const folder = dirname(path);
    const temp = join(folder, `.put-${randomUUID()}`);
    try {
      const written = await writeSynced(temp, body);
      if (options.sha256 !== undefined && options.sha256 !== written.sha256)
        throw new AppError('storageFailed', { detail: 'The bytes do not match their checksum.' });
      const sidecar: Sidecar = { contentType: options.contentType, ...written };
      const sidecarTemp = `${temp}.json`;
      await writeFile(sidecarTemp, JSON.stringify(sidecar));
      await rename(sidecarTemp, sidecarPath(path));
      await rename(temp, path);
      await syncFolder(folder);
      return { bytes: written.bytes, sha256: written.sha256 };
    } catch (cause) {
      for (const left of [temp, `${temp}.json`]) await rm(left, { force: true }).catch(() => undefined);
      throw failed('The object could not be written.', cause);
    }
  }

  async get(key: string, range?: ByteRange): Promise<ObjectRead | undefined> {
    const info = await this.head(key);
    if (!info) return undefined;
    const { start, end, bytes } = resolveRange(range, info.bytes);
    const stream = bytes === 0 ? Readable.from([]) : createReadStream(join(this.root, key), { start, end });
    return { stream, bytes, totalBytes: info.bytes, contentType: info.contentType };
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    assertObjectKey(key);
    const path = join(this.root, key);
    try {
      const info = await stat(path);
      if (!info.isFile()) return undefined;
      const sidecar = await readSidecar(path);
      const fits = sidecar !== undefined && sidecar.bytes === info.size && sidecar.mtimeMs === Math.floor(info.mtimeMs);
      return {
        key,
        bytes: info.size,
        contentType: sidecar?.contentType ?? 'application/octet-stream',
        ...(fits ? { sha256: sidecar.sha256 } : {}),
      };
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw failed('The object could not be read.', cause);
    }
  }

  async list(prefix: string): Promise<{ key: string; bytes: number }[]> {
    assertObjectPrefix(prefix);
    const found: { key: string; bytes: number }[] = [];
    const walk = async (folder: string): Promise<void> => {
      const entries = await readdir(join(this.root, folder), { withFileTypes: true });
      for (const entry of entries) {
        const key = `${folder}${entry.name}`;
        if (entry.name.startsWith('.')) continue;
        if (entry.isDirectory()) {
          if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) await walk(`${key}/`);
        } else if (key.startsWith(prefix)) {
          const info = await stat(join(this.root, key)).catch(() => undefined); // deleted meanwhile
          if (info) found.push({ key, bytes: info.size });
        }
      }
    };
    try {
      await walk(prefix.slice(0, prefix.lastIndexOf('/') + 1));
    } catch (cause) {
      if (!isMissing(cause)) throw failed('The objects could not be listed.', cause);
    }
    return found.sort(compareKeys);
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    const path = join(this.root, key);
    try {
      await rm(path, { force: true });
      await rm(sidecarPath(path), { force: true });
      await this.#pruneFolders(dirname(key));
    } catch (cause) {
      throw failed('The object could not be deleted.', cause);
    }
  }

  async deletePrefix(prefix: string): Promise<number> {
    assertFolderPrefix(prefix);
    const objects = await this.list(prefix);
    try {
      await rm(join(this.root, prefix), { recursive: true, force: true });
      await this.#pruneFolders(dirname(prefix.slice(0, -1)));
    } catch (cause) {
      throw failed('The objects could not be deleted.', cause);
    }
    return objects.length;
  }

  presignGet(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async check(): Promise<void> {
    const probe = join(this.root, `.check-${randomUUID()}`);
    try {
      await mkdir(this.root, { recursive: true });
      await writeFile(probe, '');
      await rm(probe, { force: true });
    } catch (cause) {
      throw failed('The folder of the object store cannot be written.', cause);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** S3 has no folders; neither do we once they are empty. */
  async #pruneFolders(folder: string): Promise<void> {
    for (let at = folder; at !== '.' && at !== ''; at = dirname(at)) {
      try {
        await rmdir(join(this.root, at));
      } catch {
        return; // not empty, gone already, or in use by a put
      }
    }
  }
}

/** Writes, hashes and fsyncs in one pass. */
async function writeSynced(path: string, body: ObjectBody): Promise<{ bytes: number; sha256: string; mtimeMs: number }> {
  const source = Buffer.isBuffer(body) ? [body] : body instanceof Readable ? body : createReadStream(body.path, { highWaterMark: 1 << 18 });
  const hash = createHash('sha256');
  const file = await openInFolder(path);
  try {
    let bytes = 0;
    for await (const chunk of source as AsyncIterable<Buffer | string>) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      hash.update(data);
      let done = 0;
      while (done < data.length) done += (await file.write(data, done, data.length - done)).bytesWritten;
      bytes += data.length;
    }
    await file.sync();
    const info = await file.stat();
    if (info.size !== bytes) throw new Error(`${bytes} bytes written, ${info.size} in the file`);
    return { bytes, sha256: hash.digest('hex'), mtimeMs: Math.floor(info.mtimeMs) };
  } finally {
    await file.close();
  }
}

/** A delete beside us may prune the empty folder between mkdir and open. */
async function openInFolder(path: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(dirname(path), { recursive: true });
    try {
      return await open(path, 'wx');
    } catch (error) {
      if (attempt === 3 || !isMissing(error)) throw error;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function sidecarPath(path: string): string {
  const folder = dirname(path);
  return join(folder, `.${path.slice(folder.length + 1)}.json`);
}

async function readSidecar(path: string): Promise<Sidecar | undefined> {
  try {
    return JSON.parse(await readFile(sidecarPath(path), 'utf8')) as Sidecar;
  } catch {
    return undefined; // an object that somebody copied in by hand
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function failed(detail: string, cause: unknown): AppError {
  return cause instanceof AppError ? cause : new AppError('storageFailed', { detail, cause });
}
