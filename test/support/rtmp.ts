/** A real RTMP server (nginx with its rtmp module, Debian package libnginx-mod-rtmp) that records what it is sent. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface TestRtmp {
  port: number;
  /** `rtmp://127.0.0.1:<port>/live/<key>` */
  url(key: string): string;
  /** Where the newest recording of a stream is; whole when the publisher has left. */
  recording(key: string): string;
  /** nginx's own log, which names publishers and how they left. */
  log(): string;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startTestRtmp(): Promise<TestRtmp> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-rtmp-'));
  const port = await freePort();
  mkdirSync(join(folder, 'recorded'));
  writeFileSync(
    join(folder, 'nginx.conf'),
    `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events { worker_connections 64; }
rtmp { server { listen 127.0.0.1:${port}; application live { live on; record all; record_path ${folder}/recorded; record_suffix .flv; } } }
`,
  );
  let child: ChildProcess | undefined;
  const killHard = (): void => void child?.kill('SIGKILL');
  process.once('exit', killHard);
  const kill = async (): Promise<void> => {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    ending.kill('SIGKILL');
    await exited;
  };
  const start = async (): Promise<void> => {
    child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'nginx', '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
    child.on('error', () => undefined);
    for (let tries = 0; tries < 100; tries++) {
      if (await answers(port)) return;
      await delay(50);
    }
    throw new Error(`nginx with its rtmp module did not start: ${readLog(folder)}`);
  };
  const close = async (): Promise<void> => {
    process.off('exit', killHard);
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    port,
    url: (key) => `rtmp://127.0.0.1:${port}/live/${key}`,
    recording: (key) => join(folder, 'recorded', `${key}.flv`),
    log: () => readLog(folder),
    kill,
    start,
    close,
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function readLog(folder: string): string {
  try {
    return readFileSync(join(folder, 'error.log'), 'utf8');
  } catch {
    return '';
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
