/** Role post-production: finalises recordings, one BullMQ job each. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UnrecoverableError } from 'bullmq';
import { Counter, Histogram } from 'prom-client';
import { warmFfmpeg } from '../pipelines/ffmpeg/run-command.ts';
import { redisUrl } from '../src/config/config.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { announceRole } from '../src/process/announce-role.ts';
import { runRole } from '../src/process/run-role.ts';
import { createWorker } from '../src/queue/queues.ts';
import { judgeFailure } from '../src/recordings/finalise-job.ts';
import { Finaliser } from '../src/recordings/finaliser.ts';
import { EventPublisher } from '../src/state/events.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { RecordingStore } from '../src/state/recording-store.ts';
import { connectRedis } from '../src/state/redis.ts';
import { createObjectStore } from '../src/storage/object-store.ts';

/** Remuxing is bound by disk and network; two at once keep a slow upload from holding up a short recording. */
const CONCURRENCY = 2;

await runRole({ name: 'post-production' }, async ({ config, log }) => {
  void warmFfmpeg();
  const redis = connectRedis(redisUrl(config));
  const objects = createObjectStore(config);
  const workDir = join(config.dataDir, 'post-production', String(process.pid));
  await sweepWorkDir(join(config.dataDir, 'post-production'));
  await mkdir(workDir, { recursive: true });

  const registry = createMetrics('post-production');
  const finished = new Counter({ name: 'tessera_recordings_finalised_total', help: 'Finalising jobs by result', labelNames: ['result'], registers: [registry] });
  const seconds = new Histogram({ name: 'tessera_recording_finalise_seconds', help: 'Time from taking a job to the finished files', buckets: [0.5, 1, 2, 5, 10, 30, 120, 600], registers: [registry] });

  const finaliser = new Finaliser({ objects, recordings: new RecordingStore(redis), events: new EventPublisher(redis), log, workDir });
  const closing = new AbortController();
  let running = 0;
  const worker = createWorker('finalise', redisUrl(config), { concurrency: CONCURRENCY }, async ({ recording }, job, _token, signal) => {
    const stop = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    const timed = seconds.startTimer();
    running++;
    try {
      await finaliser.finalise(recording, stop);
      timed();
      finished.inc({ result: 'complete' });
    } catch (error) {
      if (stop.aborted) throw error; // another worker, or this one's successor, takes it again
      const verdict = judgeFailure(error, job.attemptsMade + 1, job.opts.attempts ?? 1);
      log.warn({ err: error, recording, attempt: job.attemptsMade + 1, retry: verdict.retry }, 'recording not finalised');
      if (verdict.retry) throw error;
      finished.inc({ result: 'failed' });
      await finaliser.fail(recording, verdict.sentence);
      throw new UnrecoverableError(verdict.sentence);
    } finally {
      running--;
    }
  });
  worker.on('error', (error) => log.warn({ err: error }, 'queue trouble'));

  const server = new NodeServer({
    config,
    role: 'post-production',
    log,
    readiness: async () => {
      const reasons: string[] = [];
      if (redis.status !== 'ready') reasons.push('Redis is not reachable.');
      await objects.check().catch(() => reasons.push('The object store cannot be used.'));
      return reasons;
    },
    metrics: () => registry.metrics(),
  });
  const url = await server.start();
  const node = announceRole(new NodeRegistry(redis), config, 'post-production', url, () => ({ load: running / CONCURRENCY, used: running, capacity: CONCURRENCY }));

  return async () => {
    closing.abort();
    await worker.close();
    await node.close();
    await server.close();
    await objects.close();
    redis.disconnect();
    await rm(workDir, { recursive: true, force: true });
  };
});

/** Folders are named by the pid that works in them; those of the dead are of no use, since a job begins anew. */
async function sweepWorkDir(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    try {
      process.kill(Number(name), 0);
    } catch {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}
