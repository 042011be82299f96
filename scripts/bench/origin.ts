/**
 * What the origin process can do, alone:
 * - requests per core-second for parts and for playlists with delivery directives, in turns with Debian's nginx (one worker,
 *   static files, gzip_static) serving the same bytes on a Unix socket to the same clients;
 * - held playlist requests: from the moment the part's last picture is sent until each viewer's process has the whole answer;
 *   memory per held viewer;
 * - what posters cost a live room.
 * Large parts are sent from their files only where `scripts/build` has run (`partsFromFiles`).
 *
 * `npm run bench:origin -- [--seconds 3] [--rounds 3] [--held 2000] [--releases 10]`; one JSON object on stdout.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { RoomId } from '../../src/domain/ids.ts';
import { encodeClip, ProgrammeSource } from '../../test/support/programme-source.ts';
import { loadSendFile } from '../../src/node-api/hot/send-file/send-file.ts';
import type { LoadOrder, LoadReport } from './support/http-load.ts';
import { OriginProcess } from './support/origin-process.ts';
import { NGINX_MISSING, nginxIsThere, PlainNginx } from './support/plain-nginx.ts';
import { processorTimes, proportionalBytes, residentBytes, scheduledSeconds } from './support/process-cost.ts';
import { percentile, rounded } from './support/product.ts';
import { ProgrammeAhead } from './support/programme-ahead.ts';

const ROOM = 'load' as RoomId;
const PART_FRAMES = 16;
const CONNECTIONS = 64;
const CLIENTS = 2;
const BARS = { ratio: 0.7, heldP99Ms: 50 };

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '3' }, rounds: { type: 'string', default: '3' }, held: { type: 'string', default: '2000' }, releases: { type: 'string', default: '10' } },
});
if (!nginxIsThere()) {
  process.stderr.write(`${NGINX_MISSING}\n`);
  process.exit(2);
}
const origin = new OriginProcess();
const clients: ChildProcess[] = [];
let nginx: PlainNginx | undefined;
let exitCode = 0;
try {
  const clip = await encodeClip(5, 0, { high: '1280x720', mid: '640x360', low: '320x180' }, { high: '2500k', mid: '600k' });
  await origin.start();
  for (let i = 0; i < CLIENTS; i++) clients.push(fork('scripts/bench/support/http-load.ts', [], { execArgv: ['--import', 'tsx'] }));
  const feed = await ProgrammeAhead.open(origin.programmeSocket, ROOM, clip, 1, 0);
  await feed.until(276 * 64, 150); // ten minutes ahead: the clock must not overtake it
  await delay(1000); // what a slow disk does not take is left out, and would be sent from memory
  await feed.until(280 * 64, 10); // at the end of a segment, so of a part
  await delay(500);

  const playlist = (await origin.get(`/hls/${ROOM}/high.m3u8`)).body.toString();
  const [, msn, part] = /LAST-MSN=(\d+),LAST-PART=(\d+)/.exec(playlist) ?? [];
  const whole = (await origin.get(`/hls/${ROOM}/high/${Number(msn) - 1}.m4s`)).body.length;
  const stored = statSync(`${origin.folder}/data/origin/${ROOM}/${Number(msn) - 1}-high.m4s`, { throwIfNoEntry: false })?.size;
  if (stored !== whole) throw new Error(`the disk is too slow: ${stored ?? 0} of ${whole} bytes of the segment are stored`);
  const paths = {
    part: `/hls/${ROOM}/high/${Number(msn) - 1}.1.m4s`,
    midPart: `/hls/${ROOM}/mid/${Number(msn) - 1}.1.m4s`,
    lowPart: `/hls/${ROOM}/low/${Number(msn) - 1}.1.m4s`,
    playlist: `/hls/${ROOM}/high.m3u8?_HLS_msn=${msn}&_HLS_part=${part}`,
    delta: `/hls/${ROOM}/high.m3u8?_HLS_msn=${msn}&_HLS_part=${part}&_HLS_skip=YES`,
  };
  const bytes = Object.fromEntries(await Promise.all(Object.entries(paths).map(async ([name, path]) => [name, (await origin.get(path)).body] as const))) as Record<keyof typeof paths, Buffer>;
  nginx = new PlainNginx(origin.folder, { 'part.m4s': bytes.part, 'mid.m4s': bytes.midPart, 'low.m4s': bytes.lowPart, 'high.m3u8': bytes.playlist, 'high.m3u8.gz': gzipSync(bytes.playlist, { level: 4 }), 'delta.m3u8': bytes.delta, 'delta.m3u8.gz': gzipSync(bytes.delta, { level: 4 }) });
  const worker = await nginx.worker();
  const kinds = { part: 'part.m4s', midPart: 'mid.m4s', lowPart: 'low.m4s', playlist: 'high.m3u8', delta: 'delta.m3u8' } as const;
  const requests: Record<string, unknown> = {};
  for (const [name, file] of Object.entries(kinds) as [keyof typeof kinds, string][]) {
    const gzip = name === 'playlist' || name === 'delta';
    const found: { ours: number[]; nginx: number[] } = { ours: [], nginx: [] };
    for (let round = 0; round <= Number(values.rounds); round++) {
      const ours = await perCoreSecond(origin.pid, origin.httpSocket, paths[name], gzip);
      const theirs = await perCoreSecond(worker, nginx.socket, `/${file}`, gzip);
      if (round === 0) continue; // JavaScript is compiled, caches are filled
      found.ours.push(ours);
      found.nginx.push(theirs);
    }
    const [a, b] = [percentile(found.ours, 0.5), percentile(found.nginx, 0.5)];
    requests[name] = { bytes: bytes[name].length, perCoreSecond: Math.round(a), nginxPerCoreSecond: Math.round(b), ratio: rounded(a / b, 2), rounds: found.ours.map((n, i) => rounded(n / (found.nginx[i] as number), 2)) };
    process.stderr.write(`${name} ${JSON.stringify(requests[name])}\n`);
  }
  nginx.close();

  const held = await heldRequests(feed);
  feed.close();
  await origin.get(`/hls/${ROOM}/high.m3u8`);
  console.log(JSON.stringify({ benchmark: 'origin', partsFromFiles: loadSendFile() !== undefined, requests, held, posters: await posters(), bars: BARS }));
} catch (error) {
  process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
  exitCode = 1;
} finally {
  for (const client of clients) client.disconnect();
  nginx?.close();
  origin.close();
}
process.exit(exitCode);

async function perCoreSecond(pid: number, socket: string, path: string, gzip: boolean): Promise<number> {
  const client = clients[0] as ChildProcess;
  const before = cpuSeconds(pid);
  const report = await ordered(client, { kind: 'repeat', socket, path, gzip, connections: CONNECTIONS, milliseconds: 1000 * Number(values.seconds) });
  const used = cpuSeconds(pid) - before;
  if (report.kind !== 'repeated' || report.bad > 0) throw new Error(`${path}: ${JSON.stringify(report)}`);
  return report.answers / used;
}

async function heldRequests(feed: ProgrammeAhead): Promise<unknown> {
  const each = Math.ceil(Number(values.held) / CLIENTS);
  const latencies: number[] = [];
  const worst: number[] = [];
  const before = proportionalBytes(origin.pid);
  let heldBytes = 0;
  let cpu = 0;
  for (let i = 0; i <= Number(values.releases); i++) {
    const playlist = (await origin.get(`/hls/${ROOM}/high.m3u8`)).body.toString();
    const [, msn, part] = /LAST-MSN=(\d+),LAST-PART=(\d+)/.exec(playlist) ?? [];
    const next = Number(part) === 3 ? `_HLS_msn=${Number(msn) + 1}&_HLS_part=0` : `_HLS_msn=${msn}&_HLS_part=${Number(part) + 1}`;
    const order: LoadOrder = { kind: 'hold', socket: origin.httpSocket, path: `/hls/${ROOM}/high.m3u8?${next}&_HLS_skip=YES`, connections: each };
    const released = clients.map((client) => answered(client, 'released'));
    await Promise.all(clients.map(async (client) => {
      const asked = answered(client, 'held');
      client.send(order);
      await asked;
    }));
    await delay(200);
    if (i === Number(values.releases)) heldBytes = proportionalBytes(origin.pid);
    const cpuBefore = cpuSeconds(origin.pid);
    // all but the last picture first: what is measured is the way of the part, not of its making
    await feed.until(feed.frame + PART_FRAMES - 1, 1000);
    await delay(30);
    const sentMs = Number(process.hrtime.bigint()) / 1e6;
    await feed.until(feed.frame + 1, 1000);
    const reports = await Promise.all(released);
    const all = reports.flatMap((report) => (report.kind === 'released' ? report.atMs : []));
    if (reports.some((report) => report.kind !== 'released' || report.bad > 0)) throw new Error('a held request was refused');
    if (i === 0) continue;
    cpu += cpuSeconds(origin.pid) - cpuBefore;
    latencies.push(...all.map((at) => at - sentMs));
    worst.push(Math.max(...all) - sentMs);
  }
  return {
    viewers: each * CLIENTS,
    releases: Number(values.releases),
    releaseMs: { p50: rounded(percentile(latencies, 0.5), 1), p99: rounded(percentile(latencies, 0.99), 1), max: rounded(Math.max(...worst), 1) },
    originCpuMsPerRelease: rounded((1000 * cpu) / Number(values.releases), 1),
    bytesPerViewer: Math.round((heldBytes - before) / (each * CLIENTS)),
    rssMb: rounded(residentBytes(origin.pid) / 1e6),
  };
}

/** A live room without viewers, then the same with its poster asked for each second. */
async function posters(): Promise<unknown> {
  const room = 'live' as RoomId;
  const clip = await encodeClip(32, 0, { high: '1280x720', mid: '640x360', low: '320x180' }, { high: '2500k', mid: '600k' });
  const source = await ProgrammeSource.start(origin.programmeSocket, room, 1, clip);
  await delay(6000);
  const over = async (milliseconds: number, ask: boolean): Promise<number> => {
    const before = cpuSeconds(origin.pid, true);
    for (let left = milliseconds; left > 0; left -= 1000) {
      if (ask && (await origin.get(`/hls/${room}/poster.jpg`)).status !== 200) throw new Error('no poster');
      await delay(1000);
    }
    return (cpuSeconds(origin.pid, true) - before) / (milliseconds / 1000);
  };
  const without = await over(10_000, false);
  const asked = await over(10_000, true);
  source.kill();
  return { liveRoomCores: rounded(without, 3), withPosterCores: rounded(asked, 3), coreSecondsPerPoster: rounded(5 * (asked - without), 3) };
}

function cpuSeconds(pid: number, children = false): number {
  return scheduledSeconds(pid) + (children ? processorTimes(pid).childSeconds : 0);
}

async function ordered(client: ChildProcess, order: LoadOrder): Promise<LoadReport> {
  client.send(order);
  const [report] = (await once(client, 'message')) as [LoadReport];
  return report;
}

function answered(client: ChildProcess, kind: LoadReport['kind']): Promise<LoadReport> {
  return new Promise((resolve) => {
    const take = (report: LoadReport): void => {
      if (report.kind !== kind) return;
      client.off('message', take);
      resolve(report);
    };
    client.on('message', take);
  });
}
