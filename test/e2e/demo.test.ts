/** `scripts/start --demo` as a newcomer meets it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { repoRoot } from '../../src/config/paths.ts';
import { processTree, proportionalBytes, waitFor } from '../support/process.ts';
import { assertNothingLeft, buildOnce, instanceEnvironment, withoutSettings } from '../support/service.ts';

let env: Record<string, string>;
let child: ChildProcess;
let output = '';
let url: string;

beforeAll(async () => {
  buildOnce();
  env = await instanceEnvironment();
  url = `http://127.0.0.1:${env['TESSERA_HTTP_PORT']}`;
  child = spawn(join(repoRoot, 'scripts/start'), ['--demo'], { env: { ...withoutSettings(process.env), ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (output += data.toString('utf8')));
}, 120_000);

afterAll(() => {
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  rmSync(env['TESSERA_DATA_DIR'] as string, { recursive: true, force: true });
});

describe('the demo', () => {
  it('prints the addresses of its pages once the mix runs', async () => {
    await waitFor('the addresses', () => output.includes('The demo runs'), { timeoutMs: 30_000 }).catch((error: unknown) => {
      throw new Error(`no addresses; it wrote:\n${output.slice(-4000)}`, { cause: error });
    });
    for (const path of ['/watch/demo', '/join/demo', '/studio/demo', '/recordings']) {
      expect(output).toContain(url + path);
      expect((await fetch(url + path)).status).toBe(200);
    }
  }, 60_000);

  it('shows three people in one programme', async () => {
    const room = await fetch(`${url}/api/rooms/demo`, { headers: { authorization: `Bearer ${await operatorToken()}` } });
    expect(await room.json()).toMatchObject({ id: 'demo', status: 'live', participants: 3, mix: { status: 'running' } });
    const playlist = await fetch(`${url}/hls/demo/index.m3u8`);
    expect(await playlist.text()).toContain('#EXT-X-STREAM-INF');
  });

  it('takes at most 900 MB without its synthetic participants', () => {
    const demo = processTree(child.pid as number).filter((pid) => !titleHas(pid, 'tessera-demo'));
    const bytes = demo.reduce((sum, pid) => sum + proportionalBytes(pid), 0);
    expect(bytes / 1e6).toBeLessThan(900);
    expect(bytes / 1e6).toBeGreaterThan(100); // it was measured at all
  });

  it('ends on Ctrl-C within 10 s with nothing left', async () => {
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const startedAt = performance.now();
    process.kill(-(child.pid as number), 'SIGINT');
    expect(await ended).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    assertNothingLeft(parseConfig(env));
  }, 30_000);
});

async function operatorToken(): Promise<string> {
  const { Tokens } = await import('../../src/control/auth/tokens.ts');
  return (await new Tokens(parseConfig(env).apiKeys).mint({ room: '*', role: 'operator' })).token;
}

function titleHas(pid: number, title: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(title);
  } catch {
    return false;
  }
}
