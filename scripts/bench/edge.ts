/**
 * What a WHEP viewer costs: an edge process alone, fed with a ready-made programme of 670 kbit/s, and K counting viewers in
 * another process. `npx tsx scripts/bench/edge.ts [--viewers 50] [--seconds 10]`; one JSON object on stdout.
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
import type { SessionAnswer } from '../../src/node-api/contract.ts';
import { encodeOpusLoop, encodeVideoLoop } from './support/encoded-loop.ts';
import { processorSeconds, proportionalBytes } from './support/process-cost.ts';
import { ProgrammeSource } from './support/programme-source.ts';
import type { ViewerTotals } from './support/whep-viewers.ts';

const { values } = parseArgs({ options: { viewers: { type: 'string', default: '50' }, seconds: { type: 'string', default: '10' } } });
const count = Number(values.viewers);
const seconds = Number(values.seconds);
const folder = mkdtempSync(join(tmpdir(), 'tsr-bench-'));
const children: ChildProcess[] = [];
const node = (script: string, env: Record<string, string>): ChildProcess => {
  const child = spawn(process.execPath, ['--import', 'tsx', script], { cwd: repoRoot, env: { ...process.env, ...env }, stdio: ['ignore', 2, 2, 'ipc'] });
  children.push(child);
  return child;
};

const redis = spawn('redis-server', ['--port', '0', '--unixsocket', join(folder, 'redis.sock'), '--dir', folder, '--save', ''], { stdio: 'ignore' });
children.push(redis);
try {
  const mid = await encodeVideoLoop('testsrc2', 640, 360, 600_000);
  const source = new ProgrammeSource({ path: programmeSocketPath(folder), room: 'bench', mid: { video: mid, width: 640, height: 360, bitrateBps: 600_000 }, opus: await encodeOpusLoop('sine=frequency=440', 64_000) });
  await source.start();
  const edge = node('workers/edge.ts', {
    TESSERA_RUN_DIR: folder,
    TESSERA_DATA_DIR: folder,
    TESSERA_REDIS_URL: `unix:${join(folder, 'redis.sock')}`,
    TESSERA_EDGE_UDP_PORT: String(randomInt(45_000, 60_000)),
    TESSERA_EDGE_MAX_VIEWERS: String(count + 1),
    TESSERA_LOG_LEVEL: 'warn',
  });
  await new Promise((resolve) => edge.once('message', resolve));
  const idle = proportionalBytes(edge.pid as number);

  const viewers = node('scripts/bench/support/whep-viewers.ts', {});
  const client = new NodeClient({ internalSecret: undefined });
  let totals: ViewerTotals | undefined;
  await new Promise<void>((resolve, reject) => {
    let answered = 0;
    viewers.on('message', (message: { ready?: true; offer?: number; sdp?: string; totals?: ViewerTotals }) => {
      if (message.ready) for (let i = 0; i < count; i++) viewers.send({ join: i });
      if (message.totals) totals = message.totals;
      if (message.offer === undefined) return;
      const body = { session: randomBytes(12).toString('hex'), room: 'bench', offer: message.sdp, rendition: 'mid', audio: true };
      client.call<SessionAnswer>(`unix:${folder}/edge.sock`, 'POST', '/whep', body, 20_000).then(({ answer }) => {
        viewers.send({ answer: message.offer, sdp: answer });
        if (++answered === count) resolve();
      }, reject);
    });
  });
  const report = async (): Promise<ViewerTotals> => {
    totals = undefined;
    viewers.send({ report: true });
    while (!totals) await delay(10);
    return totals;
  };
  for (let i = 0; i < 100 && (await report()).connected < count; i++) await delay(100);
  await delay(1000);

  const before = await report();
  const cpu = processorSeconds(edge.pid as number);
  const startedMs = performance.now();
  await delay(seconds * 1000);
  const cores = (processorSeconds(edge.pid as number) - cpu) / ((performance.now() - startedMs) / 1000);
  const after = await report();
  const elapsed = (performance.now() - startedMs) / 1000;
  const packetsPerSecond = (after.packets - before.packets) / elapsed / count;
  console.log(
    JSON.stringify({
      benchmark: 'edge',
      viewers: count,
      connected: after.connected,
      packetsPerSecondEach: Math.round(packetsPerSecond * 10) / 10,
      bitrateBpsEach: Math.round((8 * (after.bytes - before.bytes)) / elapsed / count),
      missing: after.missing - before.missing,
      cores: Math.round(cores * 1000) / 1000,
      coresPerViewer: Math.round((cores / count) * 1e6) / 1e6,
      viewersPerCore: Math.round(count / cores),
      pssBytes: proportionalBytes(edge.pid as number),
      pssBytesIdle: idle,
    }),
  );
  client.close();
  await source.close();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
