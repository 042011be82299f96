/**
 * What a long DVR window costs the origin: hours of a small programme (all renditions, a keyframe each 64 frames) sent as fast as
 * the disk takes them, to the origin process alone; memory along the way, files and bytes on disk, playlists, seeks to random
 * places, and a restart.
 *
 * `npm run bench:dvr -- [--hours 3] [--window-seconds 7200] [--speed 150]`; one JSON object on stdout.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { RoomId } from '../../src/domain/ids.ts';
import { encodeClip } from '../../test/support/programme-source.ts';
import { OriginProcess } from './support/origin-process.ts';
import { residentBytes } from './support/process-cost.ts';
import { ProgrammeAhead } from './support/programme-ahead.ts';

const ROOM = 'dvr' as RoomId;
const SEEKS = 100;

const { values } = parseArgs({ options: { hours: { type: 'string', default: '3' }, 'window-seconds': { type: 'string', default: '7200' }, speed: { type: 'string', default: '150' } } });
const hours = Number(values.hours);
const origin = new OriginProcess({ TESSERA_DVR_SECONDS: values['window-seconds'] });
let exitCode = 0;
try {
  const clip = await encodeClip(5, 0, { high: '320x180', mid: '160x90', low: '80x46' });
  await origin.start();
  const memory: { programmeMinutes: number; rssMb: number }[] = [{ programmeMinutes: 0, rssMb: megabytes(residentBytes(origin.pid)) }];
  let feed = await ProgrammeAhead.open(origin.programmeSocket, ROOM, clip, 1, 0);
  for (let minutes = 15; minutes <= hours * 60; minutes += 15) {
    await feed.until(minutes * 60 * 30, Number(values.speed));
    memory.push({ programmeMinutes: minutes, rssMb: megabytes(residentBytes(origin.pid)) });
    process.stderr.write(`${JSON.stringify(memory.at(-1))}\n`);
  }
  await delay(500);
  const before = await playlist();
  const seeks: number[] = [];
  for (let i = 0; i < SEEKS; i++) {
    const uri = before.uris[Math.floor(Math.random() * before.uris.length)] as string;
    const answer = await origin.get(`/hls/${ROOM}/${uri}`);
    if (answer.status !== 200) throw new Error(`${uri}: ${answer.status}`);
    seeks.push(answer.ms);
  }
  const rssAfterSeeks = megabytes(residentBytes(origin.pid));
  feed.close();
  const stoppedMs = performance.now();
  await origin.stop();
  const stopMs = Math.round(performance.now() - stoppedMs);
  const startedMs = performance.now();
  await origin.start();
  const startMs = Math.round(performance.now() - startedMs);
  const restarted = megabytes(residentBytes(origin.pid));
  feed = await ProgrammeAhead.open(origin.programmeSocket, ROOM, clip, 2, Math.ceil(feed.frame / 64) * 64 + 64);
  await feed.until(feed.frame + 300, 5);
  const after = await playlist();
  const kept = before.uris.filter((uri) => after.uris.includes(uri)).length;
  const old = await origin.get(`/hls/${ROOM}/${after.uris[0]}`);
  const metrics = (await origin.get('/metrics')).body.toString();
  const dropped = Number(/^tessera_origin_disk_dropped(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1]);
  feed.close();
  const folder = join(origin.folder, 'data/origin', ROOM);
  const files = readdirSync(folder);
  const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  console.log(
    JSON.stringify({
      benchmark: 'dvr',
      windowSeconds: Number(values['window-seconds']),
      memory,
      rssAfterSeeksMb: rssAfterSeeks,
      disk: { files: files.length, megabytes: megabytes(bytes), droppedParts: dropped },
      playlist: { segments: before.uris.length, bytes: before.text.length, gzipBytes: gzipSync(before.text).length, deltaBytes: (await origin.get(`/hls/${ROOM}/high.m3u8?_HLS_skip=YES`)).body.length, firstMs: Math.round(before.ms) },
      seekMs: { p50: percentile(seeks, 0.5), p95: percentile(seeks, 0.95) },
      restart: { stopMs, startMs, rssMb: restarted, segmentsKept: kept, oldestAnswers: old.status },
    }),
  );
} catch (error) {
  process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
  exitCode = 1;
} finally {
  origin.close();
}
process.exit(exitCode);

async function playlist(): Promise<{ text: string; uris: string[]; ms: number }> {
  const answer = await origin.get(`/hls/${ROOM}/high.m3u8`);
  const body = answer.body.toString();
  return { text: body, uris: [...body.matchAll(/^(high\/\d+\.m4s)$/gm)].map((m) => m[1] as string), ms: answer.ms };
}

function percentile(numbers: readonly number[], share: number): number {
  return Math.round(10 * ([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)] ?? 0)) / 10;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
