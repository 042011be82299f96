/**
 * What a WHEP viewer costs: an edge process alone, fed with a ready-made programme, and K counting viewers in other processes
 * that report loss, bandwidth and lost packets as browsers do; in turns with Debian's Janus (streaming plugin, two event loops)
 * sending the same packets to the same viewers.
 *
 * `npm run bench:edge -- [--mid 80] [--low 160] [--seconds 6] [--rounds 2] [--joins-per-second 40] [--feedback-ms 333] [--without-janus]`; one JSON
 * object on stdout. 0 viewers leave a rendition out.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { repoRoot } from '../../src/config/paths.ts';
import { programmeSocketPath } from '../../src/media/programme-protocol.ts';
import { NodeClient } from '../../src/node-api/client.ts';
import { NODE_PATHS, type SessionAnswer } from '../../src/node-api/contract.ts';
import type { SessionId } from '../../src/domain/ids.ts';
import { encodeOpusLoop, encodeVideoLoop } from './support/encoded-loop.ts';
import { JANUS_MISSING, janusIsThere, startJanus, type Janus } from './support/janus.ts';
import { processorTimes, proportionalBytes, threadCount, type ProcessorTimes } from './support/process-cost.ts';
import { sendProgrammeRtp } from './support/programme-rtp.ts';
import { ProgrammeSource } from './support/programme-source.ts';
import { ViewerCrowd } from './support/viewer-crowd.ts';

const ROOM = 'bench';
const RENDITIONS = ['mid', 'low'] as const;
type Measured = (typeof RENDITIONS)[number];
/** As asked for of one process. */
const BARS: Record<Measured, number> = { mid: 500, low: 1300 };

const WARM_UP_VIEWERS = 30;
const WARM_UP_SECONDS = 2;

const { values } = parseArgs({
  options: {
    mid: { type: 'string', default: '80' },
    low: { type: 'string', default: '160' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '2' },
    'feedback-ms': { type: 'string', default: '333' },
    'joins-per-second': { type: 'string', default: '40' },
    'without-janus': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const counts: Record<Measured, number> = { mid: Number(values.mid), low: Number(values.low) };
const withJanus = !values['without-janus'];
if (withJanus && !janusIsThere()) {
  process.stderr.write(`${JANUS_MISSING}\n`);
  process.exit(2);
}

interface Phase {
  viewersPerCore: number;
  cores: number;
  systemShare: number;
  packetsPerSecondEach: number;
  bitrateBpsEach: number;
  microsecondsPerPacket: number;
  missing: number;
  asked: number;
  repaired: number;
  firstPictureMs: { p50: number; p95: number };
}

const folder = mkdtempSync(join(tmpdir(), 'tsr-bench-'));
const children: ChildProcess[] = [];
const crowd = new ViewerCrowd();
const client = new NodeClient({ internalSecret: undefined });
const udpPort = randomInt(45_000, 47_000);
let janus: Janus | undefined;
let exitCode = 0;
try {
  const redis = spawn('redis-server', ['--port', '0', '--unixsocket', join(folder, 'redis.sock'), '--dir', folder, '--save', ''], { stdio: 'ignore' });
  children.push(redis);
  const [mid, low, opus, opusLow] = await Promise.all([
    encodeVideoLoop('testsrc2', 640, 360, 600_000),
    encodeVideoLoop('testsrc2', 320, 180, 120_000, 'null', 15),
    encodeOpusLoop('sine=frequency=440', 96_000),
    encodeOpusLoop('sine=frequency=440', 28_000, true),
  ]);
  const path = programmeSocketPath(folder);
  const source = new ProgrammeSource({ path, room: ROOM, mid: { video: mid, width: 640, height: 360, bitrateBps: 600_000 }, low: { video: low, width: 320, height: 180, bitrateBps: 120_000 }, opus, opusLow });
  await source.start();
  const edge = await startEdge();
  await crowd.start(2, Number(values['feedback-ms']));
  const idleCores = await coresOver(edge.pid as number, 2);
  const idleBytes = proportionalBytes(edge.pid as number);
  const [ports] = [randomInt(47_001, 48_000)];
  if (withJanus) {
    const mountpoints = [
      { id: 1, videoPort: ports, audioPort: ports + 2 },
      { id: 2, videoPort: ports + 4, audioPort: ports + 6 },
    ];
    janus = await startJanus(folder, mountpoints, [48_100, 58_000]);
    await sendProgrammeRtp(path, ROOM, {
      'video:mid': { port: ports, payloadType: 96 },
      'audio:opus': { port: ports + 2, payloadType: 111 },
      'video:low': { port: ports + 4, payloadType: 96 },
      'audio:opus-low': { port: ports + 6, payloadType: 111 },
    });
    await delay(300);
  }
  const janusIdleCores = janus && (await coresOver(janus.pid, 2));

  // A process just started still compiles its JavaScript: that is not what a viewer costs.
  for (const rendition of RENDITIONS) await edgePhase(edge, rendition, WARM_UP_VIEWERS, WARM_UP_SECONDS);

  const results: Partial<Record<Measured, { edge: Phase[]; janus: Phase[] }>> = {};
  for (const rendition of RENDITIONS) {
    const count = counts[rendition];
    if (count === 0) continue;
    const phases: { edge: Phase[]; janus: Phase[] } = { edge: [], janus: [] };
    results[rendition] = phases;
    for (let round = 0; round < Number(values.rounds); round++) {
      phases.edge.push(await edgePhase(edge, rendition, count, seconds));
      if (janus) phases.janus.push(await janusPhase(janus, rendition, count, seconds));
    }
  }

  const summary = Object.fromEntries(
    Object.entries(results).map(([rendition, phases]) => {
      const edgePerCore = mean(phases.edge.map((p) => p.viewersPerCore));
      const janusPerCore = phases.janus.length > 0 ? mean(phases.janus.map((p) => p.viewersPerCore)) : undefined;
      return [
        rendition,
        {
          viewers: counts[rendition as Measured],
          viewersPerCore: Math.round(edgePerCore),
          bar: BARS[rendition as Measured],
          ...(janusPerCore === undefined ? {} : { janusViewersPerCore: Math.round(janusPerCore), ratioToJanus: round(edgePerCore / janusPerCore, 2) }),
          ...phases,
        },
      ];
    }),
  );
  console.log(
    JSON.stringify({
      benchmark: 'edge',
      ...summary,
      idle: { cores: round(idleCores, 4), pssBytes: idleBytes, ...(janusIdleCores === undefined ? {} : { janusCores: round(janusIdleCores, 4) }) },
      after: { pssBytes: proportionalBytes(edge.pid as number), threads: threadCount(edge.pid as number) },
    }),
  );
  await source.close();
} catch (error) {
  process.stderr.write(`${String((error as Error).stack)}\n`);
  exitCode = 1;
} finally {
  client.close();
  crowd.close();
  janus?.close();
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
process.exit(exitCode);

async function startEdge(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'workers/edge.ts'], {
    cwd: repoRoot,
    env: {
      ...process.env,
      TESSERA_RUN_DIR: folder,
      TESSERA_DATA_DIR: folder,
      TESSERA_REDIS_URL: `unix:${join(folder, 'redis.sock')}`,
      TESSERA_EDGE_UDP_PORT: String(udpPort),
      TESSERA_EDGE_MAX_VIEWERS: String(Math.max(counts.mid, counts.low, WARM_UP_VIEWERS) + 1),
      TESSERA_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  children.push(child);
  await new Promise((resolve) => child.once('message', resolve));
  return child;
}

async function edgePhase(edge: ChildProcess, rendition: Measured, count: number, forSeconds: number): Promise<Phase> {
  const url = `unix:${folder}/edge.sock`;
  const sessions: SessionId[] = [];
  await crowd.join(count, Number(values['joins-per-second']), async (index) => {
    const session = randomBytes(12).toString('hex') as SessionId;
    const offer = await crowd.offer(index);
    crowd.asks(index);
    const { answer } = await client.call<SessionAnswer>(url, 'POST', NODE_PATHS.whep, { session, room: ROOM, offer, rendition, audio: true }, 20_000);
    sessions.push(session);
    crowd.answer(index, answer);
  });
  const phase = await measure(edge.pid as number, count, forSeconds);
  await Promise.all(sessions.map((session) => client.call(url, 'DELETE', NODE_PATHS.session(session)).catch(() => undefined)));
  await leave();
  return phase;
}

async function janusPhase({ pid, watch, leave: detach }: Janus, rendition: Measured, count: number, forSeconds: number): Promise<Phase> {
  const handles: number[] = [];
  await crowd.join(count, Number(values['joins-per-second']), async (index) => {
    crowd.asks(index);
    handles.push(await watch(rendition === 'mid' ? 1 : 2, (offer) => crowd.take(index, offer)));
  });
  const phase = await measure(pid, count, forSeconds);
  await Promise.all(handles.map((handle) => detach(handle).catch(() => undefined)));
  await leave();
  return phase;
}

async function leave(): Promise<void> {
  crowd.leave();
  await delay(700);
}

async function measure(pid: number, count: number, forSeconds: number): Promise<Phase> {
  await delay(800); // starts from the cache, and their reports, are over
  const before = await crowd.totals();
  const from = processorTimes(pid);
  const startedMs = performance.now();
  await delay(forSeconds * 1000);
  const to = processorTimes(pid);
  const after = await crowd.totals();
  const elapsed = (performance.now() - startedMs) / 1000;
  const first = await crowd.firstPicturesMs();
  if (after.connected < count || first.length < count) process.stderr.write(`connected ${after.connected}, with a picture ${first.length}, of ${count}\n`);
  const used = total(to) - total(from);
  const packets = after.packets - before.packets;
  return {
    viewersPerCore: Math.round(after.connected / (used / elapsed)),
    cores: round(used / elapsed, 3),
    systemShare: round((to.systemSeconds - from.systemSeconds) / used, 2),
    packetsPerSecondEach: round(packets / elapsed / count, 1),
    bitrateBpsEach: Math.round((8 * (after.bytes - before.bytes)) / elapsed / count),
    microsecondsPerPacket: round((1e6 * used) / packets, 2),
    missing: after.missing - before.missing,
    asked: after.asked - before.asked,
    repaired: after.repaired - before.repaired,
    firstPictureMs: { p50: Math.round(first[Math.floor(first.length / 2)] ?? 0), p95: Math.round(first[Math.floor(first.length * 0.95)] ?? 0) },
  };
}

async function coresOver(pid: number, forSeconds: number): Promise<number> {
  const from = total(processorTimes(pid));
  const startedMs = performance.now();
  await delay(forSeconds * 1000);
  return (total(processorTimes(pid)) - from) / ((performance.now() - startedMs) / 1000);
}

function total({ userSeconds, systemSeconds }: ProcessorTimes): number {
  return userSeconds + systemSeconds;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
