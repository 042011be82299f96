/** The edge role: WHEP viewers of every room on this machine, on one UDP port. */
import { cleanup } from 'node-datachannel';
import { edgeMetrics, edgeRoutes } from '../src/edge/edge-api.ts';
import { EdgeService } from '../src/edge/edge-service.ts';
import { findOrigin } from '../src/edge/origin-address.ts';
import { redisUrl } from '../src/config/config.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { announceRole, busyShare } from '../src/process/announce-role.ts';
import { runRole } from '../src/process/run-role.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { connectRedis } from '../src/state/redis.ts';
import { RoomStore } from '../src/state/room-store.ts';
import { SessionStore } from '../src/state/session-store.ts';

await runRole({ name: 'edge' }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const nodes = new NodeRegistry(redis);
  const rooms = new RoomStore(redis);
  const sessions = new SessionStore(redis);
  const service = new EdgeService({
    config,
    log,
    originAddress: (room) => findOrigin(room, config, rooms, nodes),
    onEnded: (id, room) => void sessions.remove({ id, room }).catch(() => undefined), // it runs out by itself
  });
  const metrics = createMetrics('edge');
  edgeMetrics(metrics, service);
  const server = new NodeServer({
    config,
    role: 'edge',
    log,
    readiness: () => [...(redis.status === 'ready' ? [] : ['Redis is away']), ...(service.viewers >= service.capacity ? ['full'] : [])],
    metrics: () => metrics.metrics(),
  });
  edgeRoutes(server, service);
  const url = await server.start();
  const busy = busyShare();
  const registered = announceRole(nodes, config, 'edge', url, () => ({
    load: Math.max(busy(), service.viewers / service.capacity),
    used: service.viewers,
    capacity: service.capacity,
  }));
  return async () => {
    await registered.close();
    service.close();
    await server.close(500);
    redis.disconnect();
    cleanup();
  };
});
