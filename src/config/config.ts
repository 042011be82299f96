/**
 * Every setting of the service: one schema, parsed once. `process.env` is read here and nowhere else.
 * docs/configuration.md is generated from it (`npm run docs:config`).
 */
import { createHash } from 'node:crypto';
import { hostname, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';

export const ROLES = ['control', 'ingest', 'mixer', 'origin', 'edge', 'restream', 'post-production'] as const;
export type RoleName = (typeof ROLES)[number];

export const LOCAL_KEY = 'local';
export const LOCAL_SECRET = 'local-secret-for-loopback-use-only-0001';

const bool = (fallback: boolean) =>
  z
    .enum(['true', 'false', '1', '0', 'yes', 'no'])
    .transform((v) => v === 'true' || v === '1' || v === 'yes')
    .default(fallback);
const int = (fallback: number, min: number, max: number) => z.coerce.number().int().min(min).max(max).default(fallback);
const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, _ and -, at most 64');

const portRange = z
  .string()
  .regex(/^\d+-\d+$/, 'two ports with a dash, such as 40000-40999')
  .transform((text, ctx) => {
    const [min, max] = text.split('-').map(Number) as [number, number];
    if (min < 1024 || max > 65535 || min > max) {
      ctx.addIssue({ code: 'custom', message: 'ports must be between 1024 and 65535, the smaller first' });
      return z.NEVER;
    }
    return { min, max };
  });

const apiKeys = z.string().transform((text, ctx) => {
  const keys = new Map<string, string>();
  for (const pair of text.split(',').map((p) => p.trim()).filter((p) => p !== '')) {
    const at = pair.indexOf(':');
    const key = pair.slice(0, at);
    const secret = pair.slice(at + 1);
    if (at < 1 || !/^[A-Za-z0-9_-]{1,64}$/.test(key) || secret.length < 32) {
      ctx.addIssue({ code: 'custom', message: 'must be key:secret pairs separated by commas, secrets of 32 or more characters' });
      return z.NEVER;
    }
    keys.set(key, secret);
  }
  return keys;
});

const iceServers = z.string().transform((text, ctx) => {
  try {
    return z
      .array(z.object({ urls: z.union([z.string(), z.array(z.string())]), username: z.string().optional(), credential: z.string().optional() }))
      .parse(JSON.parse(text));
  } catch {
    ctx.addIssue({ code: 'custom', message: 'must be a JSON array of {urls, username?, credential?}' });
    return z.NEVER;
  }
});

/** RFC 7065: a scheme, a host, perhaps a port and a transport; nothing that could end the angle brackets of a Link header. */
const turnUrls = z.string().transform((text, ctx) => {
  const urls = text.split(/[\s,]+/).filter((u) => u !== '');
  const bad = urls.filter((u) => !/^turns?:([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?$/.test(u));
  if (bad.length > 0) {
    ctx.addIssue({ code: 'custom', message: 'must be TURN addresses such as turn:turn.example.com:3478?transport=udp separated by commas' });
    return z.NEVER;
  }
  return urls;
});

/** Sources of a Content-Security-Policy's frame-ancestors; nothing that could end the directive. */
const embedOrigins = z.string().transform((text, ctx) => {
  const origins = text.split(/[\s,]+/).filter((o) => o !== '');
  const bad = origins.filter((o) => o !== '*' && o !== 'none' && !/^https?:\/\/(\*\.)?[A-Za-z0-9.-]+(:(\d{1,5}|\*))?$/.test(o));
  if (bad.length > 0 || origins.length === 0 || (origins.length > 1 && (origins.includes('*') || origins.includes('none')))) {
    ctx.addIssue({ code: 'custom', message: 'must be *, none, or origins such as https://example.com or https://*.example.com separated by commas' });
    return z.NEVER;
  }
  return origins;
});

/** One entry per setting: the variable's name, its schema and its meaning. */
export const SETTINGS = {
  httpHost: { env: 'TESSERA_HTTP_HOST', schema: z.string().min(1).optional(), doc: 'Address the control role listens on. Default: 0.0.0.0, or 127.0.0.1 in local mode.' },
  httpPort: { env: 'TESSERA_HTTP_PORT', schema: int(8080, 0, 65535), doc: 'Port of the API, the pages, WHIP, WHEP and HLS.' },
  publicUrl: { env: 'TESSERA_PUBLIC_URL', schema: z.url().optional(), doc: 'Address under which callers reach the service; used in the URLs of rooms. Default: taken from the request.' },
  publicIp: { env: 'TESSERA_PUBLIC_IP', schema: z.union([z.ipv4(), z.ipv6()]).optional(), doc: 'Address put into ICE candidates for servers behind NAT.' },
  iceServers: { env: 'TESSERA_ICE_SERVERS', schema: iceServers.default([]), doc: 'STUN and TURN servers for clients and for ingest: a JSON array of {urls, username?, credential?}.' },
  turnUrls: { env: 'TESSERA_TURN_URLS', schema: turnUrls.default([]), doc: 'TURN servers whose credentials are made for each WHIP and WHEP session, separated by commas: `turn:turn.example.com:3478?transport=udp,turns:turn.example.com:443?transport=tcp`.' },
  turnSecret: { env: 'TESSERA_TURN_SECRET', schema: z.string().min(16).optional(), doc: "The secret shared with those TURN servers (coturn's `static-auth-secret` with `use-auth-secret`); needed with TESSERA_TURN_URLS." },
  turnTtlSeconds: { env: 'TESSERA_TURN_TTL_SECONDS', schema: int(43_200, 60, 604_800), doc: 'How long TURN credentials can be used to begin with; a relay that was taken with them goes on.' },
  ingestUdpPorts: { env: 'TESSERA_INGEST_UDP_PORTS', schema: portRange.default({ min: 40000, max: 40999 }), doc: 'UDP ports for publishers, shared by the ingest processes of a host.' },
  edgeUdpPort: { env: 'TESSERA_EDGE_UDP_PORT', schema: int(41000, 1024, 65535), doc: 'The one UDP port on which an edge serves all its viewers; with several edges the first of as many ports.' },
  edges: { env: 'TESSERA_EDGES', schema: int(1, 1, 64), doc: 'Edge processes on this machine, each with a UDP port and up to a core of its own; viewers are spread over them.' },
  edgeMaxViewers: { env: 'TESSERA_EDGE_MAX_VIEWERS', schema: int(400, 1, 100_000), doc: 'WHEP viewers one edge process takes; when all are full the answer is 503.' },
  edgeDrainMs: { env: 'TESSERA_EDGE_DRAIN_MS', schema: int(1500, 0, 20_000), doc: 'An edge that is told to stop takes no more viewers and ends those it has evenly over this time, so that they come back elsewhere one after another.' },
  dataDir: { env: 'TESSERA_DATA_DIR', schema: z.string().min(1).default('data').transform((p) => resolve(p)), doc: 'Folder for everything that must survive: Redis, the DVR, recordings in progress, the local object store.' },
  runDir: { env: 'TESSERA_RUN_DIR', schema: z.string().min(1).max(60).optional(), doc: 'Folder for Unix sockets (short: socket paths end at 107 characters). Default: made from the data folder.' },
  roles: {
    env: 'TESSERA_ROLES',
    schema: z
      .string()
      .default(ROLES.join(','))
      .transform((text, ctx) => {
        const wanted = text.split(',').map((r) => r.trim()).filter((r) => r !== '');
        const unknown = wanted.filter((r) => !(ROLES as readonly string[]).includes(r));
        if (unknown.length > 0 || wanted.length === 0) {
          ctx.addIssue({ code: 'custom', message: `must name roles out of ${ROLES.join(', ')}` });
          return z.NEVER;
        }
        return wanted as RoleName[];
      }),
    doc: 'Roles that run on this machine, separated by commas.',
  },
  nodeId: { env: 'TESSERA_NODE_ID', schema: name.default(hostname().replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 64) || 'node'), doc: 'Name of this machine in the cluster.' },
  region: { env: 'TESSERA_REGION', schema: name.default('default'), doc: 'Region of this machine.' },
  redisUrl: { env: 'TESSERA_REDIS_URL', schema: z.string().regex(/^(rediss?|unix):/, 'must start with redis://, rediss:// or unix:').optional(), doc: 'Redis to use. Default: an embedded redis-server on a Unix socket in the run folder.' },
  internalHost: { env: 'TESSERA_INTERNAL_HOST', schema: z.string().min(1).optional(), doc: 'Address on which roles listen for each other over TCP; needed when roles run on several machines. Default: Unix sockets only.' },
  internalSecret: { env: 'TESSERA_INTERNAL_SECRET', schema: z.string().min(16).optional(), doc: 'Shared secret between roles; needed with TESSERA_INTERNAL_HOST.' },
  apiKeys: { env: 'TESSERA_API_KEYS', schema: apiKeys.optional(), doc: 'API keys, key1:secret1,key2:secret2, secrets of 32 or more characters. Without keys the service runs in local mode on 127.0.0.1.' },
  storage: { env: 'TESSERA_STORAGE', schema: z.enum(['filesystem', 's3']).default('filesystem'), doc: 'Object store for recordings.' },
  s3Endpoint: { env: 'TESSERA_S3_ENDPOINT', schema: z.url().optional(), doc: 'S3 endpoint, for stores other than AWS.' },
  s3Region: { env: 'TESSERA_S3_REGION', schema: z.string().default('us-east-1'), doc: 'S3 region.' },
  s3Bucket: { env: 'TESSERA_S3_BUCKET', schema: z.string().optional(), doc: 'S3 bucket.' },
  s3Prefix: { env: 'TESSERA_S3_PREFIX', schema: z.string().default(''), doc: 'Put before every key in the bucket.' },
  s3AccessKeyId: { env: 'TESSERA_S3_ACCESS_KEY_ID', schema: z.string().optional(), doc: 'S3 access key; without it the AWS default chain is used.' },
  s3SecretAccessKey: { env: 'TESSERA_S3_SECRET_ACCESS_KEY', schema: z.string().optional(), doc: 'S3 secret key.' },
  s3ForcePathStyle: { env: 'TESSERA_S3_FORCE_PATH_STYLE', schema: bool(true), doc: 'Bucket in the path instead of the host name.' },
  s3RequestChecksums: { env: 'TESSERA_S3_REQUEST_CHECKSUMS', schema: z.enum(['WHEN_REQUIRED', 'WHEN_SUPPORTED']).default('WHEN_REQUIRED'), doc: 'When the SDK adds checksums of its own; most S3-compatible stores need WHEN_REQUIRED.' },
  partFrames: { env: 'TESSERA_PART_FRAMES', schema: z.coerce.number().int().min(6).max(32).refine((n) => n % 2 === 0, 'must be even').default(16), doc: 'Video frames in an LL-HLS part, 6 to 32, even: 16 at 30 fps are 533⅓ ms, 6 are 200 ms.' },
  dvrSeconds: { env: 'TESSERA_DVR_SECONDS', schema: int(7200, 0, 86400), doc: 'How far back viewers can seek.' },
  vodSeconds: { env: 'TESSERA_VOD_SECONDS', schema: int(7200, 0, 30 * 86400), doc: 'An ended broadcast stays playable for so long (what the DVR window held of it); then its disk space is freed.' },
  playerWebrtcViewers: { env: 'TESSERA_PLAYER_WEBRTC_VIEWERS', schema: int(0, 0, 100_000), doc: 'The player pages begin with WebRTC while a room has fewer WHEP viewers than this, otherwise with LL-HLS. 0: always LL-HLS, unless the address says `?mode=webrtc`.' },
  embedOrigins: { env: 'TESSERA_EMBED_ORIGINS', schema: embedOrigins.default(['*']), doc: 'Sites that may show `/embed/{room}` in a frame: `*`, `none`, or origins separated by commas. In local mode always pages of this machine only.' },
  roomIdleMs: { env: 'TESSERA_ROOM_IDLE_MS', schema: int(60_000, 1000, 86_400_000), doc: 'A mix ends this long after the last publisher left, or after the countdown of a slate that nobody came to.' },
  publisherTimeoutMs: { env: 'TESSERA_PUBLISHER_TIMEOUT_MS', schema: int(10_000, 2000, 30_000), doc: 'A publisher that sends nothing and answers no consent check for this long is removed.' },
  maxRooms: { env: 'TESSERA_MAX_ROOMS', schema: int(8, 1, 1000), doc: 'Live rooms this host takes before it answers 503.' },
  maxParticipants: { env: 'TESSERA_MAX_PARTICIPANTS', schema: int(50, 1, 1000), doc: 'Participants a room takes; the next one gets 409 `roomFull`.' },
  mixerSpares: { env: 'TESSERA_MIXER_SPARES', schema: int(1, 0, 4), doc: 'Warm mixer processes kept waiting, so that a new or replaced mix starts quickly.' },
  pushAllowPrivate: { env: 'TESSERA_PUSH_ALLOW_PRIVATE', schema: bool(false), doc: 'Let restreams and webhooks go to private, loopback and link-local addresses.' },
  httpBodyLimitBytes: { env: 'TESSERA_HTTP_BODY_LIMIT_BYTES', schema: int(131_072, 1024, 10_485_760), doc: 'Largest request body.' },
  httpConnectionsPerAddress: { env: 'TESSERA_HTTP_CONNECTIONS_PER_ADDRESS', schema: int(4096, 16, 1_000_000), doc: 'Connections that one address (an IPv6 /64) may have open to control; more are closed at once. Loopback, where a proxy in front is, is not counted.' },
  sessionRatePerSecond: { env: 'TESSERA_SESSION_RATE_PER_SECOND', schema: int(50, 1, 100_000), doc: 'WHIP and WHEP requests (POST, PATCH, DELETE) that one address may make per second; six times as many at once.' },
  logLevel: { env: 'TESSERA_LOG_LEVEL', schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'), doc: 'Least severe log line that is written.' },
  logPretty: { env: 'TESSERA_LOG_PRETTY', schema: bool(false), doc: 'Log for reading by people instead of JSON lines.' },
} as const;

type Parsed = { [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]['schema']> };

export interface Config extends Omit<Parsed, 'httpHost' | 'runDir' | 'apiKeys'> {
  httpHost: string;
  runDir: string;
  apiKeys: ReadonlyMap<string, string>;
  /** True when no API keys are set: loopback only. */
  localMode: boolean;
  /** Six hex digits that tell the instances of one machine apart: names of sockets and rings. */
  instance: string;
}

/** A sentence per wrong setting; shown at start, exit code 2. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** @throws ConfigError with every problem at once */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const out: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(SETTINGS)) {
    const raw = env[setting.env];
    const result = setting.schema.safeParse(raw === undefined || raw === '' ? undefined : raw);
    if (result.success) out[key] = result.data;
    else problems.push(`${setting.env}: ${result.error.issues.map((i) => i.message).join('; ')}`);
  }
  const parsed = out as Parsed;
  if (parsed.storage === 's3' && !parsed.s3Bucket) problems.push('TESSERA_S3_BUCKET: needed when TESSERA_STORAGE is s3');
  if (parsed.internalHost && !parsed.internalSecret) problems.push('TESSERA_INTERNAL_SECRET: needed with TESSERA_INTERNAL_HOST');
  if (parsed.turnUrls?.length > 0 && !parsed.turnSecret) problems.push('TESSERA_TURN_SECRET: needed with TESSERA_TURN_URLS');
  problems.push(...portProblems(parsed));
  const localMode = parsed.apiKeys === undefined || parsed.apiKeys.size === 0;
  if (localMode && parsed.httpHost && !['127.0.0.1', '::1', 'localhost'].includes(parsed.httpHost))
    problems.push('TESSERA_HTTP_HOST: without TESSERA_API_KEYS the service runs in local mode and listens on 127.0.0.1 only');
  if (problems.length > 0) throw new ConfigError(problems);
  const instance = createHash('sha256').update(`${parsed.nodeId}:${parsed.dataDir}`).digest('hex').slice(0, 6);
  return {
    ...parsed,
    httpHost: parsed.httpHost ?? (localMode ? '127.0.0.1' : '0.0.0.0'),
    runDir: parsed.runDir ? resolve(parsed.runDir) : `${tmpdir()}/tessera-${instance}`,
    apiKeys: localMode ? new Map([[LOCAL_KEY, LOCAL_SECRET]]) : (parsed.apiKeys as Map<string, string>),
    localMode,
    instance,
  };
}

/** All problems that come of reading the ports as numbers are told already; then these are missing. */
function portProblems({ edgeUdpPort, edges, ingestUdpPorts, roles }: Partial<Parsed>): string[] {
  if (edgeUdpPort === undefined || edges === undefined || ingestUdpPorts === undefined || roles === undefined) return [];
  const last = edgeUdpPort + edges - 1;
  if (last > 65535) return [`TESSERA_EDGE_UDP_PORT: ${edges} edges from ${edgeUdpPort} on would need ports above 65535`];
  if (!roles.includes('edge') || !roles.includes('ingest') || last < ingestUdpPorts.min || edgeUdpPort > ingestUdpPorts.max) return [];
  return [`TESSERA_EDGE_UDP_PORT: the ports of the edges (${edgeUdpPort}-${last}) must lie outside of TESSERA_INGEST_UDP_PORTS (${ingestUdpPorts.min}-${ingestUdpPorts.max})`];
}

export function loadConfig(): Config {
  return parseConfig(process.env);
}

/** Where Redis is: the configured one, or the embedded server's socket. */
export function redisUrl(config: Config): string {
  return config.redisUrl ?? `unix:${config.runDir}/redis.sock`;
}

/** Environment for a child process: all settings as they are now, plus what is given. */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  return { ...process.env, ...extra };
}
