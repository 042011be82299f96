import { open } from 'node:fs/promises';
import type { RecordingId } from '../domain/ids.ts';
import { chunkKey, chunkPrefix } from '../domain/recording.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { findBoxFault } from './box-walk.ts';
import { UnusableRecording } from './unusable-recording.ts';

/**
 * Writes a recording's chunks one behind the other into `path`.
 * @returns bytes written
 * @throws UnusableRecording when chunks are missing, cut off or not MP4, naming the first bad one
 */
export async function fetchChunks(objects: ObjectStore, id: RecordingId, path: string, signal?: AbortSignal): Promise<number> {
  const chunks = await objects.list(chunkPrefix(id));
  if (chunks.length === 0) throw new UnusableRecording('Nothing was recorded.');
  chunks.forEach(({ key }, i) => {
    if (key !== chunkKey(id, i + 1)) throw new UnusableRecording(`Chunk ${i + 1} of the recording is missing.`);
  });
  const file = await open(path, 'w+', 0o600);
  try {
    let bytes = 0;
    /** Where each chunk ends in the file. */
    const ends: number[] = [];
    for (const { key } of chunks) {
      signal?.throwIfAborted();
      const read = await objects.get(key);
      if (!read) throw new UnusableRecording(`Chunk ${ends.length + 1} of the recording is missing.`);
      const from = bytes;
      for await (const piece of read.stream as AsyncIterable<Buffer>) {
        await file.appendFile(piece);
        bytes += piece.length;
      }
      if (bytes - from !== read.bytes) throw new Error(`${key} broke off while it was read`);
      ends.push(bytes);
    }
    const fault = await findBoxFault(file, bytes);
    if (fault) {
      const chunkAt = (byte: number): number => ends.findIndex((end) => byte < end) + 1;
      const before = chunkAt(fault.previousAt);
      // chunks are whole boxes: one that reaches into the next chunk was cut off
      if (before > 0 && fault.at > (ends[before - 1] as number)) throw new UnusableRecording(`Chunk ${before} of the recording is cut off.`);
      const n = chunkAt(fault.at);
      throw new UnusableRecording(n === 0 ? `The recording ${fault.detail}.` : `Chunk ${n} of the recording ${fault.detail}.`);
    }
    return bytes;
  } finally {
    await file.close();
  }
}
