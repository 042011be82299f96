import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { RecordingId, RoomId } from '../domain/ids.ts';
import { RecordingFile, type RecordingDocument } from './recording-file.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function recording(patienceMs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-recording-test-'));
  folders.push(folder);
  const chunks = new Map<string, string>();
  const document: RecordingDocument = {
    version: 1, recording: 'rec' as RecordingId, room: 'r' as RoomId, rendition: 'high', status: 'recording', startedAtUnixMs: 0, durationMs: 0, gaps: [], chunkEnds: [], stored: 0,
  };
  const store = { put: async (key: string, body: Buffer): Promise<void> => void chunks.set(key, body.toString()) };
  const file = new RecordingFile(folder, document, store, pino({ level: 'silent' }), patienceMs);
  const failedAtMs: number[] = [];
  file.onFailed = (writtenMs) => failedAtMs.push(writtenMs);
  return { file, document, chunks, failedAtMs, media: join(folder, 'media.mp4') };
}

describe('RecordingFile', () => {
  it('writes again what the disk did not take, in its place', async () => {
    const { file, document, chunks, failedAtMs, media } = recording(5000);
    mkdirSync(media); // nothing can be written
    file.append(Buffer.from('one '), 500);
    file.append(Buffer.from('two'), 1000);
    file.closeChunk();
    setTimeout(() => rmSync(media, { recursive: true }), 100);

    expect(await file.allStored(3000)).toBe(true);

    expect(readFileSync(media, 'utf8')).toBe('one two');
    expect([...chunks.values()]).toEqual(['one two']);
    expect([failedAtMs, document.chunkEnds]).toEqual([[], [7]]);
  });

  it('ends with what was written before when the disk takes nothing any more, and can still be finished', async () => {
    const { file, document, chunks, failedAtMs, media } = recording(300);
    file.append(Buffer.from('one '), 500);
    file.closeChunk();
    expect(await file.allStored(3000)).toBe(true);
    rmSync(media);
    mkdirSync(media);
    file.append(Buffer.from('two '), 1000);
    file.append(Buffer.from('three'), 1500);
    file.closeChunk();

    expect(await file.allStored(3000)).toBe(true);

    expect(failedAtMs).toEqual([500]);
    expect(document.chunkEnds).toEqual([4]);
    expect([...chunks.values()]).toEqual(['one ']);
  });
});
