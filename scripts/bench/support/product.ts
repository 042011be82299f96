/**
 * The complete product for a benchmark: the supervisor from dist/ with all roles, on ports and folders of its own, and
 * synthetic publishers beside it.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { repoRoot } from '../../../src/config/paths.ts';
import { LOCAL_API_KEY, mintToken } from '../../synthetic/token.ts';
import { processTitle, processTree } from './process-cost.ts';

export const ROOM = 'bench';

export interface Publishers {
  /** Wall clock (ms) at which the first of them was connected and its pictures began to flow. */
  firstConnectedAtMs: number;
  close(): Promise<void>;
}

export interface Product {
  url: string;
  runDir: string;
  /** Of the supervisor. */
  pid: number;
  token: string;
  /** JSON in and out, as an operator. @throws on a status of 400 or more, with the problem's text */
  api<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Synthetic participants in the benchmark's room, at 640×360@30 whatever is asked of them; resolves when all are connected. */
  publish(count: number, pattern: 'moving' | 'clock' | 'flash'): Promise<Publishers>;
  /** The first process below the supervisor whose title begins so. */
  find(title: string): number | undefined;
  close(): Promise<void>;
}

export interface ProductOptions {
  /** `TESSERA_…`, beside the ports and folders of its own. */
  settings?: Record<string, string>;
  /** False when dist/ is known to be fresh. */
  build?: boolean;
}

/** Builds dist/, starts everything, makes the room. @throws with the product's last words */
export async function startProduct({ settings = {}, build = true }: ProductOptions = {}): Promise<Product> {
  if (build) execFileSync(join(repoRoot, 'scripts/build'), { stdio: ['ignore', 2, 2], timeout: 180_000 });
  const dataDir = mkdtempSync(join(tmpdir(), 'tsr-bench-'));
  const udp = 20_000 + randomInt(110) * 100;
  const port = await freePort();
  const runDir = join(dataDir, 'run');
  const child = spawn(process.execPath, [join(repoRoot, 'dist/workers/supervisor.js')], {
    env: {
      ...withoutSettings(process.env),
      TESSERA_HTTP_PORT: String(port),
      TESSERA_DATA_DIR: dataDir,
      TESSERA_RUN_DIR: runDir,
      TESSERA_EDGE_UDP_PORT: String(udp),
      TESSERA_INGEST_UDP_PORTS: `${udp + 1}-${udp + 99}`,
      TESSERA_LOG_LEVEL: 'warn',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (written = (written + data.toString()).slice(-8000)));
  const killHard = (): void => void child.kill('SIGKILL');
  process.once('exit', killHard);
  const url = `http://127.0.0.1:${port}`;
  const token = mintToken({ apiKey: LOCAL_API_KEY, room: '*', role: 'operator', identity: 'bench', name: 'bench' });

  const close = async (): Promise<void> => {
    process.off('exit', killHard);
    await end(child, 15_000);
    rmSync(dataDir, { recursive: true, force: true });
  };
  const product: Product = {
    url,
    runDir,
    pid: child.pid ?? 0,
    token,
    async api<T>(method: string, path: string, body?: unknown): Promise<T> {
      const response = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
      });
      const text = await response.text();
      if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    publish: (count, pattern) => publish(url, count, pattern),
    find: (title) => processTree(child.pid ?? 0).find((pid) => processTitle(pid).startsWith(title)),
    close,
  };
  try {
    await until('readiness', async () => (child.exitCode === null ? (await fetch(`${url}/readyz`)).ok : Promise.reject(new Error('it ended'))), 30_000);
    await product.api('POST', '/api/rooms', { id: ROOM, name: 'Benchmark', layout: { preset: 'grid' }, access: 'open' });
    return product;
  } catch (error) {
    await close();
    throw new Error(`the product did not start; it wrote:\n${written}`, { cause: error });
  }
}

async function publish(url: string, count: number, pattern: string): Promise<Publishers> {
  const child = spawn(
    process.execPath,
    [join(repoRoot, 'dist/scripts/synthetic.js'), '--url', url, '--room', ROOM, '--count', String(count), '--pattern', pattern, '--bitrate', '1500000', '--ignore-uplink'],
    { env: withoutSettings(process.env), stdio: ['ignore', 'pipe', 2, 'ipc'] },
  );
  let connected = 0;
  let firstConnectedAtMs = 0;
  createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', (line) => {
    const event = JSON.parse(line) as { t: number; type: string };
    if (event.type !== 'connected') return;
    connected++;
    firstConnectedAtMs ||= event.t;
  });
  const close = (): Promise<void> => end(child, 5000);
  try {
    await until('publishers', () => connected >= count, 20_000);
    return { firstConnectedAtMs, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** SIGTERM, and SIGKILL when that takes too long. */
export async function end(child: ChildProcess, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(timer);
}

/** Asks every 50 ms until the answer is true; errors count as not yet. @throws after `timeoutMs` */
export async function until(what: string, ask: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      if (await ask()) return;
    } catch (error) {
      cause = error;
    }
    await delay(50);
  }
  throw new Error(`${what} did not happen within ${timeoutMs} ms`, { cause });
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

export function rounded(value: number, digits = 0): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** The environment without the settings of whoever runs the benchmark. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TESSERA_')));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
