/** The mixer role with a real Redis: jobs, epochs, warm spares, and what happens when a process dies. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { repoRoot } from '../../src/config/paths.ts';
import type { NodeId, ParticipantId, RecordingId } from '../../src/domain/ids.ts';
import { nearestVideoFrame } from '../../src/domain/programme-time.ts';
import { roomImageKey } from '../../src/domain/room-image.ts';
import type { RoomDocument } from '../../src/domain/room.ts';
import { Queues } from '../../src/queue/queues.ts';
import { EventPublisher } from '../../src/state/events.ts';
import { keys } from '../../src/state/keys.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { RecordingStore } from '../../src/state/recording-store.ts';
import { RoomStore } from '../../src/state/room-store.ts';
import { FilesystemStore } from '../../src/storage/filesystem-store.ts';
import { decodeUnitPictures, MixerRig, plainPicture, RIG_ROOM } from '../support/mixer-rig.ts';
import { isAlive, processTree, waitFor } from '../support/process.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const NODE = 'rig-node' as NodeId;
const red = plainPicture(640, 360, 81, 90, 240);
const rig = new MixerRig();
const workers = new Set<ChildProcess>();
let server: TestRedis;
let redis: Redis;
let rooms: RoomStore;
let queues: Queues;

function startWorker(): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', join(repoRoot, 'workers/mixer.ts')], {
    cwd: repoRoot,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      TESSERA_REDIS_URL: server.url,
      TESSERA_RUN_DIR: rig.dir,
      TESSERA_DATA_DIR: join(rig.dir, 'data'),
      TESSERA_NODE_ID: NODE,
      TESSERA_LOG_LEVEL: 'warn',
    },
  });
  workers.add(child);
  return child;
}

/** The mixer processes below a worker, by whether they have a room. */
function mixersOf(worker: ChildProcess): { mixing: number[]; spare: number[] } {
  const titles = processTree(worker.pid as number).map((pid) => {
    const path = `/proc/${pid}/cmdline`;
    return { pid, title: existsSync(path) ? readFileSync(path, 'utf8').replace(/\0/g, ' ').trim() : '' };
  });
  return {
    mixing: titles.filter((t) => t.title.startsWith(`tessera-mixer ${RIG_ROOM}`)).map((t) => t.pid),
    spare: titles.filter((t) => t.title.startsWith('tessera-mixer (spare)')).map((t) => t.pid),
  };
}

function unitsOf(epoch: number): bigint | undefined {
  return rig.programme.units.find((u) => u.epoch === epoch && u.track === 'video:high')?.arrivedNs;
}

/** A green picture, uploaded to the room, and one that is lost. */
async function uploadImages(): Promise<RoomDocument['images']> {
  const canvas = createCanvas(64, 64);
  const context = canvas.getContext('2d');
  context.fillStyle = '#00ff00';
  context.fillRect(0, 0, 64, 64);
  const png = canvas.toBuffer('image/png');
  await new FilesystemStore(join(rig.dir, 'data/objects')).put(roomImageKey(RIG_ROOM, { name: 'logo' }), png, { contentType: 'image/png' });
  const image = { contentType: 'image/png', width: 64, height: 64, bytes: png.length, sha256: createHash('sha256').update(png).digest('hex') } as const;
  return [
    { name: 'logo', ...image },
    { name: 'lost', ...image },
  ];
}

/** Colours of the programme's last picture at places in fractions of it, `r,g,b`. */
async function coloursNow(places: readonly [x: number, y: number][]): Promise<number[][]> {
  const units = rig.programme.track('video:high');
  const from = units.findLastIndex((u) => u.key);
  const init = rig.programme.inits.get('video:high');
  if (!init || from < 0) throw new Error('no picture yet');
  const last = (await decodeUnitPictures(init, units.slice(from), 320, 180)).at(-1) as Buffer;
  return places.map(([x, y]) => [...last.subarray((Math.floor(y * 180) * 320 + Math.floor(x * 320)) * 3).subarray(0, 3)]);
}

beforeAll(async () => {
  server = await startTestRedis();
  await rig.open();
  redis = connectRedis(server.url);
  rooms = new RoomStore(redis);
  queues = new Queues(server.url);
  const { id, layout, overlays, video } = rig.room();
  const document: RoomDocument = { id, name: 'rig', createdAt: new Date().toISOString(), layout, overlays, video, access: 'open', autoRecord: false };
  await rooms.create(document);
  rig.feeds.add(() => red);
  rig.feeds.startSound(() => 0);
});

afterEach(() => {
  rig.programme.units.splice(0, Math.max(0, rig.programme.units.length - 200));
});

afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await queues.close();
  redis.disconnect();
  await rig.close();
  await server.close();
});

describe('the mixer role', () => {
  it('mixes on without a new epoch while Redis is away for longer than a lock lasts, and holds the job again afterwards', async () => {
    const worker = startWorker();
    await rooms.setMixWanted(RIG_ROOM, true);
    await queues.add('mix', `mix-${RIG_ROOM}`, { room: RIG_ROOM }, NODE);
    await waitFor('running', async () => (await rooms.mix(RIG_ROOM)).status === 'running', { timeoutMs: 15_000 });
    const before = await rooms.mix(RIG_ROOM);
    const [child] = mixersOf(worker).mixing;

    process.kill(server.pid, 'SIGSTOP');
    const awayNs = process.hrtime.bigint();
    await pause(7000);
    process.kill(server.pid, 'SIGCONT');
    await pause(13_000); // longer than a lost lock is waited for

    const times = rig.programme.units.filter((u) => u.track === 'video:high' && u.arrivedNs > awayNs).map((u) => Number(u.arrivedNs) / 1e6);
    const longestMs = Math.max(...times.slice(1).map((t, i) => t - (times[i] as number)));
    expect(mixersOf(worker).mixing).toEqual([child]);
    expect((await rooms.mix(RIG_ROOM)).epoch).toBe(before.epoch);
    expect(longestMs).toBeLessThan(500);
    expect(times.length).toBeGreaterThan(0.9 * 20 * 30);
    const jobs = await queues.queue('mix', NODE).getActive();
    expect(jobs.map((j) => j.id)).toEqual([`mix-${RIG_ROOM}`]);

    // an origin that has seen higher epochs than Redis remembers
    expect(await rooms.nextEpoch(RIG_ROOM, 41)).toBe(42);

    await rooms.setMixWanted(RIG_ROOM, false);
    await waitFor('idle', async () => (await rooms.mix(RIG_ROOM)).status === 'idle', { timeoutMs: 4000 });
    const tree = processTree(worker.pid as number);
    worker.kill('SIGTERM');
    await waitFor('the worker to end', () => !tree.some(isAlive), { timeoutMs: 5000 });
    await redis.del(keys.epoch(RIG_ROOM), keys.mix(RIG_ROOM));
    rig.programme.units.length = 0;
  }, 60_000);

  it('starts a mix from a warm spare, replaces a killed mixer, outlives a killed worker, and ends when it should', async () => {
    const first = startWorker();
    await waitFor('a warm spare', () => mixersOf(first).spare.length === 1, { timeoutMs: 15_000 });
    await pause(700); // it builds its graph

    // start
    const askedNs = process.hrtime.bigint();
    await rooms.setMixWanted(RIG_ROOM, true);
    await queues.add('mix', `mix-${RIG_ROOM}`, { room: RIG_ROOM }, NODE);
    const firstNs = await waitFor('the first unit', () => unitsOf(1), { intervalMs: 10 });
    const startMs = Number(firstNs - askedNs) / 1e6;
    await waitFor('running', async () => (await rooms.mix(RIG_ROOM)).status === 'running');

    // overlays: an uploaded picture (and one that is lost), the badge of a recording, a caption; and what the publisher is asked for
    const images = await uploadImages();
    await rooms.update(RIG_ROOM, (room) => ({
      ...room,
      ...(images ? { images } : {}),
      overlays: { labels: false, watermark: { image: 'logo', corner: 'topLeft', opacity: 1, scale: 0.1 }, background: { image: 'lost' }, captions: true, recordingBadge: true },
    }));
    const tell = new EventPublisher(redis);
    tell.publish({ type: 'roomChanged', room: RIG_ROOM });
    await waitFor('the uploaded picture', async () => ((await coloursNow([[0.06, 0.1]]))[0]?.[1] ?? 0) > 200, { timeoutMs: 4000, intervalMs: 100 });
    expect(readdirSync(rig.dir).filter((name) => name.startsWith(`images-${RIG_ROOM}-`))).toHaveLength(1);
    const isRed = ([r = 0, g = 0, b = 0]: number[]): boolean => r > 200 && g < 60 && b < 60;
    const places: [number, number][] = [[0.93, 0.06], [0.5, 0.92]];
    expect((await coloursNow(places)).map(isRed)).toEqual([true, true]);
    const recording = 'rec-rig' as RecordingId;
    await new RecordingStore(redis).create({ id: recording, room: RIG_ROOM, name: '', rendition: 'high', status: 'recording', startedAt: new Date().toISOString(), durationMs: 0, gaps: [], files: [] });
    tell.publish({ type: 'recordingChanged', room: RIG_ROOM, recording });
    tell.publish({ type: 'caption', room: RIG_ROOM, caption: { text: 'Good evening', durationMs: 5000 } });
    await waitFor('the badge and the caption', async () => (await coloursNow(places)).every((colour) => !isRed(colour)), { timeoutMs: 4000, intervalMs: 100 });
    expect(await rooms.uplink(RIG_ROOM, 'p1' as ParticipantId)).toMatchObject([{ source: 'camera', width: 1280, height: 720, shown: true }]);
    await new RecordingStore(redis).delete(recording);

    // a killed mixer
    await waitFor('another spare', () => mixersOf(first).spare.length === 1, { timeoutMs: 15_000 });
    await pause(1000);
    const [victim] = mixersOf(first).mixing;
    const killedNs = process.hrtime.bigint();
    process.kill(victim as number, 'SIGKILL');
    const secondNs = await waitFor('the second epoch', () => unitsOf(2), { intervalMs: 10 });
    const replaceMs = Number(secondNs - killedNs) / 1e6;
    await waitFor('running again', async () => {
      const mix = await rooms.mix(RIG_ROOM);
      return mix.status === 'running' && mix.epoch === 2;
    });
    const frames = rig.programme.units.filter((u) => u.track === 'video:high').map((u) => ({ epoch: u.epoch, frame: nearestVideoFrame(u.ptsNs, 30) }));
    const lastOld = Math.max(...frames.filter((f) => f.epoch === 1).map((f) => f.frame));
    const firstNew = Math.min(...frames.filter((f) => f.epoch === 2).map((f) => f.frame));

    // a stopped mixer
    await pause(3000);
    const [stopped] = mixersOf(first).mixing;
    process.kill(stopped as number, 'SIGSTOP');
    await waitFor('the third epoch', () => unitsOf(3), { timeoutMs: 8000, intervalMs: 10 });
    expect(isAlive(stopped as number)).toBe(false);

    // a killed worker
    const second = startWorker();
    await waitFor('the second worker', () => mixersOf(second).spare.length === 1, { timeoutMs: 15_000 });
    await pause(1000);
    const orphans = processTree(first.pid as number).filter((pid) => pid !== first.pid);
    const workerKilledNs = process.hrtime.bigint();
    first.kill('SIGKILL');
    const fourthNs = await waitFor('the fourth epoch', () => unitsOf(4), { timeoutMs: 10_000, intervalMs: 10 });
    const takeoverMs = Number(fourthNs - workerKilledNs) / 1e6;
    expect(orphans.filter(isAlive)).toEqual([]);

    // the end
    await rooms.setMixWanted(RIG_ROOM, false);
    new EventPublisher(redis).publish({ type: 'mixWantedChanged', room: RIG_ROOM });
    await waitFor('idle', async () => (await rooms.mix(RIG_ROOM)).status === 'idle', { timeoutMs: 3000 });
    expect(mixersOf(second).mixing).toEqual([]);
    expect(readdirSync(rig.dir).filter((name) => name.startsWith('images-'))).toEqual([]);

    const closing = performance.now();
    const tree = processTree(second.pid as number);
    second.kill('SIGTERM');
    await waitFor('the worker to end', () => !tree.some(isAlive), { timeoutMs: 5000 });
    console.info('ms:', JSON.stringify({ start: Math.round(startMs), replace: Math.round(replaceMs), hole: (firstNew - lastOld) * 33, takeover: Math.round(takeoverMs), close: Math.round(performance.now() - closing) }));
    expect(startMs).toBeLessThan(3000);
    expect(replaceMs).toBeLessThan(2000);
    expect(firstNew).toBeGreaterThan(lastOld);
    expect(takeoverMs).toBeLessThan(3000);
  });
});
