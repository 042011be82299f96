/** A WHEP viewer in a process of its own (node-datachannel), which counts what arrives and can vanish without a word. */
import { spawn } from 'node:child_process';
import { repoRoot } from '../../src/config/paths.ts';
import type { ViewerTotals } from '../../scripts/bench/support/whep-viewers.ts';
import { waitFor } from './process.ts';

export interface WhepChild {
  /** The offer of one more viewer. */
  offer(): Promise<string>;
  /** The answer to the offer that came `index`-th. */
  take(index: number, answer: string): void;
  report(): Promise<ViewerTotals>;
  /** SIGKILL. */
  vanish(): void;
}

/** @param feedback does what a browser does: reports, bandwidth estimates, NACKs */
export async function startWhepChild({ feedback = false } = {}): Promise<WhepChild> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/bench/support/whep-viewers.ts', ...(feedback ? ['--feedback', '300'] : [])], { cwd: repoRoot, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const vanish = (): void => void child.kill('SIGKILL');
  process.once('exit', vanish);
  child.once('exit', () => process.off('exit', vanish));
  const offers: string[] = [];
  let totals: ViewerTotals | undefined;
  let ready = false;
  let asked = 0;
  child.on('message', (message: { ready?: true; offer?: number; sdp?: string; totals?: ViewerTotals }) => {
    if (message.ready) ready = true;
    if (message.totals) totals = message.totals;
    if (message.offer !== undefined && message.sdp) offers[message.offer] = message.sdp;
  });
  await waitFor('the viewers\' process', () => ready);
  return {
    offer() {
      const index = asked++;
      child.send({ join: index });
      return waitFor('an offer', () => offers[index]);
    },
    take: (index, answer) => void child.send({ answer: index, sdp: answer }),
    report() {
      totals = undefined;
      child.send({ report: true });
      return waitFor('a report', () => totals);
    },
    vanish,
  };
}
