/** Keeps processors busy: what a machine is like on which other things run. */
import { spawn, type ChildProcess } from 'node:child_process';

export interface Burning {
  /** Begins `processes` more. */
  more(processes: number): void;
  /** Ends them all. */
  stop(): Promise<void>;
}

export function burn(processes: number): Burning {
  const children: ChildProcess[] = [];
  const more = (count: number): void => {
    // they end by themselves, should the test be killed
    for (let i = 0; i < count; i++) children.push(spawn('perl', ['-e', 'alarm 30; 1 while 1'], { stdio: 'ignore' }));
  };
  more(processes);
  return {
    more,
    async stop() {
      await Promise.all(
        children.map((child) => {
          if (child.exitCode !== null || child.signalCode !== null) return undefined;
          const gone = new Promise((done) => child.once('exit', done));
          child.kill('SIGKILL');
          return gone;
        }),
      );
    },
  };
}
