import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordingId, RoomId } from '../../src/domain/ids.ts';
import { chunkKey, chunkPrefix, type Recording } from '../../src/domain/recording.ts';
import { Finaliser } from '../../src/recordings/finaliser.ts';
import type { ServiceEvent } from '../../src/state/events.ts';
import { RecordingStore } from '../../src/state/recording-store.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { warmFfmpeg } from '../../pipelines/ffmpeg/run-command.ts';
import { FilesystemStore } from '../../src/storage/filesystem-store.ts';
import { chunksOf, makeProgramme, type FragmentedProgramme } from '../support/fragmented-programme.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'tessera-finaliser-'));
const room = 'room' as RoomId;
let server: TestRedis;
let redis: Redis;
let minute: FragmentedProgramme;
beforeAll(async () => {
  [server, minute] = await Promise.all([startTestRedis(), makeProgramme({ seconds: 61.8666667, colour: '#c02020', toneHz: 880, size: '640x360' }), warmFfmpeg()]);
  redis = connectRedis(server.url);
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

let n = 0;
let id: RecordingId;
let objects: FilesystemStore;
let recordings: RecordingStore;
let events: ServiceEvent[];
let finaliser: Finaliser;
beforeEach(() => {
  id = `rec-${++n}` as RecordingId;
  objects = new FilesystemStore(join(folder, `store-${n}`));
  recordings = new RecordingStore(redis);
  events = [];
  finaliser = new Finaliser({ objects, recordings, events: { publish: (e) => events.push(e) }, log: pino({ level: 'silent' }), workDir: join(folder, `work-${n}`) });
});

async function arrange(chunks: Buffer[], change: Partial<Recording> = {}): Promise<void> {
  for (const [i, chunk] of chunks.entries()) await objects.put(chunkKey(id, i + 1), chunk, { contentType: 'video/mp4' });
  await recordings.create({ id, room, name: 'a', rendition: 'high', status: 'processing', startedAt: '2026-01-01T00:00:00.000Z', durationMs: 0, gaps: [], files: [], ...change });
}

/** From stop to the finished file, for a minute of recording. */
const READY_WITHIN_MS = 5000;

async function timedFinalise(recording: RecordingId): Promise<{ done: Recording | undefined; tookMs: number }> {
  const began = performance.now();
  const done = await finaliser.finalise(recording);
  return { done, tookMs: performance.now() - began };
}

const failedChecks = (r: Recording | undefined): string[] => (r?.report?.checks ?? []).filter((c) => !c.ok).map((c) => c.name);

describe('finalising', () => {
  it('makes a checked faststart MP4 and a poster out of a minute of chunks, soon, and lets go of the chunks', async () => {
    const chunks = chunksOf(minute);
    expect(chunks.length).toBeGreaterThan(10);
    await arrange(chunks, { durationMs: 61_867 });

    const { done, tookMs } = await timedFinalise(id);

    // 0.8 s on an idle machine. What else runs there can only make it longer, so a slow run gets two more chances.
    let bestMs = tookMs;
    const checked = id;
    for (const again of ['-again', '-and-again']) {
      if (bestMs < READY_WITHIN_MS) break;
      id = `${checked}${again}` as RecordingId;
      await arrange(chunks, { durationMs: 61_867 });
      bestMs = Math.min(bestMs, (await timedFinalise(id)).tookMs);
    }
    id = checked;
    expect(bestMs).toBeLessThan(READY_WITHIN_MS);
    expect(failedChecks(done)).toEqual([]);
    expect(done).toMatchObject({ status: 'complete', durationMs: 61_867 });
    expect(done?.files.map((f) => [f.kind, f.key])).toEqual([
      ['mp4', `recordings/${id}/recording.mp4`],
      ['poster', `recordings/${id}/poster.jpg`],
    ]);
    for (const file of done!.files) expect(await objects.head(file.key)).toEqual({ key: file.key, bytes: file.bytes, contentType: file.contentType, sha256: file.sha256 });
    expect(await recordings.get(id)).toEqual(done);
    expect(events[0]).toEqual({ type: 'recordingChanged', room, recording: id });
    expect(await objects.list(chunkPrefix(id))).toEqual([]);
    expect(readdirSync(join(folder, `work-${n}`))).toEqual([]);

    // the content: index in front, the colour in the picture and on the poster, the tone in the sound
    const mp4 = await buffer((await objects.get(`recordings/${id}/recording.mp4`))!.stream);
    expect(mp4.indexOf('moov')).toBeLessThan(mp4.indexOf('mdat'));
    const [red, green, blue] = await averageColour(join(folder, `store-${n}`, `recordings/${id}/recording.mp4`), 40);
    expect(red).toBeGreaterThan(150);
    expect(Math.max(green!, blue!)).toBeLessThan(70);
    expect((await averageColour(join(folder, `store-${n}`, `recordings/${id}/poster.jpg`), 0))[0]).toBeGreaterThan(150);
    expect(await zeroCrossingsHz(join(folder, `store-${n}`, `recordings/${id}/recording.mp4`))).toBeCloseTo(880, -1);
  });

  it('changes nothing when it is run again, and finishes what a predecessor left', async () => {
    await arrange(chunksOf(minute));
    const first = await finaliser.finalise(id);
    await objects.put(chunkKey(id, 1), Buffer.from('left behind'), { contentType: 'video/mp4' });
    expect(await finaliser.finalise(id)).toEqual(first);
    expect(await objects.list(chunkPrefix(id))).toEqual([]);
  });

  it('tells in the report that the length is wrong, and keeps the chunks', async () => {
    await arrange(chunksOf(minute), { durationMs: 65_000 });
    const done = await finaliser.finalise(id);
    expect(done?.status).toBe('complete');
    expect(failedChecks(done)).toEqual(['duration']);
    expect((await objects.list(chunkPrefix(id))).length).toBeGreaterThan(10);
  });

  it('finds a hole that nobody named, and accepts it with its name', async () => {
    const holed = { init: minute.init, fragments: minute.fragments.filter((_, i) => i !== 5) };
    await arrange(chunksOf(holed));
    const done = await finaliser.finalise(id);
    expect(failedChecks(done)).toEqual(['noUnnamedGaps']);
    expect(done?.report?.checks.find((c) => c.name === 'noUnnamedGaps')?.detail).toMatch(/at 106\d\d ms, 21\d\d ms long/);

    id = `${id}-named` as RecordingId;
    await arrange(chunksOf(holed), { gaps: [{ atMs: 10_667, lengthMs: 2133, reason: 'originRestart' }] });
    expect(failedChecks(await finaliser.finalise(id))).toEqual([]);
  });

  it.each<[string, (chunks: Buffer[]) => Buffer[], RegExp]>([
    ['a chunk that is cut off', (c) => c.map((b, i) => (i === 2 ? b.subarray(0, b.length - 1000) : b)), /^Chunk 3 of the recording is cut off/],
    ['a last chunk that is cut off', (c) => c.map((b, i) => (i === c.length - 1 ? b.subarray(0, b.length - 10) : b)), /^Chunk 15 of the recording is cut off inside its mdat box/],
    ['garbage', (c) => c.map((b, i) => (i === 1 ? Buffer.alloc(5000, 0xee) : b)), /^Chunk 2 of the recording is not MP4/],
    ['a first chunk without its beginning', (c) => c.map((b, i) => (i === 0 ? b.subarray(minute.init.length) : b)), /^Chunk 1 of the recording begins without/],
    ['an empty recording', () => [], /^Nothing was recorded/],
  ])('refuses %s in words and keeps the chunks', async (_name, spoil, sentence) => {
    const chunks = spoil(chunksOf(minute));
    await arrange(chunks);
    await expect(finaliser.finalise(id)).rejects.toThrow(sentence);
    await finaliser.fail(id, 'It went wrong.');
    expect(await recordings.get(id)).toMatchObject({ status: 'failed', error: 'It went wrong.', files: [] });
    expect((await objects.list(chunkPrefix(id))).length).toBe(chunks.length);
    expect((await objects.list('')).length).toBe(chunks.length);
  });

  it('refuses a recording whose second chunk is missing', async () => {
    await arrange(chunksOf(minute));
    await objects.delete(chunkKey(id, 2));
    await expect(finaliser.finalise(id)).rejects.toThrow('Chunk 2 of the recording is missing.');
  });

  it('refuses a recording without sound', async () => {
    await arrange(chunksOf(await makeProgramme({ seconds: 6, audio: false })));
    await expect(finaliser.finalise(id)).rejects.toThrow('There is no audio track.');
  });

  it('has a poster even when everything is black', async () => {
    await arrange(chunksOf(await makeProgramme({ seconds: 6, colour: 'black' })));
    const done = await finaliser.finalise(id);
    expect(failedChecks(done)).toEqual([]);
    expect(done?.files.map((f) => f.kind)).toEqual(['mp4', 'poster']);
  });

  it('ends soon when it is told to, and leaves everything for the next', async () => {
    await arrange(chunksOf(minute));
    await expect(finaliser.finalise(id, AbortSignal.timeout(30))).rejects.toThrow();
    expect(await recordings.get(id)).toMatchObject({ status: 'processing' });
    expect((await finaliser.finalise(id))?.status).toBe('complete');
  });

  it('leaves nothing of a recording that was deleted meanwhile', async () => {
    await arrange(chunksOf(minute));
    const deleting = { get: recordings.get.bind(recordings), update: async () => (await recordings.delete(id), undefined) };
    const other = new Finaliser({ objects, recordings: deleting, events: { publish: () => undefined }, log: pino({ level: 'silent' }), workDir: join(folder, 'work') });
    expect(await other.finalise(id)).toBeUndefined();
    expect(await objects.list('')).toEqual([]);
  });
});

async function averageColour(path: string, atSeconds: number): Promise<number[]> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-ss', String(atSeconds), '-i', path, '-frames:v', '1', '-vf', 'scale=1:1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { encoding: 'buffer', timeout: 20_000, killSignal: 'SIGKILL' });
  return [...stdout];
}

async function zeroCrossingsHz(path: string): Promise<number> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-ss', '20', '-t', '1', '-i', path, '-vn', '-ac', '1', '-ar', '48000', '-f', 's16le', '-'], { encoding: 'buffer', timeout: 20_000, killSignal: 'SIGKILL' });
  let crossings = 0;
  for (let i = 2; i + 1 < stdout.length; i += 2) if (stdout.readInt16LE(i - 2) < 0 && stdout.readInt16LE(i) >= 0) crossings++;
  return crossings / (stdout.length / 2 / 48_000);
}
