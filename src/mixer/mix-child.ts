/** One mixer process as its worker sees it: started ahead of need, told what to mix, watched. */
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { childEnvironment } from '../config/config.ts';
import { pluginDir } from '../config/paths.ts';
import type { DegradedState } from '../domain/degrade-ladder.ts';
import type { ParticipantId } from '../domain/ids.ts';
import type { MixMemory } from '../domain/mix-memory.ts';
import type { UplinkWish } from '../domain/uplink.ts';
import type { FromMix, MixHeartbeat, ToMix } from './mix-ipc.ts';

/** libuv threads of a mixer: each pending pull and the bus hold one for good, files need some (field-notes.md). */
const THREADS = '24';

export interface MixChildEvents {
  loaded: [];
  ready: [sinceStartMs: number];
  heartbeat: [stats: MixHeartbeat];
  memory: [memory: MixMemory];
  uplink: [wishes: Record<ParticipantId, UplinkWish[]>];
  degraded: [degraded: DegradedState | undefined];
  imageFailed: [path: string, detail: string];
  failed: [code: Extract<FromMix, { type: 'failed' }>['code'], detail: string, epoch: number | undefined];
  exited: [];
}

export class MixChild extends EventEmitter<MixChildEvents> {
  loaded = false;
  exited = false;
  readonly #process: ChildProcess;

  /** @param script workers/mix-room as source or bundle */
  constructor(script: string) {
    super();
    this.#process = fork(script, [], {
      // large blocks (texts of pictures) go back to the system at once: 25 MB less with nine people; otherwise malloc raises the limit by itself
      env: childEnvironment({ UV_THREADPOOL_SIZE: THREADS, GST_PLUGIN_PATH: pluginDir, MALLOC_MMAP_THRESHOLD_: '262144' }),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('message', (message: FromMix) => this.#take(message));
    this.#process.on('error', () => this.#gone());
    this.#process.on('exit', () => this.#gone());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Lost when the process is gone. */
  send(message: ToMix): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  /** SIGKILL: nothing in a mixer needs saving, and a wedged graph answers to nothing else. */
  kill(): void {
    if (!this.exited) this.#process.kill('SIGKILL');
  }

  #take(message: FromMix): void {
    switch (message.type) {
      case 'loaded':
        this.loaded = true;
        this.emit('loaded');
        return;
      case 'ready':
        this.emit('ready', message.sinceStartMs);
        return;
      case 'heartbeat':
        this.emit('heartbeat', message.stats);
        return;
      case 'memory':
        this.emit('memory', message.memory);
        return;
      case 'uplink':
        this.emit('uplink', message.wishes);
        return;
      case 'degraded':
        this.emit('degraded', message.degraded);
        return;
      case 'imageFailed':
        this.emit('imageFailed', message.path, message.detail);
        return;
      case 'failed':
        this.emit('failed', message.code, message.detail, message.epoch);
    }
  }

  #gone(): void {
    if (this.exited) return;
    this.exited = true;
    this.emit('exited');
  }
}
