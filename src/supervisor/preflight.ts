/** What must be there before anything is started; each lack is one sentence that says what to do. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { pluginDir, repoRoot } from '../config/paths.ts';

/** A 640×360 ring of some slots is about 1.5 MB; a room of nine with a share needs under 64 MB. */
const SHM_WANTED_BYTES = 64 * 1024 * 1024;

/**
 * @param signal ends the programs that are being asked, when the start is given up
 * @returns sentences, none when the instance can start
 */
export async function preflight(config: Config, signal?: AbortSignal): Promise<string[]> {
  const media = config.roles.includes('ingest') || config.roles.includes('mixer');
  const control = config.roles.includes('control');
  const found = await Promise.all([
    dataDirProblem(config.dataDir),
    folderProblem(config.runDir, 'run folder', 'TESSERA_RUN_DIR'),
    media ? sharedMemoryProblem() : undefined,
    config.redisUrl === undefined ? commandProblem('redis-server', ['--version'], 'redis-server', signal) : redisProblem(config.redisUrl),
    config.roles.includes('mixer') ? gstreamerProblem(signal) : undefined,
    config.roles.some((r) => r === 'restream' || r === 'post-production') ? commandProblem('ffmpeg', ['-version'], 'ffmpeg', signal) : undefined,
    control && config.httpPort !== 0 ? tcpPortProblem(config.httpHost, config.httpPort) : undefined,
    ...(config.roles.includes('edge') ? Array.from({ length: config.edges }, (_, i) => udpPortProblem(config.edgeUdpPort + i)) : []),
  ]);
  return found.filter((problem) => problem !== undefined);
}

export function dataDirProblem(dataDir: string): string | undefined {
  return folderProblem(dataDir, 'data folder', '--data-dir or TESSERA_DATA_DIR');
}

/** Leaves no folder behind that was not there: the doctor only looks. */
function folderProblem(path: string, what: string, setting: string): string | undefined {
  try {
    const made = mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
    if (made !== undefined) rmdirSync(path);
    return undefined;
  } catch (error) {
    return `The ${what} ${path} cannot be written (${code(error)}). Give another with ${setting}.`;
  }
}

export function sharedMemoryProblem(path = '/dev/shm'): string | undefined {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(path);
    const free = bavail * bsize;
    if (free >= SHM_WANTED_BYTES) return undefined;
    return `${path} has only ${Math.floor(free / 1048576)} MB free; pictures go through it and at least 64 MB are needed. In a container start it with --shm-size=512m.`;
  } catch (error) {
    return `${path} is missing or cannot be written (${code(error)}); pictures go through it. Mount a tmpfs there: mount -t tmpfs tmpfs ${path}.`;
  }
}

async function commandProblem(command: string, args: string[], debianPackage: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const output = await run(command, args, signal);
  return output === undefined ? `${command} was not found. Install the Debian package ${debianPackage}, or run scripts/setup.` : undefined;
}

async function gstreamerProblem(signal: AbortSignal | undefined): Promise<string | undefined> {
  const listing = await run('gst-inspect-1.0', [], signal);
  if (listing === undefined) return 'GStreamer was not found (gst-inspect-1.0). Run scripts/setup.';
  // Lines read `plugin:  element: Long name`.
  const there = new Set(listing.split('\n').map((line) => line.split(':')[1]?.trim()));
  const wanted = readFileSync(join(repoRoot, 'scripts/packages/gst-elements.txt'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  const absent = wanted.filter((element) => !there.has(element));
  if (absent.length > 0) return `GStreamer lacks these elements: ${absent.join(', ')}. Run scripts/setup.`;
  if (!existsSync(join(repoRoot, 'node_modules/gstreamer-superficial/build/Release/gstreamer-superficial.node')))
    return 'The GStreamer binding is not built. Run scripts/setup.';
  if (!existsSync(pluginDir) || !readdirSync(pluginDir).some((name) => name.endsWith('.so'))) return 'Our GStreamer plugin is not built. Run scripts/setup.';
  return undefined;
}

async function redisProblem(url: string): Promise<string | undefined> {
  const { Redis } = await import('ioredis');
  const once = { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null, connectTimeout: 3000 };
  const redis = url.startsWith('unix:') ? new Redis({ path: url.slice('unix:'.length), ...once }) : new Redis(url, once);
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch {
    return `No Redis answers at ${redacted(url)} (TESSERA_REDIS_URL). Start it, or leave the setting out for an embedded one.`;
  } finally {
    redis.disconnect();
  }
}

export function tcpPortProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(portSentence('TCP', port, host, error, '--port or TESSERA_HTTP_PORT')));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

export function udpPortProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) => resolve(portSentence('UDP', port, '0.0.0.0', error, 'TESSERA_EDGE_UDP_PORT')));
    socket.bind({ port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function portSentence(kind: string, port: number, host: string, error: unknown, setting: string): string {
  const reason = code(error);
  if (reason === 'EADDRINUSE') return `${kind} port ${port} is in use. Stop what uses it, or give another with ${setting}.`;
  if (reason === 'EADDRNOTAVAIL') return `This machine has no address ${host} (TESSERA_HTTP_HOST).`;
  return `${kind} port ${port} on ${host} cannot be used (${reason}). Give another with ${setting}.`;
}

function redacted(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}

function code(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** Resolves when the process is gone, also when it was ended by `signal`. */
function run(command: string, args: string[], signal: AbortSignal | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    let output: string | undefined;
    const child = execFile(command, args, { timeout: 20_000, killSignal: 'SIGKILL', maxBuffer: 8 * 1024 * 1024, signal }, (error, stdout) => {
      output = error ? undefined : stdout;
      if (child.pid === undefined) resolve(undefined); // it could not be started
    });
    child.once('close', () => setImmediate(() => resolve(output)));
  });
}
