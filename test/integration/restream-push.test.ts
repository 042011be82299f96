import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redactDestination } from '../../src/domain/destination.ts';
import type { NodeId, RestreamId, RoomId } from '../../src/domain/ids.ts';
import type { Restream } from '../../src/domain/restream.ts';
import { NodeClient } from '../../src/node-api/client.ts';
import type { NodeRecord } from '../../src/node-api/contract.ts';
import { OriginSource } from '../../src/restream/origin-source.ts';
import { runRestream, type RestreamParts } from '../../src/restream/restream-run.ts';
import { NodeRegistry } from '../../src/state/node-registry.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { RestreamStore } from '../../src/state/restream-store.ts';
import { RoomStore } from '../../src/state/room-store.ts';
import { makeProgramme, type FragmentedProgramme } from '../support/fragmented-programme.ts';
import { startPacedTail, type PacedTail } from '../support/paced-tail.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { freePort, startTestRtmp, type TestRtmp } from '../support/rtmp.ts';

const run = promisify(execFile);
const PART_MS = 533;
const folder = mkdtempSync(join(tmpdir(), 'tessera-push-'));
const room = 'show' as RoomId;
let server: TestRedis;
let redis: Redis;
let rtmp: TestRtmp;
let programme: FragmentedProgramme;
let tail: PacedTail;
let announced: { close(): Promise<void> }[];
let restreams: RestreamStore;
let parts: RestreamParts;
let handOver: AbortController;
let runs: Promise<void>[];
const client = new NodeClient({ internalSecret: undefined });

beforeAll(async () => {
  [server, rtmp, programme] = await Promise.all([
    startTestRedis(),
    startTestRtmp(),
    makeProgramme({ seconds: 60, colour: '#20c020', toneHz: 660, partMs: PART_MS }),
  ]);
  redis = connectRedis(server.url);
});
afterAll(async () => {
  client.close();
  redis?.disconnect();
  await Promise.all([server?.close(), rtmp?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

let n = 0;
beforeEach(async () => {
  await redis.flushall();
  const runDir = mkdtempSync(join(folder, 'run-'));
  tail = await startPacedTail(runDir, programme, PART_MS);
  restreams = new RestreamStore(redis);
  const registry = new NodeRegistry(redis);
  const rooms = new RoomStore(redis);
  const node = (role: NodeRecord['role'], url: string): NodeRecord => ({
    id: `m-${role}` as NodeId, machine: 'm', role, region: 'default', url, pid: process.pid, startedAt: '', load: 0, used: 0, capacity: 1, version: '',
  });
  announced = [registry.announce(() => node('origin', tail.url)), registry.announce(() => node('ingest', 'unix:/nowhere'))];
  await rooms.create({ id: room, name: 'Show', createdAt: '', layout: { preset: 'grid' }, overlays: { labels: true }, video: { width: 320, height: 180, frameRate: 30 }, access: 'open', autoRecord: false, node: 'm-ingest' as NodeId });
  parts = { restreams, events: { publish: () => undefined }, source: new OriginSource(registry, rooms, client), allowPrivate: true, runDir, retry: { firstMs: 100, mostMs: 500 }, log: pino({ level: 'silent' }) };
  handOver = new AbortController();
  runs = [];
});
afterEach(async () => {
  handOver.abort(new Error('the test is over'));
  await Promise.allSettled(runs);
  await Promise.all(announced.map((a) => a.close()));
  await tail.close();
  await expect.poll(() => children().filter((c) => /^\S*ffmpeg /.test(c)), { timeout: 5000 }).toEqual([]);
  expect(readdirSync(parts.runDir).filter((f) => f.endsWith('.preset'))).toEqual([]);
});

async function push(url: string, change: Partial<RestreamParts> = {}): Promise<RestreamId> {
  const id = `push-${++n}` as RestreamId;
  await restreams.create({ id, room, url: redactDestination(url), rendition: 'high', status: 'connecting', bytesSent: 0, createdAt: new Date().toISOString() }, url);
  const running = runRestream(id, { ...parts, ...change }, handOver.signal);
  running.catch(() => undefined);
  runs.push(running);
  return id;
}

const status = async (id: RestreamId): Promise<Restream['status'] | undefined> => (await restreams.get(id))?.status;
const becomes = (id: RestreamId, wanted: Restream['status'], timeout = 10_000): Promise<void> => expect.poll(() => status(id), { timeout, interval: 100 }).toBe(wanted);

/** Command lines of this process's children. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    const pids = readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter((p) => p !== '');
    return pids.map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
  });
}

interface Received {
  streams: { codec_name: string; width?: number; sample_rate?: string; nb_read_frames: string }[];
}
/** Decodes every frame: a stream that only looks right does not pass. */
async function decode(path: string): Promise<Received> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-count_frames', '-show_entries', 'stream=codec_name,width,sample_rate,nb_read_frames', '-of', 'json', path], { timeout: 20_000, killSignal: 'SIGKILL' });
  return JSON.parse(stdout) as Received;
}

async function averageColour(path: string): Promise<number[]> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', path, '-frames:v', '1', '-vf', 'scale=1:1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], { encoding: 'buffer', timeout: 20_000, killSignal: 'SIGKILL' });
  return [...stdout];
}

function expectProgramme(received: Received, leastSeconds: number): void {
  const video = received.streams.find((s) => s.codec_name === 'h264');
  const audio = received.streams.find((s) => s.codec_name === 'aac');
  expect(video?.width).toBe(320);
  expect(audio?.sample_rate).toBe('48000');
  expect(Number(video?.nb_read_frames)).toBeGreaterThan(leastSeconds * 30);
  expect(Number(audio?.nb_read_frames)).toBeGreaterThan(leastSeconds * 46);
}

describe('restreaming', () => {
  it('delivers a decodable stream by RTMP, keeps the key out of sight, and says goodbye when stopped', async () => {
    const id = await push(`${rtmp.url('key-one')}?token=a=b`);
    await becomes(id, 'live');
    await expect.poll(async () => (await restreams.get(id))?.bytesSent, { timeout: 10_000 }).toBeGreaterThan(40_000);
    const commands = children().filter((c) => /^\S*ffmpeg /.test(c));
    expect(commands).toHaveLength(1);
    expect(commands[0]).not.toContain('key-one');

    const before = Date.now();
    await restreams.requestStop(id);
    await runs[0];
    expect(Date.now() - before).toBeLessThan(3500);
    expect(await status(id)).toBe('stopped');
    expect(await restreams.secretUrl(id)).toBeUndefined();
    expect(rtmp.log()).toContain("publish: name='key-one' args='token=a=b'");
    await expect.poll(() => rtmp.log()).toContain('deleteStream');
    expectProgramme(await decode(rtmp.recording('key-one')), 2);
    const [red, green, blue] = await averageColour(rtmp.recording('key-one'));
    expect(green).toBeGreaterThan(150);
    expect(Math.max(red!, blue!)).toBeLessThan(70);
  });

  it('comes back when its server was away, while its neighbour never notices', async () => {
    const other = await startTestRtmp();
    try {
      const [id, neighbour] = [await push(rtmp.url('key-two')), await push(other.url('key-three'))];
      await Promise.all([becomes(id, 'live'), becomes(neighbour, 'live')]);
      const before = (await restreams.get(neighbour))!.bytesSent;
      await rtmp.kill();
      await becomes(id, 'reconnecting');
      expect((await restreams.get(id))?.lastError).toMatch(/^The destination (ended the connection|refuses connections)\.$/);
      expect(await status(neighbour)).toBe('live');
      await rtmp.start();
      await becomes(id, 'live');
      expect((await restreams.get(id))?.lastError).toBeUndefined();
      await expect.poll(async () => (await restreams.get(neighbour))!.bytesSent, { timeout: 5000 }).toBeGreaterThan(before + 10_000);
      expect(other.log().match(/publish: name='key-three'/g)).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('goes on when the origin was replaced, and ends with the programme', async () => {
    const id = await push(rtmp.url('key-four'));
    await becomes(id, 'live');
    tail.cut();
    await becomes(id, 'reconnecting');
    await becomes(id, 'live');
    tail.endProgramme();
    await becomes(id, 'stopped');
  });

  it('gives up on a destination that never answers', async () => {
    const id = await push(`rtmp://127.0.0.1:${await freePort()}/live/key`);
    await becomes(id, 'failed');
    expect(await restreams.get(id)).toMatchObject({ bytesSent: 0, lastError: 'The destination refuses connections.' });
    expect(await restreams.secretUrl(id)).toBeUndefined();
  });

  it.each(['rtmp://127.0.0.1/live/key', 'rtmp://localhost/live/key', 'rtmp://[::1]/live/key', 'rtmp://2130706433/live/key', 'rtmp://0x7f.1/live/key', 'srt://169.254.169.254:9000'])(
    'does not touch %s unless the operator allows it',
    async (url) => {
      const id = await push(url, { allowPrivate: false });
      await becomes(id, 'failed');
      expect((await restreams.get(id))?.lastError).toBe('The destination is a private or local address.');
      expect(tail.connections()).toBe(0);
    },
  );

  it('does not trust a certificate that nobody vouches for', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { timeout: 20_000 });
    const secure = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (s) => s.on('error', () => undefined));
    secure.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const { port } = secure.address() as { port: number };
    try {
      const id = await push(`rtmps://localhost:${port}/live/key`, { retry: { firstMs: 10, mostMs: 20 } });
      await becomes(id, 'failed');
      expect((await restreams.get(id))?.lastError).toBe("The destination's certificate is not valid.");
    } finally {
      secure.close();
    }
  });

  it('waits for a programme without blaming anybody', async () => {
    await tail.close();
    const id = await push(rtmp.url('key-five'));
    await expect.poll(() => status(id), { timeout: 3000 }).toBe('connecting');
    await restreams.requestStop(id);
    await becomes(id, 'stopped');
  });

  it('ends at once when it is told of a change, without waiting for its next look', async () => {
    let told: (() => void) | undefined;
    const watch: RestreamParts['watch'] = (_id, changed) => {
      told = changed;
      return () => (told = undefined);
    };
    const id = await push(`rtmp://127.0.0.1:${await freePort()}/live/nobody-listens`, { watch, retry: { firstMs: 60_000, mostMs: 60_000 } });
    await becomes(id, 'reconnecting');

    const before = performance.now();
    await restreams.requestStop(id);
    told?.();
    await runs[0];

    expect(performance.now() - before).toBeLessThan(400);
    expect(await status(id)).toBe('stopped');
    expect(told).toBeUndefined();
  });

  it('hands over in the middle: the successor goes on and counts on', async () => {
    const id = await push(rtmp.url('key-six'));
    await becomes(id, 'live');
    handOver.abort(new Error('closing'));
    await expect(runs[0]).rejects.toThrow('closing');
    const before = (await restreams.get(id))!;
    expect(before.bytesSent).toBeGreaterThan(10_000);
    expect(await restreams.secretUrl(id)).toBeDefined();
    handOver = new AbortController();
    runs = [runRestream(id, parts, handOver.signal)];
    runs[0]!.catch(() => undefined);
    await expect.poll(async () => (await restreams.get(id))!.bytesSent, { timeout: 10_000 }).toBeGreaterThan(before.bytesSent + 10_000);
    expect(await status(id)).toBe('live');
  });

  it('delivers by SRT to a listener, with its stream id and passphrase, while it notices a server that takes no data', async () => {
    const silent = createServer((s) => s.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const stuck = await push(`rtmp://127.0.0.1:${(silent.address() as { port: number }).port}/live/key`);
    const noticed = becomes(stuck, 'reconnecting', 20_000).then(async () => (await restreams.get(stuck))?.lastError);
    noticed.catch(() => undefined); // awaited below
    const port = await freePort();
    const path = join(folder, 'srt.ts');
    const listener = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-i', `srt://127.0.0.1:${port}?mode=listener&passphrase=a-test-passphrase&pbkeylen=16`, '-c', 'copy', '-f', 'mpegts', path], { stdio: 'ignore' });
    try {
      const url = `srt://127.0.0.1:${port}?streamid=%23!::r=show,m=publish&passphrase=a-test-passphrase&pbkeylen=16`;
      const id = await push(url, { retry: { firstMs: 300, mostMs: 500 } });
      await becomes(id, 'live', 15_000);
      expect(children().filter((c) => c.includes('mode=caller')).join()).not.toMatch(/passphrase|show/);
      await expect.poll(async () => (await restreams.get(id))?.bytesSent, { timeout: 15_000 }).toBeGreaterThan(60_000);
      await restreams.requestStop(id);
      await becomes(id, 'stopped');
      await expect.poll(() => existsSync(path)).toBe(true);
      expect(await noticed).toBe('The destination took no data for 10 s.');
    } finally {
      handOver.abort(new Error('done'));
      silent.close();
      const exited = listener.exitCode === null ? new Promise((resolve) => listener.once('exit', resolve)) : Promise.resolve();
      listener.kill('SIGTERM');
      const timer = setTimeout(() => listener.kill('SIGKILL'), 2000);
      await exited;
      clearTimeout(timer);
    }
    expectProgramme(await decode(path), 2);
  }, 60_000);
});
