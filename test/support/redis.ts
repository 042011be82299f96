/** A throw-away redis-server on a Unix socket in its own folder; ends with `close()`. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface TestRedis {
  /** For TESSERA_REDIS_URL. */
  url: string;
  socketPath: string;
  pid: number;
  close(): Promise<void>;
}

/** @throws when redis-server does not answer within 10 s */
export async function startTestRedis(): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-redis-'));
  const socketPath = join(folder, 'redis.sock');
  const child = spawn(
    'redis-server',
    ['--port', '0', '--unixsocket', socketPath, '--dir', folder, '--save', '', '--appendonly', 'no', '--loglevel', 'warning'],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // A test run that is cut off must not leave the server behind.
  const killHard = (): void => void child.kill('SIGKILL');
  process.once('exit', killHard);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      process.off('exit', killHard);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
      await exited;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    })();
    return closing;
  };

  for (let tries = 0; tries < 200; tries++) {
    if (await answers(socketPath)) return { url: `unix:${socketPath}`, socketPath, pid: child.pid ?? 0, close };
    await delay(50);
  }
  await close();
  throw new Error('redis-server did not start; is the Debian package redis-server installed?');
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const done = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => done(data.toString().startsWith('+PONG')));
    socket.once('error', () => done(false));
    socket.setTimeout(1000, () => done(false));
  });
}
