/** scripts/start as a person uses it: quick, ends cleanly, and says in words why it cannot start. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { repoRoot } from '../../src/config/paths.ts';
import { Tokens } from '../../src/control/auth/tokens.ts';
import { isAlive, processTree, waitFor } from '../support/process.ts';
import { assertNothingLeft, buildOnce, instanceEnvironment, leftovers, withoutSettings } from '../support/service.ts';

const START = join(repoRoot, 'scripts/start');
const folders: string[] = [];
const started: ChildProcess[] = [];

beforeAll(() => buildOnce(), 120_000);
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Run {
  child: ChildProcess;
  env: Record<string, string>;
  output: () => string;
  exit: Promise<number | null>;
}

/** In a process group of its own, as a shell with job control starts it. */
async function start(args: string[], more: Record<string, string> = {}): Promise<Run> {
  const env = await instanceEnvironment(more);
  if (env['TESSERA_DATA_DIR']?.startsWith(tmpdir())) folders.push(env['TESSERA_DATA_DIR']);
  const child = spawn(START, args, { env: { ...withoutSettings(process.env), ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  started.push(child);
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => written.push(data.toString('utf8')));
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { child, env, output: () => written.join(''), exit };
}

async function whenReady(run: Run): Promise<void> {
  const url = `http://127.0.0.1:${run.env['TESSERA_HTTP_PORT']}/readyz`;
  await waitFor(
    'readiness',
    async () => {
      if (run.child.exitCode !== null) throw new Error(run.output());
      return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
    },
    { timeoutMs: 40_000 },
  );
}

function endGroup(run: Run, signal: NodeJS.Signals): void {
  process.kill(-(run.child.pid as number), signal);
}

describe('scripts/start', () => {
  it('is ready within 5 s when everything is set up, and Ctrl-C ends it within 10 s with nothing left', async () => {
    const startedAt = performance.now();
    const run = await start([]);
    await whenReady(run);
    expect(performance.now() - startedAt).toBeLessThan(5000);

    const stoppedAt = performance.now();
    endGroup(run, 'SIGINT');
    expect(await run.exit).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
    assertNothingLeft(parseConfig(run.env));
  }, 60_000);

  it('takes every role and Redis along when it is killed', async () => {
    const run = await start([]);
    await whenReady(run);
    const pids = processTree(run.child.pid as number);
    expect(pids.length).toBeGreaterThan(7);

    process.kill(run.child.pid as number, 'SIGKILL');

    await waitFor('the end of all', () => pids.filter(isAlive).length === 0, { timeoutMs: 5000 });
    const config = parseConfig(run.env);
    expect(leftovers(config).filter((line) => line.startsWith('process'))).toEqual([]);
    rmSync(config.runDir, { recursive: true, force: true });
  }, 60_000);

  it('starts after it was killed', async () => {
    const first = await start([]);
    await whenReady(first);
    process.kill(first.child.pid as number, 'SIGKILL');
    await first.exit;

    const second = await start([], first.env);
    await whenReady(second);
    endGroup(second, 'SIGTERM');
    expect(await second.exit).toBe(0);
    assertNothingLeft(parseConfig(second.env));
  }, 60_000);

  it('can be ended while it starts', async () => {
    for (const afterMs of [150, 400, 800]) {
      const run = await start([], { TESSERA_SKIP_SETUP: 'true' });
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      endGroup(run, 'SIGINT');
      await run.exit;
      assertNothingLeft(parseConfig(run.env));
    }
  }, 60_000);

  it('shows its options', () => {
    const help = execFileSync(START, ['--help'], { encoding: 'utf8' });
    for (const flag of ['--demo', '--port', '--data-dir', '--roles']) expect(help).toContain(flag);
  });
});

describe('what cannot start says why', () => {
  async function refusal(args: string[], more: Record<string, string> = {}): Promise<{ code: number | null; text: string }> {
    const run = await start(args, { TESSERA_SKIP_SETUP: 'true', ...more });
    const code = await run.exit;
    const config = (() => {
      try {
        return parseConfig(run.env);
      } catch {
        return undefined;
      }
    })();
    if (config) assertNothingLeft(config);
    return { code, text: run.output() };
  }

  it('unknown options and missing values', async () => {
    expect(await refusal(['--quickly'])).toMatchObject({ code: 2, text: expect.stringContaining("unknown option '--quickly'") });
    expect(await refusal(['--port'])).toMatchObject({ code: 2, text: expect.stringContaining('--port needs a value') });
  });

  it('wrong settings, all of them at once', async () => {
    const { code, text } = await refusal(['--port', '99999', '--roles', 'control,cook'], { TESSERA_STORAGE: 's3' });
    expect(code).toBe(2);
    for (const name of ['TESSERA_HTTP_PORT', 'TESSERA_ROLES', 'TESSERA_S3_BUCKET']) expect(text).toContain(name);
    expect(text).not.toMatch(/\n\s+at /); // sentences, not a stack
  });

  it('a port in use', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, text } = await refusal(['--port', String(port)]);
    server.close();
    expect(code).toBe(1);
    expect(text).toContain(`TCP port ${port} is in use`);
  });

  it('no Redis at the given address, without the password in the text', async () => {
    const { code, text } = await refusal([], { TESSERA_REDIS_URL: 'redis://user:topsecret@127.0.0.1:1/0' });
    expect(code).toBe(1);
    expect(text).toMatch(/No Redis answers at redis:\/\/…@127\.0\.0\.1:1/);
    expect(text).not.toContain('topsecret');
  });

  it('missing packages', async () => {
    // A PATH on which only what the start itself needs can be found.
    const bin = mkdtempSync(join(tmpdir(), 'tessera-bin-'));
    folders.push(bin);
    for (const tool of ['bash', 'readlink', 'dirname', 'env', 'setpriv']) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
    symlinkSync(process.execPath, join(bin, 'node'));
    const { code, text } = await refusal([], { PATH: bin });
    expect(code).toBe(1);
    expect(text).toContain('redis-server was not found');
    expect(text).toContain('GStreamer was not found');
    expect(text).toContain('ffmpeg was not found');
    expect(text).toContain('scripts/setup');
  });

  it('a data folder that cannot be written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tessera-file-'));
    folders.push(folder);
    writeFileSync(join(folder, 'file'), '');
    const { code, text } = await refusal(['--data-dir', join(folder, 'file/data')]);
    expect(code).toBe(1);
    expect(text).toContain('cannot be written');
  });

  it('a data folder in use by another instance', async () => {
    const first = await start([]);
    await whenReady(first);
    const { code, text } = await refusal([], { TESSERA_DATA_DIR: first.env['TESSERA_DATA_DIR'] as string });
    expect(code).toBe(1);
    expect(text).toMatch(/is in use by the instance with process id \d+/);
    endGroup(first, 'SIGINT');
    expect(await first.exit).toBe(0);
  }, 60_000);

  it('no /dev/shm', async (context) => {
    // Only root may make the mount namespace in which /dev/shm is taken away.
    const probe = spawn('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    if ((await new Promise((resolve) => probe.once('exit', resolve).once('error', () => resolve(1)))) !== 0) return context.skip();
    const env = await instanceEnvironment({ TESSERA_SKIP_SETUP: 'true' });
    folders.push(env['TESSERA_DATA_DIR'] as string);
    mkdirSync(join(env['TESSERA_DATA_DIR'] as string, 'small'));
    const script = 'mount -t tmpfs -o size=1m,mode=1777 tmpfs /dev/shm && exec "$0"';
    const child = spawn('unshare', ['--mount', 'sh', '-c', script, START], { env: { ...withoutSettings(process.env), ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    started.push(child);
    let text = '';
    child.stderr?.on('data', (data: Buffer) => (text += data.toString('utf8')));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(1);
    expect(text).toMatch(/\/dev\/shm has only 1 MB free/);
  });
});

describe('other commands', () => {
  it('scripts/token mints a token that the service takes', async () => {
    const secret = 'a-secret-for-this-test-of-32-characters-or-more';
    const env = { ...withoutSettings(process.env), TESSERA_API_KEYS: `ops:${secret}` };
    const arguments_ = ['--room', 'standup', '--role', 'host', '--name', 'Ada', '--ttl', '60'];
    const token = execFileSync(join(repoRoot, 'scripts/token'), arguments_, { env, encoding: 'utf8' }).trim();
    const claims = await new Tokens(new Map([['ops', secret]])).verify(token);
    expect(claims).toMatchObject({ room: 'standup', role: 'host', name: 'Ada' });
  });

  it('scripts/token says what is wrong', () => {
    const run = spawnSync(join(repoRoot, 'scripts/token'), ['--room', 'a b', '--role', 'host'], { encoding: 'utf8' });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('--room must be');
  });

  it('scripts/doctor says that this machine can run Tessera, and leaves no folder', async () => {
    const env = await instanceEnvironment();
    folders.push(env['TESSERA_DATA_DIR'] as string);
    const text = execFileSync(join(repoRoot, 'scripts/doctor'), { env: { ...withoutSettings(process.env), ...env }, encoding: 'utf8' });
    expect(text).toContain('Tessera can start here.');
    expect(text).toContain(`127.0.0.1:${env['TESSERA_HTTP_PORT']} (local mode`);
    expect(leftovers(parseConfig(env))).toEqual([]);
  });

  it('scripts/setup and scripts/build have nothing to do the second time', () => {
    const startedAt = performance.now();
    const said = execFileSync(join(repoRoot, 'scripts/setup'), { encoding: 'utf8' }) + execFileSync(join(repoRoot, 'scripts/build'), { encoding: 'utf8' });
    expect(said).toBe('');
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe('.ci/run', () => {
  it('runs the tests and hands on their exit code', () => {
    const text = readFileSync(join(repoRoot, '.ci/run'), 'utf8');
    expect(text).toMatch(/exec .*scripts\/test/);
  });
});
