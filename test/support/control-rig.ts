/**
 * Control as it is, with a real Redis and the local disk, in front of media nodes that answer the node-api contract as told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { parseConfig, type Config, type RoleName } from '../../src/config/config.ts';
import { ControlServer } from '../../src/control/control-server.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { NodeId, RoomId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/room.ts';
import { NodeClient } from '../../src/node-api/client.ts';
import { handled, NodeServer, type NodeHandler } from '../../src/node-api/server.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { Queues } from '../../src/queue/queues.ts';
import { EventPublisher } from '../../src/state/events.ts';
import { NodeRegistry } from '../../src/state/node-registry.ts';
import { ParticipantStore } from '../../src/state/participant-store.ts';
import { RecordingStore } from '../../src/state/recording-store.ts';
import { connectRedis } from '../../src/state/redis.ts';
import { RestreamStore } from '../../src/state/restream-store.ts';
import { RoomStore } from '../../src/state/room-store.ts';
import { SessionStore } from '../../src/state/session-store.ts';
import { ViewerStore } from '../../src/state/viewer-store.ts';
import { FilesystemStore } from '../../src/storage/filesystem-store.ts';
import type { State } from '../../src/control/dependencies.ts';
import { startTestRedis, type TestRedis } from './redis.ts';

export const KEY = 'testkey';
export const SECRET = 'a-secret-of-the-tests-with-more-than-32-characters';

export interface NodeCall {
  role: RoleName;
  method: string;
  path: string;
  body: unknown;
}

export interface ControlRig {
  base: string;
  config: Config;
  control: ControlServer;
  state: State;
  queues: Queues;
  redisServer: TestRedis;
  files: FilesystemStore;
  /** Every request that a node got, oldest first. */
  calls: NodeCall[];
  /** Answers of the nodes by `METHOD /pattern`; a test replaces what it needs. */
  answers: Map<string, NodeHandler>;
  startNode(role: RoleName): Promise<() => Promise<void>>;
  /** A second control process's worth of control on the same Redis; returns its address. */
  startSecondControl(): Promise<string>;
  token(claims: { room: string; role: Role; sub?: string; name?: string }, options?: TokenOptions): Promise<string>;
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
  close(): Promise<void>;
}

export interface TokenOptions {
  expiresInSeconds?: number;
  secret?: string;
  issuer?: string;
  audience?: string;
  algorithm?: string;
}

export interface RequestOptions {
  token?: string;
  json?: unknown;
  text?: string;
  bytes?: Buffer;
  type?: string;
  headers?: Record<string, string>;
}

export const ANSWER_SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
/** What the ingest and edge of this rig take for SDP. */
export const OFFER_SDP = 'v=0\r\no=- 7 7 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';

export async function startControlRig(env: Record<string, string> = {}, nodes: readonly RoleName[] = ['ingest', 'mixer', 'origin', 'edge']): Promise<ControlRig> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-control-'));
  const redisServer = await startTestRedis();
  const config = parseConfig({
    TESSERA_API_KEYS: `${KEY}:${SECRET}`,
    TESSERA_HTTP_HOST: '127.0.0.1',
    TESSERA_HTTP_PORT: '0',
    TESSERA_REDIS_URL: redisServer.url,
    TESSERA_DATA_DIR: join(folder, 'data'),
    TESSERA_RUN_DIR: join(folder, 'run'),
    TESSERA_NODE_ID: 'machine1',
    TESSERA_LOG_LEVEL: 'silent',
    ...env,
  });
  const redis = connectRedis(redisServer.url);
  const queues = new Queues(redisServer.url);
  const nodeClient = new NodeClient(config);
  const files = new FilesystemStore(join(folder, 'objects'));
  const registry = new NodeRegistry(redis);
  const participants = new ParticipantStore(redis);
  const sessions = new SessionStore(redis);
  const state: State = {
    redis,
    nodes: registry,
    rooms: new RoomStore(redis),
    participants,
    sessions,
    viewers: new ViewerStore(redis, sessions, participants),
    recordings: new RecordingStore(redis),
    restreams: new RestreamStore(redis),
    events: new EventPublisher(redis),
  };
  const calls: NodeCall[] = [];
  const answers = defaultAnswers();
  const log = createLogger('test', config);
  const stops: (() => Promise<void>)[] = [];

  const startNode = async (role: RoleName): Promise<() => Promise<void>> => {
    const server = new NodeServer({ config, role, log });
    for (const pattern of answers.keys()) {
      const [method = '', path = ''] = pattern.split(' ');
      server.route(method, path, async (request) => {
        const hasBody = Number(request.raw.headers['content-length'] ?? 0) > 0;
        const body: unknown = hasBody ? await request.json() : undefined;
        calls.push({ role, method, path: request.raw.url ?? '', body });
        return answers.get(pattern)?.({ ...request, json: () => Promise.resolve(body as never) });
      });
    }
    const url = await server.start();
    const startedAt = new Date().toISOString();
    const registered = registry.announce(() => ({
      id: `machine1-${role}` as NodeId,
      machine: 'machine1',
      role,
      region: 'default',
      url,
      pid: process.pid,
      startedAt,
      load: 0,
      used: 0,
      capacity: 10,
      version: 'test',
    }));
    const stop = async (): Promise<void> => {
      await registered.close();
      await server.close(100);
    };
    stops.push(stop);
    return stop;
  };
  for (const role of nodes) await startNode(role);

  const newControl = (): ControlServer => new ControlServer({ config, log, state, queues, nodeClient, files, metrics: createMetrics('control'), webDir: join(folder, 'web') }, '0.0.0-test');
  const control = newControl();
  const port = await control.start();
  const base = `http://127.0.0.1:${port}`;

  return {
    base,
    config,
    control,
    state,
    queues,
    redisServer,
    files,
    calls,
    answers,
    startNode,
    startSecondControl: async () => {
      const second = newControl();
      stops.push(() => second.close());
      return `http://127.0.0.1:${await second.start()}`;
    },
    token: (claims, options = {}) => {
      const signing = new SignJWT({ ...claims })
        .setProtectedHeader({ alg: options.algorithm ?? 'HS256' })
        .setIssuer(options.issuer ?? KEY)
        .setAudience(options.audience ?? 'tessera')
        .setExpirationTime(Math.floor(Date.now() / 1000) + (options.expiresInSeconds ?? 600));
      return signing.sign(new TextEncoder().encode(options.secret ?? SECRET));
    },
    request: (method, path, { token, json, text, bytes, type, headers = {} } = {}) =>
      fetch(base + path, {
        method,
        redirect: 'manual',
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(type === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        body: json === undefined ? ((bytes as Uint8Array<ArrayBuffer> | undefined) ?? text) : JSON.stringify(json),
      }),
    close: async () => {
      await control.close();
      await Promise.all(stops.map((stop) => stop()));
      await Promise.race([queues.close().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 500))]); // waits for ever without Redis
      nodeClient.close();
      redis.disconnect();
      await redisServer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function defaultAnswers(): Map<string, NodeHandler> {
  const begun = Date.now();
  const recording = (status: string): NodeHandler => async ({ params, json, method, raw }) => {
    const body = Number(raw.headers['content-length'] ?? 0) > 0 && method === 'POST' ? await json<{ recording?: string; room?: string }>() : {};
    return { recording: params['id'] ?? body.recording, room: body.room ?? 'room', status, startedAtUnixMs: begun, durationMs: 4200, gaps: [], chunks: 1 };
  };
  const open: NodeHandler = async ({ json }) => {
    const { offer } = await json<{ offer: string }>();
    if (!offer.startsWith('v=0')) throw new AppError('malformedSdp', { detail: 'The first line must be v=0.' });
    return { answer: ANSWER_SDP, etag: '"ice-1"' };
  };
  return new Map<string, NodeHandler>([
    ['POST /whip', open],
    ['POST /whep', open],
    [
      'PATCH /sessions/:id',
      async ({ json }) => {
        const { ifMatch } = await json<{ ifMatch: string }>();
        if (ifMatch !== '"ice-1"' && ifMatch !== '*') throw new AppError('preconditionFailed');
        return ifMatch === '*' ? { fragment: 'a=ice-ufrag:new\r\n', etag: '"ice-2"' } : undefined;
      },
    ],
    ['DELETE /sessions/:id', () => undefined],
    ['POST /sessions/:id/rendition', () => undefined],
    ['PATCH /rooms/:room/participants/:id', () => undefined],
    ['DELETE /rooms/:room/participants/:id', () => undefined],
    ['DELETE /rooms/:room', () => undefined],
    ['POST /recordings', recording('recording')],
    ['GET /recordings/:id', recording('recording')],
    ['POST /recordings/:id/pause', recording('paused')],
    ['POST /recordings/:id/resume', recording('recording')],
    ['POST /recordings/:id/stop', recording('stopped')],
    ['DELETE /programmes/:room', () => undefined],
    [
      'GET /hls/:room/*',
      ({ response, params }) => {
        if (params['rest']?.endsWith('.m3u8') === true) {
          response.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'public, max-age=1', etag: '"p"' });
          response.end('#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\nhigh/1.m4s\n');
        } else {
          response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 5, 'cache-control': 'public, max-age=9' }).end('media');
        }
        return handled;
      },
    ],
  ]);
}

/** Adds a room's document by the API; returns its id. */
export async function createRoom(rig: ControlRig, id: string, extra: Record<string, unknown> = {}): Promise<RoomId> {
  const operator = await rig.token({ room: '*', role: 'operator' });
  const response = await rig.request('POST', '/api/rooms', { token: operator, json: { id, ...extra } });
  if (response.status !== 201) throw new Error(`room not made: ${response.status} ${await response.text()}`);
  return id as RoomId;
}

/** Waits until `check` gives something true, asking every 25 ms. */
export async function eventually<T>(check: () => Promise<T | undefined | false> | T | undefined | false, timeoutMs = 8000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
