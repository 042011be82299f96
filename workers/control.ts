/** The control role: API, tokens, Socket.IO, pages, placement and reconciliation. */
import { redisUrl } from '../src/config/config.ts';
import { webDir } from '../src/config/paths.ts';
import { ControlServer } from '../src/control/control-server.ts';
import { NodeClient } from '../src/node-api/client.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { announceRole, busyShare, VERSION } from '../src/process/announce-role.ts';
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
import { ViewerStore } from '../src/state/viewer-store.ts';
import { createObjectStore } from '../src/storage/object-store.ts';

await runRole({ name: 'control' }, async ({ config, log }) => {
  const redis = connectRedis(redisUrl(config));
  const queues = new Queues(redisUrl(config));
  const nodeClient = new NodeClient(config);
  const files = createObjectStore(config);
  const nodes = new NodeRegistry(redis);
  const sessions = new SessionStore(redis);
  const participants = new ParticipantStore(redis);
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
        participants,
        sessions,
        viewers: new ViewerStore(redis, sessions, participants),
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
  const address = config.httpHost.includes(':') ? `[${config.httpHost}]` : config.httpHost;
  const busy = busyShare();
  const registered = announceRole(nodes, config, 'control', `http://${address}:${port}`, () => ({ load: busy(), used: 0, capacity: 1 })); // nothing is placed on control
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
