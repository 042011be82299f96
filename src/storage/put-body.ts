import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ObjectBody } from './object-store.ts';

/** A body that can be read as often as a retry needs, with its checksum known before the first byte is sent. */
export interface MaterialBody {
  bytes: number;
  sha256: string;
  /** Set when the body fits into memory. */
  buffer?: Buffer;
  open(): Readable;
  release(): Promise<void>;
}

const READ_BYTES = 1 << 18;
const nothing = (): Promise<void> => Promise.resolve();

/** Buffers what is at most `memoryBytes` long; longer streams go through a temp file, files are read where they are. */
export async function materialise(body: ObjectBody, memoryBytes: number): Promise<MaterialBody> {
  if (Buffer.isBuffer(body)) return inMemory(body);
  if (body instanceof Readable) return spool(body, memoryBytes);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(body.path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  if (bytes <= memoryBytes) return inMemory(await readFile(body.path));
  return { bytes, sha256: hash.digest('hex'), open: () => createReadStream(body.path, { highWaterMark: READ_BYTES }), release: nothing };
}

function inMemory(buffer: Buffer): MaterialBody {
  const sha256 = createHash('sha256').update(buffer).digest('hex');
  return { bytes: buffer.length, sha256, buffer, open: () => Readable.from([buffer]), release: nothing };
}

async function spool(stream: Readable, memoryBytes: number): Promise<MaterialBody> {
  const path = join(tmpdir(), `tessera-put-${randomUUID()}`);
  const held: Buffer[] = [];
  const hash = createHash('sha256');
  let bytes = 0;
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      bytes += data.length;
      hash.update(data);
      if (!file && bytes > memoryBytes) {
        file = await open(path, 'wx', 0o600);
        await file.appendFile(Buffer.concat(held.splice(0)));
      }
      if (file) await file.appendFile(data);
      else held.push(data);
    }
  } catch (error) {
    await file?.close();
    await rm(path, { force: true });
    throw error;
  }
  if (!file) return inMemory(Buffer.concat(held));
  await file.close();
  return {
    bytes,
    sha256: hash.digest('hex'),
    open: () => createReadStream(path, { highWaterMark: READ_BYTES }),
    release: () => rm(path, { force: true }),
  };
}
