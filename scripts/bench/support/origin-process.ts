/** The origin process alone: a Redis and a folder of its own, no other role. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repoRoot } from '../../../src/config/paths.ts';
import { programmeSocketPath } from '../../../src/media/programme-protocol.ts';

export interface Got {
  status: number;
  body: Buffer;
  ms: number;
}

export class OriginProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'tsr-origin-'));
  readonly httpSocket = join(this.folder, 'origin.sock');
  readonly programmeSocket = programmeSocketPath(this.folder);
  readonly #redis: ChildProcess;
  #child: ChildProcess | undefined;

  constructor(private readonly settings: Readonly<Record<string, string>> = {}) {
    this.#redis = spawn('redis-server', ['--port', '0', '--unixsocket', join(this.folder, 'redis.sock'), '--dir', this.folder, '--save', ''], { stdio: 'ignore' });
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** @throws Error when it does not answer within 20 s */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'workers/origin.ts'], {
      cwd: repoRoot,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        TESSERA_RUN_DIR: this.folder,
        TESSERA_DATA_DIR: join(this.folder, 'data'),
        TESSERA_REDIS_URL: `unix:${join(this.folder, 'redis.sock')}`,
        TESSERA_LOG_LEVEL: 'error',
        ...this.settings,
      },
    });
    this.#child = child;
    for (const untilMs = performance.now() + 20_000; ; await delay(50)) {
      if ((await this.get('/healthz').catch(() => undefined))?.status === 200) return;
      if (performance.now() > untilMs || child.exitCode !== null) throw new Error('the origin did not start');
    }
  }

  /** As Ctrl-C does. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#redis.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @param path of an HLS resource: `/hls/{room}/…` */
  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
    const startedMs = performance.now();
    return new Promise((resolve, reject) => {
      const req = request({ socketPath: this.httpSocket, path, headers }, (res) => {
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(parts), ms: performance.now() - startedMs }));
        res.on('error', reject);
      });
      req.setTimeout(20_000, () => req.destroy(new Error(`${path} timed out`)));
      req.on('error', reject).end();
    });
  }
}
