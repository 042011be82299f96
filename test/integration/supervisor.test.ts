/** The supervisor with roles that misbehave on purpose. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig, ROLES, type Config } from '../../src/config/config.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { answersPing } from '../../src/supervisor/embedded-redis.ts';
import { DataDirInUse } from '../../src/supervisor/instance-lock.ts';
import { STOP_MS, Supervisor } from '../../src/supervisor/supervisor.ts';
import { isAlive, waitFor } from '../support/process.ts';

const GOOD = `process.on('SIGTERM', () => process.exit(0)); process.on('disconnect', () => process.exit(1)); setInterval(() => {}, 1000);`;
/** Ends at no request, and has a child that does not either. */
const STUBBORN = `
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => {});
const child = spawn('sleep', ['300']);
writeFileSync(process.env.NOTES + '/grandchild', String(child.pid));
setInterval(() => {}, 1000);`;
const WRONG_SETTINGS = `process.exit(2);`;

let folder: string;
let supervisor: Supervisor | undefined;
const givenUp: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-roles-'));
  process.env['NOTES'] = folder;
  givenUp.length = 0;
});
afterEach(async () => {
  await supervisor?.close();
  supervisor = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function config(more: Record<string, string> = {}): Config {
  return parseConfig({ ...more, TESSERA_DATA_DIR: join(folder, 'data'), TESSERA_RUN_DIR: join(folder, 'run'), TESSERA_LOG_LEVEL: 'silent' });
}

/** A supervisor whose roles run these scripts. */
function supervise(scripts: Partial<Record<string, string>>, more: Record<string, string> = {}): Supervisor {
  mkdirSync(join(folder, 'workers'), { recursive: true });
  for (const role of ROLES) writeFileSync(join(folder, `workers/${role}.js`), scripts[role] ?? GOOD);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const settings = config(more);
  supervisor = new Supervisor({
    config: settings,
    log: createLogger('supervisor', settings),
    bundle: (path) => join(folder, path),
    onGivenUp: (child) => givenUp.push(child),
  });
  return supervisor;
}

describe('supervisor', () => {
  it('starts Redis and every role, and leaves nothing at the end', async () => {
    const running = supervise({});
    running.lock();
    await running.start();
    const pids = Object.values(running.pids) as number[];
    expect(Object.keys(running.pids)).toEqual(['redis', ...ROLES]);
    expect(await answersPing(join(folder, 'run/redis.sock'))).toBe(true);

    await running.close();

    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(join(folder, 'run'))).toBe(false);
    expect(existsSync(join(folder, 'data/tessera.lock'))).toBe(false);
  });

  it('starts a killed role again at once', async () => {
    const running = supervise({});
    running.lock();
    await running.start();
    const before = running.pids['mixer'] as number;

    process.kill(before, 'SIGKILL');

    const after = await waitFor('the restart', () => (running.pids['mixer'] !== before ? running.pids['mixer'] : undefined), { timeoutMs: 2000 });
    expect(isAlive(after)).toBe(true);
  });

  it('starts a killed Redis again with what it held', async () => {
    const running = supervise({});
    running.lock();
    await running.start();
    const { Redis } = await import('ioredis');
    const client = new Redis({ path: join(folder, 'run/redis.sock') });
    client.on('error', () => undefined);
    await client.set('kept', 'yes');
    // fsync is every second; the write itself is in the kernel and survives the process
    process.kill(running.pids['redis'] as number, 'SIGKILL');
    expect(await waitFor('the value', () => client.get('kept'))).toBe('yes');
    client.disconnect();
  });

  it('starts as many edges as are set, each with its number, keeps all of them running and ends them', async () => {
    const numbered = `import { writeFileSync } from 'node:fs'; writeFileSync(process.env.NOTES + '/edge-' + (process.argv[2] ?? 1), String(process.pid)); ${GOOD}`;
    const running = supervise({ edge: numbered }, { TESSERA_EDGES: '3', TESSERA_ROLES: 'edge' });
    running.lock();
    await running.start();
    const written = (n: number): number => Number(existsSync(join(folder, `edge-${n}`)) && readFileSync(join(folder, `edge-${n}`), 'utf8'));
    await waitFor('three edges', () => [1, 2, 3].every((n) => written(n) > 0));
    expect(Object.keys(running.pids)).toEqual(['redis', 'edge', 'edge-2', 'edge-3']);
    expect([1, 2, 3].map(written)).toEqual(['edge', 'edge-2', 'edge-3'].map((name) => running.pids[name]));
    const second = written(2);
    process.kill(second, 'SIGKILL');
    await waitFor('the second again', () => written(2) !== second && written(2) === running.pids['edge-2']);
    const pids = Object.values(running.pids) as number[];

    await running.close();

    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('ends roles that do not want to, with their children, in bounded time', async () => {
    const running = supervise({ mixer: STUBBORN, ingest: STUBBORN.replace('/grandchild', '/other') });
    running.lock();
    await running.start();
    const grandchild = Number(await waitFor('the grandchild', () => existsSync(join(folder, 'grandchild')) && readFileSync(join(folder, 'grandchild'), 'utf8')));
    const mixer = running.pids['mixer'] as number;

    const startedAt = performance.now();
    await running.close();

    expect(performance.now() - startedAt).toBeLessThan(STOP_MS);
    expect([mixer, grandchild].filter(isAlive)).toEqual([]);
  });

  it('does not try again what has wrong settings', async () => {
    const running = supervise({ edge: WRONG_SETTINGS });
    running.lock();
    await running.start();
    await waitFor('giving up', () => givenUp.length > 0);
    expect(givenUp).toEqual(['edge']);
  });

  it('refuses a data folder that is in use', () => {
    const first = supervise({});
    first.lock();
    const settings = config();
    const second = new Supervisor({ config: settings, log: createLogger('supervisor', settings), bundle: (p) => p, onGivenUp: () => undefined });
    expect(() => second.lock()).toThrow(DataDirInUse);
  });
});
