/** One role process out of workers/, run from its source, on the test's Redis and folders. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from '../../src/config/paths.ts';

export interface RoleProcess {
  pid: number;
  output(): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM. @returns the exit code and how long it took */
  stop(): Promise<{ code: number | null; tookMs: number }>;
}

/** @param worker file name in workers/ without its ending @throws with its output when it is not ready within 20 s */
export async function startRole(worker: string, env: Readonly<Record<string, string>>): Promise<RoleProcess> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', join(repoRoot, 'workers', `${worker}.ts`)], {
    cwd: repoRoot,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text = (text + data.toString()).slice(-20_000)));
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  await new Promise<void>((resolve, reject) => {
    const fail = (): void => reject(new Error(`workers/${worker}.ts did not become ready\n${text}`));
    const timer = setTimeout(fail, 20_000);
    void exited.then(fail);
    child.on('message', (message) => {
      if ((message as { type?: string }).type !== 'ready') return;
      clearTimeout(timer);
      resolve();
    });
  }).catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    output: () => text,
    kill,
    stop: async () => {
      const began = performance.now();
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const code = await exited;
      clearTimeout(timer);
      return { code, tookMs: performance.now() - began };
    },
  };
}
