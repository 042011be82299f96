/**
 * The edge role: WHEP viewers of every room on this machine, on one UDP port. Further edges of a machine get a number (2, 3, …) as
 * argument, and the ports that follow.
 */
import { cleanup } from 'node-datachannel';
import { edgeMetrics, edgeRoutes } from '../src/edge/edge-api.ts';
import { EdgeLoad } from '../src/edge/edge-load.ts';
import { EdgeService } from '../src/edge/edge-service.ts';
import { findOrigin } from '../src/edge/origin-address.ts';
import { redisUrl } from '../src/config/config.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { announceRole } from '../src/process/announce-role.ts';
import { runRole } from '../src/process/run-role.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { connectRedis } from '../src/state/redis.ts';
import { RoomStore } from '../src/state/room-store.ts';
import { SessionStore } from '../src/state/session-store.ts';

/** Of a node's record. */
const MAX_ROOMS_TOLD = 200;
/** Above the longest time for draining; the supervisor is stricter. */
const CLOSE_TIMEOUT_MS = 24_000;

const ordinal = Number(process.argv[2] ?? 1);
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

await runRole({ name: ordinal === 1 ? 'edge' : `edge-${ordinal}`, closeTimeoutMs: CLOSE_TIMEOUT_MS }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const nodes = new NodeRegistry(redis);
  const rooms = new RoomStore(redis);
  const sessions = new SessionStore(redis);
  const load = new EdgeLoad(performance.now(), cpuMs());
  const service = new EdgeService({
    config: { ...config, edgeUdpPort: config.edgeUdpPort + ordinal - 1 },
    log,
    originAddress: (room) => findOrigin(room, config, rooms, nodes),
    onEnded: (id, room) => void sessions.remove({ id, room }).catch(() => undefined), // it runs out by itself
    busy: () => load.full,
  });
  const metrics = createMetrics('edge');
  edgeMetrics(metrics, service);
  const full = (): boolean => service.taken >= service.capacity || load.full;
  const server = new NodeServer({
    config,
    role: 'edge',
    ordinal: ordinal === 1 ? undefined : ordinal,
    log,
    readiness: () => [...(redis.status === 'ready' ? [] : ['Redis is away']), ...(full() ? ['full'] : [])],
    metrics: () => metrics.metrics(),
  });
  edgeRoutes(server, service);
  const url = await server.start();
  const tell = () => {
    load.sample(performance.now(), cpuMs());
    const used = service.taken;
    return {
      load: Math.max(load.share, used / service.capacity),
      used,
      capacity: service.capacity,
      rooms: service.programmes.slice(0, MAX_ROOMS_TOLD).map(({ room }) => room),
    };
  };
  const registered = announceRole(nodes, config, 'edge', url, tell, ordinal);
  return async () => {
    await registered.close(); // control sends nobody any more
    await service.drain(config.edgeDrainMs);
    service.close();
    await server.close(500);
    redis.disconnect();
    cleanup();
  };
});
