/**
 * A child that is kept running: started again when it dies, stopped in bounded time. It has a process group of its own, so
 * that Ctrl-C in a terminal reaches only the supervisor, which ends its children in order, and so that the last resort
 * takes the child's own children along.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import type { Logger } from '../observability/logger.ts';
import { HEALTHY_MS, restartDelayMs } from './restart-delay.ts';

export interface ChildOptions {
  /** For the log. */
  name: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  stdio: StdioOptions;
  log: Logger;
  /** Ended by itself for good: an exit code of 2 says that the settings are wrong, and trying again changes nothing. */
  onGivenUp?: (code: number | null) => void;
  /** Called with each new process. */
  onSpawned?: (process: ChildProcess) => void;
  /** False for a command that may end by itself. */
  keepRunning?: boolean;
}

export class KeptChild {
  #process: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #youngDeaths = 0;
  #restart: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  constructor(private readonly options: ChildOptions) {}

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): this {
    const { command, args, env, stdio, name, log } = this.options;
    const startedAt = performance.now();
    const child = spawn(command, args, { env: env as NodeJS.ProcessEnv, stdio, detached: true });
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      let over = false;
      const end = (code: number | null, signal: NodeJS.Signals | null, error?: Error): void => {
        if (over) return;
        over = true;
        this.#process = undefined;
        killGroup(child.pid); // its own children, should they have outlived it
        resolve();
        this.#died(code, signal, performance.now() - startedAt, error);
      };
      child.once('exit', (code, signal) => end(code, signal));
      child.once('error', (error) => end(null, null, error));
    });
    log.debug({ child: name, childPid: child.pid }, 'started');
    this.options.onSpawned?.(child);
    return this;
  }

  /** SIGTERM, and SIGKILL to the whole group after `graceMs`. Idempotent. */
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    clearTimeout(this.#restart);
    const child = this.#process;
    if (!child) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.options.log.warn({ child: this.options.name, graceMs }, 'did not end in time; killed');
      killGroup(child.pid);
    }, graceMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #died(code: number | null, signal: NodeJS.Signals | null, livedMs: number, error?: Error): void {
    if (this.#stopping) return;
    const { name, log, onGivenUp, keepRunning = true } = this.options;
    const facts = { child: name, code, signal, livedMs: Math.round(livedMs), ...(error ? { err: error } : {}) };
    if (!keepRunning) {
      log[code === 0 ? 'info' : 'warn'](facts, 'ended');
      return;
    }
    if (code === 2) {
      log.error(facts, 'ended for good');
      onGivenUp?.(code);
      return;
    }
    this.#youngDeaths = livedMs < HEALTHY_MS ? this.#youngDeaths + 1 : 0;
    const delayMs = restartDelayMs(this.#youngDeaths);
    log.warn({ ...facts, delayMs }, 'died; starting it again');
    this.#restart = setTimeout(() => this.start(), delayMs);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the group is empty
  }
}
