/** Role restream: pushes programmes to destinations, one BullMQ job each; a job runs as long as its restream. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Gauge } from 'prom-client';
import { warmFfmpeg } from '../pipelines/ffmpeg/run-command.ts';
import { redisUrl } from '../src/config/config.ts';
import type { RestreamId } from '../src/domain/ids.ts';
import { NodeClient } from '../src/node-api/client.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { announceRole } from '../src/process/announce-role.ts';
import { runRole } from '../src/process/run-role.ts';
import { createWorker } from '../src/queue/queues.ts';
import { OriginSource } from '../src/restream/origin-source.ts';
import { runRestream, type RestreamParts } from '../src/restream/restream-run.ts';
import { EventPublisher, EventSubscriber } from '../src/state/events.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { connectRedis } from '../src/state/redis.ts';
import { RestreamStore } from '../src/state/restream-store.ts';
import { RoomStore } from '../src/state/room-store.ts';

/** A push is one FFmpeg that copies, about 1 % of a core and 30 MB. */
const CONCURRENCY = 32;

await runRole({ name: 'restream' }, async ({ config, log }) => {
  void warmFfmpeg();
  const redis = connectRedis(redisUrl(config));
  const client = new NodeClient(config);
  const nodes = new NodeRegistry(redis);
  const runDir = join(config.runDir, `restream-${randomUUID().slice(0, 8)}`);
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const watched = new Map<RestreamId, () => void>();
  const subscriber = new EventSubscriber(redis, (event) => {
    if (event.type === 'restreamChanged') watched.get(event.restream)?.();
  });
  const parts: RestreamParts = {
    watch: (id, changed) => {
      watched.set(id, changed);
      return () => void watched.delete(id); // a restream is one job, so it runs here once
    },
    restreams: new RestreamStore(redis),
    events: new EventPublisher(redis),
    source: new OriginSource(nodes, new RoomStore(redis), client),
    allowPrivate: config.pushAllowPrivate,
    runDir,
    log,
  };
  const registry = createMetrics('restream');
  let running = 0;
  new Gauge({
    name: 'tessera_restreams',
    help: 'Restreams this process holds',
    registers: [registry],
    collect() {
      this.set(running);
    },
  });

  const closing = new AbortController();
  const worker = createWorker('restream', redisUrl(config), { concurrency: CONCURRENCY }, async ({ restream }, _job, _token, signal) => {
    running++;
    try {
      await runRestream(restream, parts, signal ? AbortSignal.any([signal, closing.signal]) : closing.signal);
    } catch (error) {
      if (!closing.signal.aborted && signal?.aborted !== true) log.error({ err: error, restream }, 'restream broke off');
      throw error;
    } finally {
      running--;
    }
  });
  worker.on('error', (error) => log.warn({ err: error }, 'queue trouble'));

  const server = new NodeServer({
    config,
    role: 'restream',
    log,
    readiness: () => (redis.status === 'ready' ? [] : ['Redis is not reachable.']),
    metrics: () => registry.metrics(),
  });
  const url = await server.start();
  const node = announceRole(nodes, config, 'restream', url, () => ({ load: running / CONCURRENCY, used: running, capacity: CONCURRENCY }));

  return async () => {
    closing.abort();
    await worker.close();
    await node.close();
    await server.close();
    client.close();
    subscriber.close();
    redis.disconnect();
    await rm(runDir, { recursive: true, force: true });
  };
});
