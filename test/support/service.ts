/**
 * The complete product for a test: the supervisor from dist/ with all roles, on ports and folders of its own. `stop()` ends
 * it as Ctrl-C does and fails when anything is left.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig, type Config } from '../../src/config/config.ts';
import { repoRoot } from '../../src/config/paths.ts';
import { Tokens, type MintRequest } from '../../src/control/auth/tokens.ts';
import type { RoomId } from '../../src/domain/ids.ts';
import { freePort, isAlive, processesWithEnvironment, waitFor, type FoundProcess } from './process.ts';

export interface ServiceOptions {
  /** More settings, or other values. */
  env?: Readonly<Record<string, string>>;
  demo?: boolean;
  /** Wait until /readyz is green (default) or only until the process runs. */
  waitUntilReady?: boolean;
}

export interface Service {
  /** `http://127.0.0.1:<port>` */
  url: string;
  config: Config;
  /** Of the supervisor. */
  pid: number;
  /** A token signed with the instance's key; default an operator's. */
  token(request?: Partial<Omit<MintRequest, 'room'>> & { room?: string }): Promise<string>;
  /** `fetch` of a path with an operator's token and a JSON body. */
  api(method: string, path: string, body?: unknown): Promise<Response>;
  /** Processes of the instance whose title starts so: `tessera-mixer`, `tessera-mixer demo`, `redis-server`. */
  processes(title: string): FoundProcess[];
  /** The only process with this title. @throws when there are none or several */
  pidOf(title: string): number;
  /** What the instance wrote so far (log and output). */
  output(): string;
  /** SIGTERM; @throws when it takes over 10 s or a process, socket or /dev/shm file is left. Idempotent. */
  stop(): Promise<void>;
}

let built = false;

/** Brings dist/ up to date once per test process. */
export function buildOnce(): void {
  if (built) return;
  execFileSync(join(repoRoot, 'scripts/build'), { stdio: ['ignore', 'inherit', 'inherit'], timeout: 120_000 });
  built = true;
}

/** Settings of an instance that meets no other: own ports, own folders, loopback destinations allowed. */
export async function instanceEnvironment(more: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tessera-test-'));
  const firstUdpPort = 20_000 + Math.floor(Math.random() * 110) * 100; // below the ephemeral ports
  return {
    TESSERA_HTTP_PORT: String(await freePort()),
    TESSERA_DATA_DIR: dataDir,
    TESSERA_RUN_DIR: join(dataDir, 'run'),
    TESSERA_EDGE_UDP_PORT: String(firstUdpPort),
    TESSERA_INGEST_UDP_PORTS: `${firstUdpPort + 10}-${firstUdpPort + 99}`,
    TESSERA_PUSH_ALLOW_PRIVATE: 'true',
    TESSERA_LOG_LEVEL: 'info',
    ...more,
  };
}

/** @throws when it is not ready within 40 s, with what it wrote */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  buildOnce();
  const env = await instanceEnvironment(options.env);
  const config = parseConfig(env);
  const child = spawn(process.execPath, ['--enable-source-maps', join(repoRoot, 'dist/workers/supervisor.js'), ...(options.demo ? ['--demo'] : [])], {
    env: { ...withoutSettings(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = collect(child);
  const killHard = (): void => void child.kill('SIGKILL');
  process.once('exit', killHard);

  const url = `http://127.0.0.1:${config.httpPort}`;
  const tokens = new Tokens(config.apiKeys);
  const token: Service['token'] = async ({ room = '*', role = 'operator', ...rest } = {}) =>
    (await tokens.mint({ room: room as RoomId | '*', role, ...rest })).token;

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      child.kill('SIGTERM');
      try {
        await waitFor('the end of the service', () => child.exitCode !== null || child.signalCode !== null, { timeoutMs: 10_000 });
        assertNothingLeft(config);
      } finally {
        killLeftovers(config);
        process.off('exit', killHard);
        rmSync(config.dataDir, { recursive: true, force: true });
      }
    })();
    return stopping;
  };

  const service: Service = {
    url,
    config,
    pid: child.pid ?? 0,
    token,
    api: async (method, path, body) =>
      fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${await token()}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      }),
    processes: (title) => instanceProcesses(config).filter((p) => p.title.startsWith(title)),
    pidOf: (title) => {
      const found = service.processes(title);
      if (found.length !== 1) throw new Error(`${found.length} processes are called ${title}`);
      return (found[0] as FoundProcess).pid;
    },
    output: () => written.join(''),
    stop,
  };

  if (options.waitUntilReady === false) return service;
  try {
    await waitFor(
      'readiness',
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) return 'ended';
        return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
      },
      { timeoutMs: 40_000, intervalMs: 100 },
    );
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    return service;
  } catch (error) {
    await stop().catch(() => undefined);
    throw new Error(`the service did not become ready; it wrote:\n${service.output().slice(-6000)}`, { cause: error });
  }
}

/** The settings of whoever runs the tests must not reach the instance. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TESSERA_')));
}

function instanceProcesses(config: Config): FoundProcess[] {
  return processesWithEnvironment('TESSERA_RUN_DIR', config.runDir);
}

/** @throws naming each process, socket and frame ring of the instance that is there */
export function assertNothingLeft(config: Config): void {
  const left = leftovers(config);
  if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
}

export function leftovers(config: Config): string[] {
  return [
    ...instanceProcesses(config).map((p) => `process ${p.pid} ${p.title}`),
    ...(existsSync(config.runDir) ? [`folder ${config.runDir} with ${readdirSync(config.runDir).join(', ') || 'nothing'}`] : []),
    ...readdirSync('/dev/shm')
      .filter((name) => name.startsWith(`tessera-${config.instance}-`))
      .map((name) => `/dev/shm/${name}`),
  ];
}

function killLeftovers(config: Config): void {
  for (const { pid } of instanceProcesses(config)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

function collect(child: ChildProcess): string[] {
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => written.push(data.toString('utf8')));
  return written;
}
