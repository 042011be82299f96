/** The ingest role: publishers of this machine's rooms, each room in its own process (ingest-room). */
import { fileURLToPath } from 'node:url';
import { redisUrl } from '../src/config/config.ts';
import { ingestMetrics, ingestRoutes } from '../src/ingest/ingest-api.ts';
import { IngestHost } from '../src/ingest/ingest-host.ts';
import { NodeServer } from '../src/node-api/server.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { announceRole, roleNodeId } from '../src/process/announce-role.ts';
import { runRole } from '../src/process/run-role.ts';
import { EventPublisher } from '../src/state/events.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { ParticipantStore } from '../src/state/participant-store.ts';
import { connectRedis } from '../src/state/redis.ts';
import { RoomStore } from '../src/state/room-store.ts';
import { SessionStore } from '../src/state/session-store.ts';

/** Beside this file, as source or as bundle. */
const roomScript = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './ingest-room.ts' : './ingest-room.js', import.meta.url));

await runRole({ name: 'ingest' }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const host = new IngestHost({
    config,
    log,
    nodeId: roleNodeId(config, 'ingest'),
    roomScript,
    participants: new ParticipantStore(redis),
    rooms: new RoomStore(redis),
    sessions: new SessionStore(redis),
    events: new EventPublisher(redis),
  });
  const metrics = createMetrics('ingest');
  ingestMetrics(metrics, host);
  const server = new NodeServer({
    config,
    role: 'ingest',
    log,
    readiness: () => [...(redis.status === 'ready' ? [] : ['Redis is away']), ...(host.full ? ['no capacity for another room'] : [])],
    metrics: () => metrics.metrics(),
  });
  ingestRoutes(server, host);
  const url = await server.start();
  await host.start();
  redis.on('ready', () => host.rewrite());
  const registered = announceRole(new NodeRegistry(redis), config, 'ingest', url, () => ({ load: host.roomCount / config.maxRooms, used: host.roomCount, capacity: config.maxRooms }));
  return async () => {
    await registered.close();
    await server.close(500);
    await host.close();
    redis.disconnect();
  };
});
