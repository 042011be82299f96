/**
 * The BullMQ queues: names, payloads, options. Ids only, no blobs and no secrets: job data is readable in Redis.
 */
import { Queue, Worker, type ConnectionOptions, type Job, type JobsOptions } from 'bullmq';
import { backoffMs } from '../domain/backoff.ts';
import type { NodeId, RecordingId, RestreamId, RoomId } from '../domain/ids.ts';

export interface MixJob {
  room: RoomId;
}
export interface RestreamJob {
  restream: RestreamId;
  room: RoomId;
}
export interface FinaliseJob {
  recording: RecordingId;
  room: RoomId;
}

export interface Payloads {
  mix: MixJob;
  restream: RestreamJob;
  finalise: FinaliseJob;
}
export type QueueKind = keyof Payloads;

/** Before every key of BullMQ. */
export const BULL_PREFIX = 'tessera:bull';

/** A dead worker's job must run elsewhere within 6 s, also on saturated cores (field-notes.md, "BullMQ"). */
const LEASE = { lockDuration: 5000, lockRenewTime: 1000, stalledInterval: 500, maxStalledCount: 1_000_000 } as const;

/** 1, 2, 4 … seconds, at most five minutes: with the tries of a `finalise` job that waits a day for an object store. */
const CAPPED_BACKOFF = 'capped';
const BACKOFF = { firstMs: 1000, mostMs: 300_000 } as const;

/** A failed job is removed as a finished one is: while it stayed under its id, adding it again would do nothing. */
const JOB_OPTIONS: Record<QueueKind, JobsOptions> = {
  mix: { attempts: 1_000_000, backoff: { type: 'fixed', delay: 500 }, removeOnComplete: true, removeOnFail: true },
  restream: { attempts: 1_000_000, backoff: { type: 'fixed', delay: 1000 }, removeOnComplete: true, removeOnFail: true },
  finalise: { attempts: 300, backoff: { type: CAPPED_BACKOFF }, removeOnComplete: true, removeOnFail: true },
};

/** A mix must run on the host that has its room's feeds, so that queue is per node; the others are shared. */
export function queueName(kind: QueueKind, node?: NodeId): string {
  return kind === 'mix' ? `mix-${node ?? ''}` : kind;
}

/** Connection for BullMQ out of TESSERA_REDIS_URL; `unix:/path` and `redis[s]://…`. */
export function bullConnection(url: string): ConnectionOptions & object {
  return url.startsWith('unix:') ? { path: url.slice('unix:'.length) } : { url };
}

export class Queues {
  readonly #queues = new Map<string, Queue>();

  constructor(private readonly redisUrl: string) {}

  /**
   * Adds a job whose id is `id`: adding it again while it waits or runs does nothing.
   * BullMQ refuses ':' in job ids. Rejects after a few tries while Redis is away.
   */
  async add<K extends QueueKind>(kind: K, id: string, payload: Payloads[K], node?: NodeId): Promise<void> {
    await this.queue(kind, node).add(kind, payload, { ...JOB_OPTIONS[kind], jobId: id });
  }

  queue(kind: QueueKind, node?: NodeId): Queue {
    const name = queueName(kind, node);
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = new Queue(name, { connection: { ...bullConnection(this.redisUrl), maxRetriesPerRequest: 3 }, prefix: BULL_PREFIX });
      queue.on('error', () => undefined); // reconnects by itself; readiness watches Redis
      this.#queues.set(name, queue);
    }
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((q) => q.close()));
  }
}

export interface WorkerOptions {
  node?: NodeId;
  concurrency: number;
}

/** A worker of one kind; the handler gets the job and its lock token. Close it with `close()`. */
export function createWorker<K extends QueueKind>(
  kind: K,
  redisUrl: string,
  options: WorkerOptions,
  handler: (payload: Payloads[K], job: Job<Payloads[K]>, token: string, signal: AbortSignal | undefined) => Promise<void>,
): Worker<Payloads[K], void> {
  return new Worker<Payloads[K], void>(
    queueName(kind, options.node),
    async (job, token, signal) => handler(job.data, job, token ?? '', signal),
    {
      connection: { ...bullConnection(redisUrl), maxRetriesPerRequest: null }, // BullMQ's demand: a worker waits for its Redis
      prefix: BULL_PREFIX,
      concurrency: options.concurrency,
      settings: { backoffStrategy: (attemptsMade) => Math.round(backoffMs(attemptsMade, BACKOFF)) },
      ...LEASE,
    },
  );
}
