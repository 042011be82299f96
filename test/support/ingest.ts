/** The real ingest role by itself, with a small WHIP door in front of it, so that its tests need no control role. */
import { randomBytes } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig, type Config } from '../../src/config/config.ts';
import { repoRoot } from '../../src/config/paths.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { RoomId, SessionId } from '../../src/domain/ids.ts';
import { decodePcm, FEED_FRAME, feedSocketPath, type FeedInfo, type ParticipantInfo } from '../../src/media/feed-protocol.ts';
import { FrameRingReader, type RingFrame } from '../../src/media/frame-ring.ts';
import { FrameReader } from '../../src/media/framing.ts';
import { NodeClient } from '../../src/node-api/client.ts';
import type { SessionAnswer, SessionPatched } from '../../src/node-api/contract.ts';
import { NODE_PATHS } from '../../src/node-api/contract.ts';
import { waitFor } from './process.ts';
import { startTestRedis, type TestRedis } from './redis.ts';

export interface TestIngest {
  /** WHIP here: `<url>/whip/<room>`; the token is `identity` or `identity/name`. */
  url: string;
  config: Config;
  redis: TestRedis;
  nodes: NodeClient;
  nodeUrl: string;
  pid: number;
  output(): string;
  /** Starts synthetic participants (scripts/synthetic) in a process of their own. */
  synthetic(room: string, args: string[]): SyntheticProcess;
  feeds(room: string): FeedListener;
  stop(): Promise<void>;
}

export interface SyntheticProcess {
  child: ChildProcess;
  /** Events it printed. */
  events: { type: string; name?: string; t: number; tones?: Record<string, number>; detail?: string }[];
  stop(): Promise<void>;
}

const tsx = ['--import', 'tsx'];
/** 10 ms of the programme's sound. */
const BLOCK_BYTES = 1920;

export async function startIngest(settings: Readonly<Record<string, string>> = {}): Promise<TestIngest> {
  const redis = await startTestRedis();
  const dataDir = mkdtempSync(join(tmpdir(), 'tessera-ingest-'));
  const firstPort = 31_000 + Math.floor(Math.random() * 15) * 100;
  const env: Record<string, string> = {
    TESSERA_DATA_DIR: dataDir,
    TESSERA_RUN_DIR: join(dataDir, 'run'),
    TESSERA_REDIS_URL: redis.url,
    TESSERA_INGEST_UDP_PORTS: `${firstPort}-${firstPort + 99}`,
    TESSERA_LOG_LEVEL: 'info',
    ...settings,
  };
  const config = parseConfig(env);
  const child = spawn(process.execPath, [...tsx, join(repoRoot, 'workers/ingest.ts')], { cwd: repoRoot, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  const killHard = (): void => void child.kill('SIGKILL');
  process.once('exit', killHard);
  const nodeUrl = `unix:${config.runDir}/ingest.sock`;
  const nodes = new NodeClient(config);
  const ready = await waitFor('ingest', async () => existsSync(nodeUrl.slice(5)) && (await nodes.call(nodeUrl, 'GET', '/readyz').then(() => true, () => false)), { timeoutMs: 15_000 }).catch(
    (error: Error) => error,
  );
  if (ready instanceof Error) throw new Error(`${ready.message}\n${written.join('')}`);
  const door = whipDoor(nodes, nodeUrl);
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  const closing: (() => Promise<void> | void)[] = [];

  return {
    url,
    config,
    redis,
    nodes,
    nodeUrl,
    pid: child.pid ?? 0,
    output: () => written.join(''),
    synthetic(room, args) {
      const started = startSynthetic(url, room, args);
      closing.push(() => started.stop());
      return started;
    },
    feeds(room) {
      const listener = new FeedListener(feedSocketPath(config.runDir, room as RoomId));
      closing.push(() => listener.close());
      return listener;
    },
    async stop() {
      for (const close of closing.reverse()) await close();
      child.kill('SIGTERM');
      await waitFor('the end of ingest', () => child.exitCode !== null || child.signalCode !== null, { timeoutMs: 6000 }).catch(() => child.kill('SIGKILL'));
      process.off('exit', killHard);
      door.close();
      door.closeAllConnections();
      nodes.close();
      await redis.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function startSynthetic(url: string, room: string, args: string[]): SyntheticProcess {
  const child = spawn(process.execPath, [...tsx, join(repoRoot, 'scripts/synthetic.ts'), '--url', url, '--room', room, ...args], { cwd: repoRoot, stdio: ['ignore', 'pipe', 'inherit'] });
  const killHard = (): void => void child.kill('SIGKILL');
  process.once('exit', killHard);
  const events: SyntheticProcess['events'] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line) as (typeof events)[number]);
  });
  return {
    child,
    events,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await waitFor('the end of the synthetic participants', () => child.exitCode !== null || child.signalCode !== null, { timeoutMs: 5000 }).catch(() => child.kill('SIGKILL'));
      process.off('exit', killHard);
    },
  };
}

/** What control does for WHIP, without its checks. */
function whipDoor(nodes: NodeClient, nodeUrl: string): Server {
  return createServer((req, res) => {
    void (async () => {
      const url = new URL(req.url ?? '/', 'http://door');
      const [, first, id = ''] = url.pathname.split('/');
      try {
        if (req.method === 'POST' && first === 'whip') {
          const [participant = '', name = participant] = identity(req).split('/');
          const session = randomBytes(18).toString('base64url') as SessionId;
          const answer = await nodes.call<SessionAnswer>(nodeUrl, 'POST', NODE_PATHS.whip, {
            session,
            room: id,
            participant,
            name,
            role: 'participant',
            source: url.searchParams.get('source') ?? 'camera',
            offer: await body(req),
          });
          res.writeHead(201, { 'content-type': 'application/sdp', location: `/session/${session}`, etag: answer.etag }).end(answer.answer);
        } else if (req.method === 'PATCH') {
          const patched = await nodes.call<SessionPatched | undefined>(nodeUrl, 'PATCH', NODE_PATHS.session(id as SessionId), { fragment: await body(req), ifMatch: req.headers['if-match'] ?? '' });
          if (patched?.etag) res.writeHead(200, { etag: patched.etag, 'content-type': 'application/trickle-ice-sdpfrag' }).end(patched.fragment);
          else res.writeHead(204).end();
        } else if (req.method === 'DELETE') {
          await nodes.call(nodeUrl, 'DELETE', NODE_PATHS.session(id as SessionId));
          res.writeHead(200).end();
        } else res.writeHead(200).end();
      } catch (error) {
        res.writeHead(error instanceof AppError ? error.status : 500).end(error instanceof AppError ? error.code : String(error));
      }
    })();
  });
}

/** The `sub` of a token (unchecked here), or the bare identity. */
function identity(req: IncomingMessage): string {
  const token = (req.headers.authorization ?? '').replace(/^Bearer /, '');
  const payload = token.split('.')[1];
  if (payload === undefined) return token;
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub;
}

async function body(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Reads a room's feed socket as a mixer does. */
export class FeedListener {
  readonly feeds = new Map<string, FeedInfo>();
  readonly participants = new Map<string, ParticipantInfo>();
  speaker: string | undefined;
  /** Sound so far, 10 ms each, however much came at once: PTS, number of the first sample, arrival. */
  readonly sound: { ptsNs: bigint; firstSample: bigint; samples: Buffer; atNs: bigint }[] = [];
  keepSound = 1000;
  readonly #socket: Socket;
  readonly #rings = new Map<string, FrameRingReader>();

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.on('error', () => undefined);
    const reader = new FrameReader((type, payload) => this.#take(type, payload));
    this.#socket.on('data', (chunk) => reader.push(chunk));
  }

  feedOf(participant: string, source = 'camera'): FeedInfo | undefined {
    return [...this.feeds.values()].find((feed) => feed.participant === participant && feed.source === source);
  }

  /** The newest complete picture of a feed; its pixels are valid until the next call for the same feed. */
  picture({ feed, ring: path }: FeedInfo): RingFrame | undefined {
    let ring = this.#rings.get(feed);
    if (ring?.path !== path) {
      ring?.close();
      this.#rings.delete(feed);
      if (path === '') return undefined;
      try {
        ring = new FrameRingReader(path);
      } catch {
        return undefined; // replaced meanwhile
      }
      this.#rings.set(feed, ring);
    }
    return ring.read(ring.newest());
  }

  /** The newest blocks, one channel, −1…1. */
  newestSound(blocks: number, channel = 0): Float32Array {
    const all = this.sound.slice(-blocks);
    const out = new Float32Array(all.length * 480);
    for (const [k, { samples }] of all.entries()) for (let i = 0; i < 480; i++) out[k * 480 + i] = samples.readInt16LE(i * 4 + channel * 2) / 32_768;
    return out;
  }

  close(): void {
    for (const ring of this.#rings.values()) ring.close();
    this.#rings.clear();
    this.#socket.destroy();
  }

  #take(type: number, payload: Buffer): void {
    const json = <T>(): T => JSON.parse(payload.toString()) as T;
    if (type === FEED_FRAME.feedAdded) {
      const info = json<FeedInfo>();
      this.feeds.set(info.feed, info);
    } else if (type === FEED_FRAME.feedRemoved) {
      const { feed } = json<{ feed: string }>();
      this.feeds.delete(feed);
      this.#rings.get(feed)?.close();
      this.#rings.delete(feed);
    } else if (type === FEED_FRAME.participant) {
      const info = json<ParticipantInfo>();
      this.participants.set(info.participant, info);
    } else if (type === FEED_FRAME.speaker) this.speaker = json<{ participant?: string }>().participant;
    else if (type === FEED_FRAME.pcm) {
      const { ptsNs, firstSample, samples } = decodePcm(payload);
      const atNs = process.hrtime.bigint();
      for (let k = 0; k * BLOCK_BYTES < samples.length; k++) {
        const block = Buffer.from(samples.subarray(k * BLOCK_BYTES, (k + 1) * BLOCK_BYTES));
        this.sound.push({ ptsNs: ptsNs + BigInt(k) * 10_000_000n, firstSample: firstSample + BigInt(k) * 480n, samples: block, atNs });
        if (this.sound.length > this.keepSound) this.sound.shift();
      }
    }
  }
}
