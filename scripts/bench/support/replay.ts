/** A process of replayed publishers beside the product (scripts/replay.ts), and what it costs by itself. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from '../../../src/config/paths.ts';
import type { ReplayCommand, ReplayReport } from '../../replay.ts';
import type { ReplayedReport } from '../../synthetic/replay/replayed-publisher.ts';
import { processorSeconds } from './process-cost.ts';
import { end, ROOM, until, withoutSettings } from './product.ts';

export class ReplayProcess {
  readonly connections = new Map<string, number>();
  readonly left = new Set<string>();
  refusals = 0;
  lastRefusal = '';
  readonly #child: ChildProcess;
  #ready = false;
  #report: ReplayReport | undefined;

  /** @param loops folder of encoded loops (synthetic/replay/encode-loops.ts) */
  constructor(url: string, loops: string) {
    this.#child = spawn(process.execPath, [join(repoRoot, 'dist/scripts/replay.js'), '--url', url, '--room', ROOM, '--count', '0', '--loops', loops], {
      env: withoutSettings(process.env),
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#child.on('message', (message: { type: string; name?: string; detail?: string } & Partial<ReplayReport>) => {
      const { type, name = '' } = message;
      if (type === 'ready') this.#ready = true;
      else if (type === 'connected') this.connections.set(name, (this.connections.get(name) ?? 0) + 1);
      else if (type === 'left') this.left.add(name);
      else if (type === 'report') this.#report = message as ReplayReport;
      else if (type === 'refused') {
        this.refusals++;
        this.lastRefusal = message.detail ?? '';
      }
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ready(): Promise<void> {
    return until('replayed publishers are ready', () => this.#ready, 30_000);
  }

  join(publisher: NonNullable<ReplayCommand['join']>): void {
    this.#say({ join: publisher });
  }

  leave(name: string): void {
    this.left.delete(name);
    this.#say({ leave: name });
  }

  /** @throws when they are not there within `timeoutMs` */
  async connected(names: readonly string[], timeoutMs = 30_000): Promise<void> {
    try {
      await until(`${names.length} publishers connect`, () => names.every((name) => this.connections.has(name)), timeoutMs);
    } catch (error) {
      throw new Error(`publishers: ${this.connections.size} connected, ${this.refusals} refusals, the last: ${this.lastRefusal}`, { cause: error });
    }
  }

  async report(): Promise<ReplayedReport[]> {
    this.#report = undefined;
    this.#say({ report: true });
    await until('the publishers report', () => this.#report !== undefined, 5000);
    return (this.#report as unknown as ReplayReport).publishers;
  }

  cpuSeconds(): number {
    return processorSeconds(this.pid);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  close(): Promise<void> {
    return end(this.#child, 6000);
  }

  #say(command: ReplayCommand): void {
    if (this.#child.connected) this.#child.send(command, () => undefined);
  }
}
