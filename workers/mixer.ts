/** The mixer role: takes the mixes of this machine as BullMQ jobs; each runs in a process of its own (mix-room). */
import { fileURLToPath } from 'node:url';
import { redisUrl } from '../src/config/config.ts';
import type { NodeId, RoomId } from '../src/domain/ids.ts';
import { feedSocketPath } from '../src/media/feed-protocol.ts';
import { programmeSocketPath } from '../src/media/programme-protocol.ts';
import { mixRoom } from '../src/mixer/mix-ipc.ts';
import { mixerMetrics } from '../src/mixer/mixer-metrics.ts';
import { RoomImages } from '../src/mixer/room-images.ts';
import { RoomMixer } from '../src/mixer/room-mixer.ts';
import { SparePool } from '../src/mixer/spare-pool.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { announceRole } from '../src/process/announce-role.ts';
import { runRole } from '../src/process/run-role.ts';
import { createWorker, queueName } from '../src/queue/queues.ts';
import { WorkerRoll } from '../src/queue/worker-roll.ts';
import { EventPublisher, EventSubscriber } from '../src/state/events.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { RecordingStore } from '../src/state/recording-store.ts';
import { connectRedis } from '../src/state/redis.ts';
import { RoomStore } from '../src/state/room-store.ts';
import { createObjectStore } from '../src/storage/object-store.ts';

/** Beside this file, as source or as bundle. */
const mixScript = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './mix-room.ts' : './mix-room.js', import.meta.url));

await runRole({ name: 'mixer' }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const rooms = new RoomStore(redis);
  const recordings = new RecordingStore(redis);
  const store = createObjectStore(config);
  const publisher = new EventPublisher(redis);
  const spares = new SparePool(mixScript, config.mixerSpares);
  const mixers = new Map<RoomId, RoomMixer>();

  const refreshAll = (): void => {
    for (const mixer of mixers.values()) void mixer.refresh();
  };
  const events = new EventSubscriber(
    redis,
    (event) => {
      if (event.type === 'roomChanged' || event.type === 'roomDeleted' || event.type === 'mixWantedChanged' || event.type === 'recordingChanged')
        void mixers.get(event.room)?.refresh();
      else if (event.type === 'caption') mixers.get(event.room)?.caption(event.caption);
    },
    { onResumed: refreshAll },
  );

  const metrics = createMetrics('mixer');
  const counters = mixerMetrics(metrics, mixers);

  spares.start();
  const worker = createWorker('mix', redisUrl(config), { node: config.nodeId as NodeId, concurrency: config.maxRooms }, async ({ room }) => {
    const running = mixers.get(room);
    if (running && !running.over) {
      log.info({ room, epoch: running.epoch }, 'the mix goes on under a new lock');
      return running.hold();
    }
    const before = await rooms.mix(room);
    const recovering = before.status === 'running' || before.status === 'recovering';
    const memory = recovering ? await rooms.mixMemory(room) : undefined;
    const roomLog = log.child({ room });
    const images = new RoomImages({ room, dir: config.runDir, store, log: roomLog, arrived: () => void mixers.get(room)?.refresh() });
    const mixer: RoomMixer = new RoomMixer(
      {
        room,
        feedSocket: feedSocketPath(config.runDir, room),
        programmeSocket: programmeSocketPath(config.runDir),
        recovering,
        ...(memory ? { memory } : {}),
      },
      {
        wanted: async (id) => {
          const [document, wanted, unfinished] = await Promise.all([rooms.get(id), rooms.mixWanted(id), recordings.listUnfinished(id)]);
          if (!document || !wanted || document.endedAt !== undefined) return undefined;
          return mixRoom(document, { recording: unfinished.some((r) => r.status === 'recording'), images: images.files(document) });
        },
        nextEpoch: (id, above) => rooms.nextEpoch(id, above),
        report: async (id, state) => {
          await rooms.setMix(id, state);
          publisher.publish({ type: 'mixChanged', room: id });
        },
        uplink: async (id, wishes) => {
          const stored = rooms.setUplink(id, wishes);
          publisher.publish({ type: 'uplinkChanged', room: id, wishes });
          await stored;
        },
        remember: (id, epoch, told) => rooms.setMixMemory(id, epoch, told),
        stepped: (step, direction) => counters.stepped(step, direction),
        takeChild: () => spares.take(),
        ended: () => {
          images.close();
          if (mixers.get(room) === mixer) mixers.delete(room);
        },
      },
      roomLog,
    );
    mixers.set(room, mixer);
    return mixer.hold();
  });
  worker.on('error', () => undefined); // reconnects by itself; readiness watches Redis
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const id of jobIds) {
      const room = id.slice('mix-'.length) as RoomId;
      log.warn({ room }, 'lost the lock of a mix: it goes on for some seconds, to be held again');
      mixers.get(room)?.lockLost();
    }
  });

  const roll = new WorkerRoll(redis, queueName('mix', config.nodeId as NodeId), worker.id, (locks) => log.warn({ locks }, 'a mixer worker of this machine died: its mixes are taken over'));
  roll.start();

  const server = new NodeServer({
    config,
    role: 'mixer',
    log,
    readiness: () => (redis.status === 'ready' ? [] : ['Redis is away']),
    metrics: () => metrics.metrics(),
  });
  const url = await server.start();
  const registered = announceRole(new NodeRegistry(redis), config, 'mixer', url, () => ({ load: mixers.size / config.maxRooms, used: mixers.size, capacity: config.maxRooms }));

  return async () => {
    spares.close();
    // the jobs fail and are taken by the next worker at once
    for (const mixer of mixers.values()) mixer.giveUp('the worker closes');
    await Promise.race([worker.close(), new Promise((resolve) => setTimeout(resolve, 2000))]);
    await roll.close();
    await registered.close();
    events.close();
    await server.close(500);
    await store.close();
    redis.disconnect();
  };
});
