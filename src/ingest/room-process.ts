/** The host's handle on one room process: calls with answers, events, and its end. */
import { fork, type ChildProcess } from 'node:child_process';
import { childEnvironment } from '../config/config.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../domain/errors.ts';
import type { RoomCall, RoomCalls, RoomEvent, RoomMessage } from './room-messages.ts';

const CALL_TIMEOUT_MS = 8000;
const END_TIMEOUT_MS = 1000;
/** Node 20 has `ArrayBuffer.prototype.transfer`, by which pictures are given back (whip-session.ts), only behind a flag; later ones know no such flag. */
const TRANSFER = 'transfer' in ArrayBuffer.prototype ? [] : ['--harmony-rab-gsab-transfer'];

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

export class RoomProcess {
  onEvent: (event: RoomEvent) => void = () => undefined;
  /** Called once, however it ended. */
  onExit: (how: string) => void = () => undefined;
  exited = false;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready: Promise<void>;
  #nextId = 1;
  #loaded = false;
  #ending: Promise<void> | undefined;

  /** @param script file of the room process (workers/ingest-room) */
  constructor(script: string) {
    this.#child = fork(script, [], { execArgv: [...process.execArgv, ...TRANSFER], env: childEnvironment() as NodeJS.ProcessEnv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let ready: () => void = () => undefined;
    this.#ready = new Promise((resolve) => (ready = resolve));
    this.#child.on('message', (message: RoomMessage) => {
      if (message.type === 'ready') {
        this.#loaded = true;
        ready();
      }
      else if (message.type === 'answered') this.#settle(message.id, (w) => w.resolve(message.value));
      else if (message.type === 'failed') this.#settle(message.id, (w) => w.reject(new AppError(message.code, { detail: message.detail, retryAfterSeconds: message.retryAfterSeconds })));
      else this.onEvent(message);
    });
    const ended = (how: string): void => {
      if (this.exited) return;
      this.exited = true;
      ready();
      for (const id of [...this.#waiting.keys()]) this.#settle(id, (w) => w.reject(new AppError('unavailable', { detail: 'The room is being restarted.', retryAfterSeconds: 1 })));
      this.onExit(how);
    };
    this.#child.on('error', (error) => ended(error.message));
    this.#child.on('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws AppError the room's own, `unavailable` when it ends meanwhile, `timeout` */
  async call<C extends RoomCall>(call: C, value: RoomCalls[C][0], timeoutMs = CALL_TIMEOUT_MS): Promise<RoomCalls[C][1]> {
    if (!this.#loaded && !(await Promise.race([this.#ready.then(() => true), delay(timeoutMs, false, { ref: false })]))) throw new AppError('timeout');
    if (this.exited) throw new AppError('unavailable', { retryAfterSeconds: 1 });
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, (w) => w.reject(new AppError('timeout'))), timeoutMs);
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      this.#child.send({ id, call, value }, (error) => {
        if (error) this.#settle(id, (w) => w.reject(new AppError('unavailable', { cause: error, retryAfterSeconds: 1 })));
      });
    });
  }

  /** Asks it to free everything, then makes sure. Idempotent, at most about a second. */
  end(): Promise<void> {
    this.#ending ??= (async () => {
      if (this.exited) return;
      const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS);
      this.call('end', null, END_TIMEOUT_MS).catch(() => undefined);
      await gone;
      clearTimeout(timer);
    })();
    return this.#ending;
  }

  /** At once, without freeing anything: for processes that do not answer. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    how(waiting);
  }
}
