/** The mixer role: takes the mixes of this machine as BullMQ jobs; each runs in a process of its own (mix-room). */
import { fileURLToPath } from 'node:url';
import { redisUrl } from '../src/config/config.ts';
import type { NodeId, RoomId } from '../src/domain/ids.ts';
import { feedSocketPath } from '../src/media/feed-protocol.ts';
import { programmeSocketPath } from '../src/media/programme-protocol.ts';
import { mixerMetrics } from '../src/mixer/mixer-metrics.ts';
import { RoomMixer } from '../src/mixer/room-mixer.ts';
import { SparePool } from '../src/mixer/spare-pool.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { runRole } from '../src/process/run-role.ts';
import { createWorker } from '../src/queue/queues.ts';
import { EventPublisher, EventSubscriber } from '../src/state/events.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { connectRedis } from '../src/state/redis.ts';
import { RoomStore } from '../src/state/room-store.ts';

/** Beside this file, as source or as bundle. */
const mixScript = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './mix-room.ts' : './mix-room.js', import.meta.url));

await runRole({ name: 'mixer' }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const rooms = new RoomStore(redis);
  const publisher = new EventPublisher(redis);
  const spares = new SparePool(mixScript, config.mixerSpares);
  const mixers = new Map<RoomId, RoomMixer>();

  const refreshAll = (): void => {
    for (const mixer of mixers.values()) void mixer.refresh();
  };
  const events = new EventSubscriber(
    redis,
    (event) => {
      if (event.type === 'roomChanged' || event.type === 'roomDeleted' || event.type === 'mixWantedChanged')
        void mixers.get(event.room)?.refresh();
    },
    refreshAll,
  );

  spares.start();
  const worker = createWorker('mix', redisUrl(config), { node: config.nodeId as NodeId, concurrency: config.maxRooms }, async ({ room }) => {
    const before = await rooms.mix(room);
    const mixer = new RoomMixer(
      {
        room,
        feedSocket: feedSocketPath(config.runDir, room),
        programmeSocket: programmeSocketPath(config.runDir),
        recovering: before.status === 'running' || before.status === 'recovering',
      },
      {
        wanted: async (id) => {
          const [document, wanted] = await Promise.all([rooms.get(id), rooms.mixWanted(id)]);
          return document && wanted && document.endedAt === undefined ? document : undefined;
        },
        nextEpoch: (id) => rooms.nextEpoch(id),
        report: (id, status, epoch) => {
          rooms.setMix(id, { status, epoch }).then(
            () => publisher.publish({ type: 'mixChanged', room: id }),
            () => undefined, // Redis is away; the next change writes again
          );
        },
        takeChild: () => spares.take(),
      },
      log.child({ room }),
    );
    mixers.get(room)?.giveUp('the job was taken again');
    mixers.set(room, mixer);
    try {
      await mixer.run();
    } finally {
      if (mixers.get(room) === mixer) mixers.delete(room);
    }
  });
  worker.on('error', () => undefined); // reconnects by itself; readiness watches Redis
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const id of jobIds) {
      const room = id.slice('mix-'.length) as RoomId;
      log.error({ room }, 'lost the lock of a mix: ending its process');
      mixers.get(room)?.giveUp('lock lost');
    }
  });

  const metrics = createMetrics('mixer');
  mixerMetrics(metrics, mixers);
  const server = new NodeServer({
    config,
    role: 'mixer',
    log,
    readiness: () => (redis.status === 'ready' ? [] : ['Redis is away']),
    metrics: () => metrics.metrics(),
  });
  const url = await server.start();
  const startedAt = new Date().toISOString();
  const registered = new NodeRegistry(redis).announce(() => ({
    id: `${config.nodeId}-mixer` as NodeId,
    machine: config.nodeId,
    role: 'mixer',
    region: config.region,
    url,
    pid: process.pid,
    startedAt,
    load: mixers.size / config.maxRooms,
    used: mixers.size,
    capacity: config.maxRooms,
    version: '0.1.0',
  }));

  return async () => {
    spares.close();
    // the jobs fail and are taken by the next worker at once
    for (const mixer of mixers.values()) mixer.giveUp('the worker closes');
    await Promise.race([worker.close(), new Promise((resolve) => setTimeout(resolve, 2000))]);
    await registered.close();
    events.close();
    await server.close(500);
    redis.disconnect();
  };
});
