/** An origin in this process with folders of its own, and a small HTTP client for its socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { pino } from 'pino';
import type { RoomId } from '../../src/domain/ids.ts';
import { programmeSocketPath } from '../../src/media/programme-protocol.ts';
import { NodeServer } from '../../src/node-api/server.ts';
import { Origin } from '../../src/origin/origin.ts';
import { ProgrammeSource, type Clip } from './programme-source.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface OriginRigOptions {
  dvrSeconds?: number;
  vodSeconds?: number;
  partFrames?: number;
}

export class OriginRig {
  readonly folder = mkdtempSync(`${tmpdir()}/tessera-origin-test-`);
  readonly chunks = new Map<string, Buffer>();
  origin!: Origin;
  epoch = 0;
  #server!: NodeServer;

  /** @param options as they are at each start */
  constructor(readonly options: OriginRigOptions = {}) {}

  get socketPath(): string {
    return programmeSocketPath(this.folder);
  }
  get httpSocket(): string {
    return `${this.folder}/origin.sock`;
  }

  async start(): Promise<void> {
    const log = pino({ level: 'silent' });
    const config = {
      dataDir: `${this.folder}/data`,
      runDir: this.folder,
      partFrames: this.options.partFrames ?? 16,
      dvrSeconds: this.options.dvrSeconds ?? 600,
      vodSeconds: this.options.vodSeconds ?? 600,
      internalHost: undefined,
      internalSecret: undefined,
    };
    const store = {
      put: async (key: string, body: Buffer): Promise<void> => {
        this.chunks.set(key, Buffer.from(body));
      },
    };
    this.origin = new Origin({ config, store, log });
    this.#server = new NodeServer({ config, role: 'origin', log });
    this.origin.register(this.#server);
    await this.origin.start();
    await this.#server.start();
  }

  /** The next epoch of a room's mixer. */
  source(room: string, clip: Clip, latencyMs?: number): Promise<ProgrammeSource> {
    this.epoch++;
    return ProgrammeSource.start(this.socketPath, room as RoomId, this.epoch, clip, latencyMs);
  }

  async stop(): Promise<void> {
    await this.origin.close();
    await this.#server.close(200);
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  call(method: string, path: string, options: { body?: unknown; headers?: Record<string, string>; timeoutMs?: number } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const req = request({ socketPath: this.httpSocket, method, path, headers: options.headers }, (res) => {
        const parts: Buffer[] = [];
        res.on('data', (d: Buffer) => parts.push(d));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts) }));
        res.on('error', reject);
      });
      req.setTimeout(options.timeoutMs ?? 20_000, () => req.destroy(new Error(`${path} timed out`)));
      req.on('error', reject);
      req.end(options.body === undefined ? undefined : JSON.stringify(options.body));
    });
  }

  async text(path: string): Promise<string> {
    const answer = await this.call('GET', path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body.toString()}`);
    return answer.body.toString();
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call(method, path, { body });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body.toString()}`);
    return (answer.body.length > 0 ? JSON.parse(answer.body.toString()) : undefined) as T;
  }

  /** Saves what a media playlist names now (whole segments) and a local copy of the playlist, for FFmpeg. */
  async save(room: string, rendition: string, folder: string): Promise<string> {
    const text = await this.text(`/hls/${room}/${rendition}.m3u8`);
    const uris = [...text.matchAll(/^(?!#)(\S+)$|#EXT-X-MAP:URI="([^"]+)"/gm)].map((m) => (m[1] ?? m[2]) as string);
    for (const uri of uris) {
      const answer = await this.call('GET', `/hls/${room}/${uri}`);
      if (answer.status !== 200) throw new Error(`${uri}: ${answer.status}`);
      await mkdir(dirname(`${folder}/${uri}`), { recursive: true });
      await writeFile(`${folder}/${uri}`, answer.body);
    }
    const whole = text.split('\n').filter((l) => !/^#EXT-X-(PART|PRELOAD-HINT|RENDITION-REPORT|SERVER-CONTROL)/.test(l));
    // The open segment has no URI yet: what stands behind the last one names nothing.
    const last = whole.findLastIndex((l) => l !== '' && !l.startsWith('#'));
    await writeFile(`${folder}/${rendition}.m3u8`, [...whole.slice(0, last + 1), '#EXT-X-ENDLIST', ''].join('\n'));
    return `${folder}/${rendition}.m3u8`;
  }
}

/** Presentation times in seconds of a file's packets, as FFprobe reads them. */
export function packetTimes(csv: string): number[] {
  return csv.split('\n').filter((l) => l !== '').map((l) => Number(l.split(',')[0]));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export async function until<T>(what: () => Promise<T | undefined | false> | T | undefined | false, timeoutMs: number, name: string): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const got = await what();
    if (got !== undefined && got !== false) return got;
    if (Date.now() > end) throw new Error(`${name} did not happen within ${timeoutMs} ms`);
    await sleep(50);
  }
}
