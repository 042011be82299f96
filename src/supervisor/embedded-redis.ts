/** The redis-server of an instance that is given none: on a Unix socket in the run folder, its log of writes in the data folder. */
import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observability/logger.ts';
import { KeptChild } from './child.ts';

export interface EmbeddedRedisOptions {
  dataDir: string;
  runDir: string;
  env: Readonly<Record<string, string | undefined>>;
  log: Logger;
}

/** Arguments of redis-server: no TCP port, every write logged and synced each second. */
export function redisArguments(socketPath: string, folder: string): string[] {
  return [
    ...['--port', '0', '--unixsocket', socketPath, '--unixsocketperm', '700'],
    ...['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
    // A role that lags behind must not grow Redis without bound; streams and queues are trimmed by their writers.
    ...['--client-output-buffer-limit', 'pubsub 16mb 8mb 30', '--loglevel', 'warning', '--daemonize', 'no'],
  ];
}

/** Starts it; `answered` settles when it answers, or fails with a sentence after 15 s (a large log takes time to load). */
export function startEmbeddedRedis(options: EmbeddedRedisOptions): { child: KeptChild; answered: Promise<void> } {
  const folder = join(options.dataDir, 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(options.runDir, { recursive: true, mode: 0o700 });
  const socketPath = join(options.runDir, 'redis.sock');
  // redis-server has no channel to us: the kernel ends it when the supervisor is killed (prctl(2), PR_SET_PDEATHSIG).
  const child = new KeptChild({
    name: 'redis',
    command: 'setpriv',
    args: ['--pdeathsig', 'TERM', 'redis-server', ...redisArguments(socketPath, folder)],
    env: options.env,
    stdio: ['ignore', 'ignore', 'inherit'],
    log: options.log,
  }).start();
  return { child, answered: untilAnswer(socketPath, folder) };
}

async function untilAnswer(socketPath: string, folder: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (performance.now() < deadline) {
    if (await answersPing(socketPath)) return;
    await delay(20);
  }
  throw new Error(`The embedded redis-server did not answer within 15 s. Its data is in ${folder}; try redis-check-aof, or give TESSERA_REDIS_URL.`);
}

/** PING over the inline protocol; true when PONG comes within a second. */
export function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => done(data.toString('latin1').startsWith('+PONG')));
    socket.once('error', () => done(false));
  });
}
