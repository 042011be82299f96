/** A throw-away coturn on loopback, with the configuration of docker/ but its own ports and address. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from '../../src/config/paths.ts';
import { freePort, waitFor } from './process.ts';

export interface TestCoturn {
  /** For TESSERA_TURN_URLS. */
  url: string;
  port: number;
  pid: number;
  /** What it wrote so far. */
  log(): string;
  close(): Promise<void>;
}

/** @throws when it does not listen within 5 s */
export async function startCoturn(secret: string): Promise<TestCoturn> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-coturn-'));
  const port = await freePort();
  const firstRelayPort = 32_000 + 100 * Math.floor(Math.random() * 7); // above what services of tests use, below the ephemeral ports
  const child = spawn(
    '/usr/bin/turnserver',
    [
      ...['-c', join(repoRoot, 'docker/turnserver.conf'), '--allow-loopback-peers', '--allowed-peer-ip=127.0.0.1', '--verbose'],
      ...['--listening-ip=127.0.0.1', `--listening-port=${port}`, '--relay-ip=127.0.0.1', `--min-port=${firstRelayPort}`, `--max-port=${firstRelayPort + 99}`],
      ...['--relay-threads=1', `--static-auth-secret=${secret}`, '--realm=tessera.test'],
      ...[`--userdb=${join(folder, 'turndb')}`, `--pidfile=${join(folder, 'pid')}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => written.push(data.toString()));
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      written.push(String(error));
      resolve();
    });
  });
  const killHard = (): void => void child.kill('SIGKILL');
  process.once('exit', killHard);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      process.off('exit', killHard);
      killHard(); // it keeps nothing, and takes seconds to end by itself
      await exited;
      rmSync(folder, { recursive: true, force: true });
    })();
    return closing;
  };
  const coturn: TestCoturn = { url: `turn:127.0.0.1:${port}?transport=udp`, port, pid: child.pid ?? 0, log: () => written.join(''), close };
  try {
    await waitFor('coturn listens', () => new RegExp(`UDP listener opened on *: *127\\.0\\.0\\.1:${port}`).test(coturn.log()), { timeoutMs: 5000, intervalMs: 20 });
  } catch (error) {
    await close();
    throw new Error(`coturn (Debian package coturn): ${coturn.log().slice(-2000)}`, { cause: error });
  }
  return coturn;
}
