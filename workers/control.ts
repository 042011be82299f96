/** The control role: API, tokens, Socket.IO, pages, placement and reconciliation. */
import { performance } from 'node:perf_hooks';
import { redisUrl, type Config } from '../src/config/config.ts';
import { webDir } from '../src/config/paths.ts';
import { ControlServer } from '../src/control/control-server.ts';
import type { NodeId } from '../src/domain/ids.ts';
import { NodeClient } from '../src/node-api/client.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { runRole } from '../src/process/run-role.ts';
import { Queues } from '../src/queue/queues.ts';
import { EventPublisher } from '../src/state/events.ts';
import { NodeRegistry } from '../src/state/node-registry.ts';
import { ParticipantStore } from '../src/state/participant-store.ts';
import { RecordingStore } from '../src/state/recording-store.ts';
import { connectRedis } from '../src/state/redis.ts';
import { RestreamStore } from '../src/state/restream-store.ts';
import { RoomStore } from '../src/state/room-store.ts';
import { SessionStore } from '../src/state/session-store.ts';
import { createObjectStore } from '../src/storage/object-store.ts';

const VERSION = '0.1.0';

await runRole({ name: 'control' }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const queues = new Queues(redisUrl(config));
  const nodeClient = new NodeClient(config);
  const files = createObjectStore(config);
  const nodes = new NodeRegistry(redis);
  const server = new ControlServer(
    {
      config,
      log,
      queues,
      nodeClient,
      files,
      metrics: createMetrics('control'),
      webDir,
      state: {
        redis,
        nodes,
        rooms: new RoomStore(redis),
        participants: new ParticipantStore(redis),
        sessions: new SessionStore(redis),
        recordings: new RecordingStore(redis),
        restreams: new RestreamStore(redis),
        events: new EventPublisher(redis),
      },
    },
    VERSION,
  );
  const port = await server.start().catch((error: unknown) => {
    if (error instanceof Error) process.stderr.write(`tessera-control: ${error.message}\n`);
    redis.disconnect();
    throw error;
  });
  const registered = nodes.announce(describe(config, port));
  log.info({ host: config.httpHost, port, localMode: config.localMode }, config.localMode ? 'listening in local mode: loopback only, with the well-known key "local"' : 'listening');

  return async () => {
    // What needs Redis may wait for it: the end must not.
    await within(1000, registered.close());
    await server.close();
    await within(1000, queues.close());
    nodeClient.close();
    await files.close();
    redis.disconnect();
  };
});

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, timeoutMs))]);
}

function describe(config: Config, port: number) {
  const startedAt = new Date().toISOString();
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const load = performance.eventLoopUtilization(now, before).utilization;
    before = now;
    return {
      id: `${config.nodeId}-control` as NodeId,
      machine: config.nodeId,
      role: 'control' as const,
      region: config.region,
      url: `http://${config.httpHost.includes(':') ? `[${config.httpHost}]` : config.httpHost}:${port}`,
      pid: process.pid,
      startedAt,
      load,
      used: 0, // nothing is placed on control
      capacity: 1,
      version: VERSION,
    };
  };
}
