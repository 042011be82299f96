/** Keeps processors busy: what a machine is like on which other things run. */
import { spawn, type ChildProcess } from 'node:child_process';

/** @returns ends them */
export function burn(processes: number): () => Promise<void> {
  // they end by themselves, should the test be killed
  const children: ChildProcess[] = Array.from({ length: processes }, () => spawn(process.execPath, ['-e', 'const end = Date.now() + 30000; while (Date.now() < end);'], { stdio: 'ignore' }));
  return async () => {
    await Promise.all(
      children.map((child) => {
        if (child.exitCode !== null || child.signalCode !== null) return undefined;
        const gone = new Promise((done) => child.once('exit', done));
        child.kill('SIGKILL');
        return gone;
      }),
    );
  };
}
