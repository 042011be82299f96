/** The origin role: programmes, HLS, tail, recorder. */
import { redisUrl } from '../src/config/config.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { Origin } from '../src/origin/origin.ts';
import { registerOriginMetrics } from '../src/origin/origin-metrics.ts';
import { announceRole } from '../src/process/announce-role.ts';
import { runRole } from '../src/process/run-role.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { connectRedis } from '../src/state/redis.ts';
import { createObjectStore } from '../src/storage/object-store.ts';

/** Recordings reach the disk first. */
const CLOSE_TIMEOUT_MS = 8000;

await runRole({ name: 'origin', closeTimeoutMs: CLOSE_TIMEOUT_MS }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const store = createObjectStore(config);
  const origin = new Origin({ config, store, log });
  const metrics = createMetrics('origin');
  registerOriginMetrics(metrics, origin);
  const server = new NodeServer({
    config,
    role: 'origin',
    log,
    readiness: async () => {
      const reasons: string[] = [];
      if (redis.status !== 'ready') reasons.push('Redis is not reachable.');
      await store.check().catch(() => reasons.push('The object store cannot be used.'));
      return reasons;
    },
    metrics: () => metrics.metrics(),
  });
  origin.register(server);
  await origin.start();
  const url = await server.start();
  const registered = announceRole(new NodeRegistry(redis), config, 'origin', url, () => {
    const used = origin.rooms.filter((room) => room.programme.live).length;
    const { tcpUrl } = origin.programmeServer;
    return { load: used / config.maxRooms, used, capacity: config.maxRooms, ...(tcpUrl === undefined ? {} : { programmeUrl: tcpUrl }) };
  });

  return async () => {
    await registered.close();
    await origin.close();
    await server.close();
    await store.close();
    redis.disconnect();
  };
});
