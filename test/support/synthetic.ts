/** Synthetic participants as child processes of a test. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from '../../src/config/paths.ts';
import { waitFor } from './process.ts';

export interface SyntheticEvent {
  type: string;
  t: number;
  name: string;
  [more: string]: unknown;
}

export interface SyntheticProcess {
  pid: number;
  events: SyntheticEvent[];
  /** SIGTERM: leaves the room properly. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL: vanishes. */
  kill(): void;
}

/** @param args of scripts/synthetic.ts; waits until every participant is connected */
export async function startSynthetic(url: string, room: string, args: readonly string[], count = 1): Promise<SyntheticProcess> {
  const child = spawn(process.execPath, [join(repoRoot, 'dist/scripts/synthetic.js'), '--url', url, '--room', room, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: SyntheticEvent[] = [];
  let errors = '';
  let rest = '';
  child.stdout.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) events.push(JSON.parse(line) as SyntheticEvent);
  });
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-4000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const process_: SyntheticProcess = {
    pid: child.pid ?? 0,
    events,
    kill,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, 5000);
      await ended;
      clearTimeout(timer);
      process.off('exit', kill);
    },
  };
  try {
    await waitFor('the synthetic participants connect', () => events.filter((e) => e.type === 'connected').length >= count, { timeoutMs: 20_000 });
  } catch (error) {
    await process_.stop();
    throw new Error(`synthetic participants: ${errors}`, { cause: error });
  }
  return process_;
}
