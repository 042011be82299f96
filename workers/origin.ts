/** The origin process: programmes, HLS, tail, recorder. */
import { loadConfig, redisUrl } from '../src/config/config.ts';
import type { NodeId } from '../src/domain/ids.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createLogger } from '../src/observability/logger.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { Origin } from '../src/origin/origin.ts';
import { registerOriginMetrics } from '../src/origin/origin-metrics.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { connectRedis } from '../src/state/redis.ts';
import { createObjectStore } from '../src/storage/object-store.ts';

const EXIT_TIMEOUT_MS = 8000;

process.title = 'tessera-origin';
const config = loadConfig();
const log = createLogger('origin', config);
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
const startedAt = new Date().toISOString();
const registration = new NodeRegistry(redis).announce(() => {
  const used = origin.rooms.filter((room) => room.programme.live).length;
  return {
    id: `${config.nodeId}-origin` as NodeId,
    machine: config.nodeId,
    role: 'origin',
    region: config.region,
    url,
    ...(origin.programmeServer.tcpUrl === undefined ? {} : { programmeUrl: origin.programmeServer.tcpUrl }),
    pid: process.pid,
    startedAt,
    load: used / config.maxRooms,
    used,
    capacity: config.maxRooms,
    version: '0.1.0',
  };
});
log.info({ listening: true }, 'origin is ready');
process.send?.({ type: 'ready' });

let closing = false;
async function close(code: number): Promise<void> {
  if (closing) return;
  closing = true;
  setTimeout(() => process.exit(code), EXIT_TIMEOUT_MS).unref();
  await registration.close();
  await origin.close();
  await server.close();
  await store.close();
  redis.disconnect();
  process.exit(code);
}
process.on('SIGTERM', () => void close(0));
process.on('SIGINT', () => void close(0));
// The supervisor is gone: nothing would ever end this process.
process.on('disconnect', () => process.exit(1));
