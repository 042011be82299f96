/**
 * Parent of all roles of one machine and of the embedded redis-server. Starts Redis, then the roles side by side; keeps them
 * running; ends them in an order in which nobody misses somebody who is still needed, all within {@link STOP_MS}.
 */
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { childEnvironment, redisUrl, type Config, type RoleName } from '../config/config.ts';
import { sweepRings } from '../media/ring-leftovers.ts';
import type { Logger } from '../observability/logger.ts';
import { KeptChild } from './child.ts';
import { startEmbeddedRedis } from './embedded-redis.ts';
import { lockDataDir } from './instance-lock.ts';
import { sweepRunDir } from './leftovers.ts';
import { prettyLines } from './pretty-log.ts';

/** Longest time from the first SIGTERM to the end of the last child. */
export const STOP_MS = 9000;
/** Of an edge, beside the time it takes to drain. */
const EDGE_CLOSE_MS = 1000;

type ChildName = RoleName | 'demo' | 'redis';

/** For V8's compiler and collector. It takes four, which on two cores came before the event loop they work for: fetches during a flood waited twice as long. */
const V8_THREADS = Math.max(1, Math.min(4, availableParallelism() - 1));

/**
 * Stages of the end. Control first, or its reconciler would start again what is being ended; the origin last, because
 * recordings are closed with what the mixers still deliver; it gets the time that the others left over.
 */
const STOP_STAGES: readonly { roles: readonly ChildName[]; graceMs: number; takesRest?: boolean }[] = [
  { roles: ['demo'], graceMs: 1000 },
  { roles: ['control'], graceMs: 1500 },
  { roles: ['ingest', 'mixer', 'edge', 'restream', 'post-production'], graceMs: 3000 },
  { roles: ['origin'], graceMs: 2000, takesRest: true },
  { roles: ['redis'], graceMs: 1500 },
];

export interface SupervisorOptions {
  config: Config;
  log: Logger;
  /** The bundle of a worker or command: `workers/origin.js`. */
  bundle: (path: string) => string;
  /** A role said that it cannot run with these settings. */
  onGivenUp: (child: string) => void;
}

export class Supervisor {
  /** By name; further processes of a role have a number: `edge-2`. */
  readonly #children = new Map<string, { role: ChildName; child: KeptChild }>();
  readonly #environment: Record<string, string | undefined>;
  #unlock: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** Settles when the end begins. */
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;

  constructor(private readonly options: SupervisorOptions) {
    const { config } = options;
    this.#ended = new Promise((resolve) => (this.#end = resolve));
    // Children resolve no paths and make no names of their own: they are told.
    this.#environment = childEnvironment({
      TESSERA_DATA_DIR: config.dataDir,
      TESSERA_RUN_DIR: config.runDir,
      TESSERA_NODE_ID: config.nodeId,
      TESSERA_REDIS_URL: redisUrl(config),
    });
  }

  /** Takes the data folder. Comes before everything else. @throws DataDirInUse; the system's error when it cannot be written */
  lock(): void {
    this.#unlock = lockDataDir(this.options.config.dataDir);
  }

  /** @throws an Error with a sentence when Redis does not start */
  async start(): Promise<void> {
    const { config, log } = this.options;
    const swept = sweepRings(config.instance);
    sweepRunDir(config.runDir); // nobody else's: the data folder is locked
    if (swept > 0) log.info({ swept }, 'removed frame rings of an earlier run');
    if (this.#closing) return;
    if (config.redisUrl === undefined) {
      const { child, answered } = startEmbeddedRedis({ dataDir: config.dataDir, runDir: config.runDir, env: childEnvironment(), log });
      this.#children.set('redis', { role: 'redis', child }); // at once: the end may come before the answer
      answered.catch(() => undefined); // heard below, unless the end came first
      await Promise.race([answered, this.#ended]);
    }
    if (this.#closing) return;
    for (const role of config.roles)
      for (let ordinal = 1; ordinal <= (role === 'edge' ? config.edges : 1); ordinal++) {
        const name = ordinal === 1 ? role : `${role}-${ordinal}`;
        this.#children.set(name, { role, child: this.#node(name, `workers/${role}.js`, ordinal === 1 ? [] : [String(ordinal)]) });
      }
  }

  /** Starts the demo: a command beside the roles that is ended before them. */
  startDemo(url: string): void {
    if (!this.#closing) this.#children.set('demo', { role: 'demo', child: this.#node('demo', 'scripts/demo.js', [url], { keepRunning: false }) });
  }

  /** Process id of each child, for tests and the log. */
  get pids(): Record<string, number | undefined> {
    return Object.fromEntries([...this.#children].map(([name, { child }]) => [name, child.pid]));
  }

  /** Idempotent; bounded by {@link STOP_MS}, and by what edges are given for draining beyond that. */
  close(): Promise<void> {
    this.#end();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { config } = this.options;
    const startedAt = performance.now();
    for (const [i, { roles, graceMs, takesRest }] of STOP_STAGES.entries()) {
      const later = STOP_STAGES.slice(i + 1).reduce((sum, stage) => sum + stage.graceMs, 0);
      const restMs = STOP_MS - later - (performance.now() - startedAt);
      const stopping = [...this.#children.values()].filter(({ role }) => roles.includes(role));
      await Promise.all(
        stopping.map(({ role, child }) => child.stop(Math.max(graceMs, takesRest ? restMs : 0, role === 'edge' ? config.edgeDrainMs + EDGE_CLOSE_MS : 0))),
      );
    }
    sweepRings(config.instance, true);
    sweepRunDir(config.runDir);
    this.#unlock?.();
  }

  #node(name: string, bundle: string, args: string[], more: { keepRunning?: boolean } = {}): KeptChild {
    const { config, log, onGivenUp } = this.options;
    const pretty = config.logPretty && name !== 'demo';
    return new KeptChild({
      name,
      command: process.execPath,
      args: ['--enable-source-maps', `--v8-pool-size=${V8_THREADS}`, this.options.bundle(bundle), ...args],
      env: this.#environment,
      stdio: ['ignore', 'inherit', pretty ? 'pipe' : 'inherit', 'ipc'],
      log,
      onGivenUp: () => onGivenUp(name),
      onSpawned: pretty ? (child) => followLog(child) : undefined,
      ...more,
    }).start();
  }
}

function followLog(child: ChildProcess): void {
  child.stderr?.on('data', prettyLines((text) => process.stderr.write(text)));
}
