import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { repoRoot } from '../../../config/paths.ts';
import { Answer } from '../answer.ts';
import { HotDoor } from '../hot-door.ts';
import { loadSendFile, type SendFile } from './send-file.ts';

/** Fits into a Unix socket's buffer (212,992 bytes), of which the same answer twice does not. */
const SIZE = 150_001;
/** What the answer has in memory and what its file says differ, so that it is seen which of them came. */
const inMemory = randomBytes(SIZE);
const inFile = randomBytes(SIZE);
const OFFSET = 12_345;
const small = new Answer({ status: 200, contentType: 'text/plain', cacheControl: 'no-store', body: [Buffer.from('small')] });

let folder: string;
let sendFile: SendFile;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-send-file-'));
  execFileSync('timeout', ['-s', 'KILL', '60', join(repoRoot, 'src/node-api/hot/send-file/build.sh')], { env: { ...process.env, OUT: folder } });
  sendFile = loadSendFile(join(folder, 'send-file.node')) as SendFile;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let server: Server;
let door: HotDoor;
let path: string;
const sockets: Socket[] = [];
beforeEach(() => {
  path = join(folder, 'media');
  writeFileSync(path, Buffer.concat([randomBytes(OFFSET), inFile, randomBytes(99)]));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  door.close(true);
  await new Promise((resolve) => server.close(resolve));
});

function open(where: 'unix' | 'tcp', answers: Record<string, Answer>, mode: SendFile | 'copy' = sendFile): Promise<void> {
  server = createServer((_req, res) => res.writeHead(404).end());
  door = new HotDoor(server, { prefix: '/hls/', desk: { answer: (r) => answers[r.path.slice(5)] ?? 'pass', lines: () => '' }, sendFile: mode });
  return new Promise((resolve) => (where === 'unix' ? server.listen(join(folder, 'socket'), resolve) : server.listen(0, '127.0.0.1', resolve)));
}

function answerOf(body: readonly Buffer[], file = true): Answer {
  return new Answer({ status: 200, contentType: 'video/mp4', cacheControl: 'no-store', etag: '"e"', ranges: true, body, ...(file ? { file: () => ({ path, offset: OFFSET }) } : {}) });
}

interface Fetched {
  status: number;
  /** As told. */
  length: number;
  body: Buffer;
}

function asked(request: string): string {
  const [line = '', header] = request.split('|');
  return `${line.startsWith('HEAD ') ? 'HEAD /hls/' : 'GET /hls/'}${line.replace('HEAD ', '')} HTTP/1.1\r\nHost: h\r\n${header === undefined ? '' : `${header}\r\n`}\r\n`;
}

/**
 * One connection that asks for `requests` at once, `path` or `HEAD path` or `path|header line`.
 * @param options pauseMs: of the reader behind each piece; late: asked for with the first piece, which is taken after 5 ms
 */
async function fetched(early: readonly string[], options: { pauseMs?: number; late?: string } = {}): Promise<Fetched[]> {
  const requests = options.late === undefined ? early : [...early, options.late];
  const where = server.address() as AddressInfo | string;
  const socket = typeof where === 'string' ? connect(where) : connect(where.port, '127.0.0.1');
  sockets.push(socket);
  const answers: Fetched[] = [];
  socket.write(early.map(asked).join(''));
  let { late } = options;
  if (late !== undefined) await delay(5);
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    if (late !== undefined) socket.write(asked(late));
    late = undefined;
    if (options.pauseMs !== undefined) await delay(options.pauseMs);
    bytes = Buffer.concat([bytes, chunk]);
    for (let end = bytes.indexOf('\r\n\r\n'); end >= 0; end = bytes.indexOf('\r\n\r\n')) {
      const head = bytes.toString('latin1', 0, end);
      const length = Number(/Content-Length: (\d+)/.exec(head)?.[1] ?? 0);
      const has = requests[answers.length]?.startsWith('HEAD ') === true || head.includes(' 304 ') ? 0 : length;
      if (bytes.length < end + 4 + has) break;
      answers.push({ status: Number(head.slice(9, 12)), length, body: Buffer.from(bytes.subarray(end + 4, end + 4 + has)) });
      bytes = bytes.subarray(end + 4 + has);
    }
    if (answers.length === requests.length) break;
  }
  expect(answers).toHaveLength(requests.length);
  expect(bytes).toHaveLength(0);
  return answers;
}

/** Where a body came from; `file+memory`: all of it is in its place, and what the socket did not take at once was copied. */
function source(body: Buffer): string {
  if (body.equals(inFile)) return 'file';
  if (body.equals(inMemory)) return 'memory';
  const from = body.findIndex((byte, i) => byte !== inFile[i]);
  return body.length === SIZE && body.subarray(from).equals(inMemory.subarray(from)) ? 'file+memory' : `${body.length} other bytes`;
}
const sources = (answers: readonly Fetched[]): string[] => answers.map(({ body }) => source(body));

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false;
    }
  }).length;
}

describe('a large body that lies in a file', () => {
  it('is sent from memory the first time and from its file afterwards', async () => {
    await open('unix', { large: answerOf([inMemory]) });

    expect(sources(await fetched(['large']))).toEqual(['memory']);
    expect(openDescriptors()).toBe(0);
    for (let i = 0; i < 3; i++) expect(sources(await fetched(['large']))).toEqual(['file']);
    expect([door.openFiles, openDescriptors()]).toEqual([1, 1]);
  });

  it('keeps its place among many requests at once, of all kinds', async () => {
    await open('unix', { large: answerOf([inMemory.subarray(0, 100_000), inMemory.subarray(100_000)]), small });
    await fetched(['large']);
    const round = ['large', 'small', 'HEAD large', 'large|Range: bytes=100-120099', 'large|If-None-Match: "e"', 'large', 'large|Range: bytes=900000-'];

    const answers = await fetched(Array.from({ length: 12 }, () => round).flat());

    const none = Buffer.alloc(0);
    const expected = [[200, SIZE, undefined], [200, 5, Buffer.from('small')], [200, SIZE, none], [206, 120_000, inMemory.subarray(100, 120_100)], [304, 0, none], [200, SIZE, undefined], [416, 0, none]] as const;
    answers.forEach(({ status, length, body }, i) => {
      const [wantedStatus, wantedLength, wanted] = expected[i % round.length] as (typeof expected)[number];
      const right = wanted ? body.equals(wanted) : ['file', 'memory', 'file+memory'].includes(source(body));
      expect([i, status, length, right]).toEqual([i, wantedStatus, wantedLength, true]);
    });
    expect(sources(answers)).toContain('file+memory');
  });

  it('is the same for a slow reader, of whom no more is taken than his socket holds', async () => {
    const size = 4_000_000;
    const body = randomBytes(size);
    writeFileSync(path, Buffer.concat([Buffer.alloc(OFFSET), body]));
    const taken: number[] = [];
    const watched: SendFile = (...args) => (taken.push(sendFile(...args)), taken.at(-1) as number);
    await open('unix', { large: answerOf([body.subarray(0, 1_000_000), body.subarray(1_000_000)]) }, watched);
    await fetched(['large']);

    const answers = await fetched(['large', 'large', 'large'], { pauseMs: 3 });

    expect(answers.map((answer) => answer.body.equals(body))).toEqual([true, true, true]);
    expect(taken).toHaveLength(3);
    for (const bytes of taken) expect(bytes > 32 * 1024 && bytes < size / 2).toBe(true);
  });

  it('is cut off with a reader who takes nothing, and no other notices', async () => {
    await open('unix', { large: answerOf([inMemory]), small });
    await fetched(['large']);
    for (let i = 0; i < 50; i++) {
      const socket = connect(server.address() as string);
      sockets.push(socket);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write('GET /hls/large HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(5));
      if (i % 2 === 0) setImmediate(() => socket.destroy());
      else socket.once('data', () => socket.destroy());
    }

    const [first, between] = await fetched(['large', 'small']);
    expect([source((first as Fetched).body), between?.body.toString()]).toEqual(['file', 'small']);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => door.connections, { timeout: 5000 }).toBe(0);
  });

  it('ends well when its file is removed, and is copied when the file cannot be opened or is too short', async () => {
    await open('unix', { large: answerOf([inMemory]), again: answerOf([inMemory]) });
    await fetched(['large', 'again']);
    await fetched(['large']);

    unlinkSync(path);
    expect(sources(await fetched(['large']))).toEqual(['file']); // still open
    path = join(folder, 'other');
    expect(sources(await fetched(['again']))).toEqual(['memory']);
    writeFileSync(path, Buffer.concat([Buffer.alloc(OFFSET), inFile]));
    truncateSync(path, OFFSET + 100_000);
    const [short] = await fetched(['again']);

    expect(source((short as Fetched).body)).toBe('file+memory');
    expect(short?.body.subarray(0, 100_000).equals(inFile.subarray(0, 100_000))).toBe(true);
  });

  it('never overtakes what waits in the stream because the socket is full', async () => {
    const medium = randomBytes(5000);
    await open('unix', { large: answerOf([inMemory]), medium: answerOf([medium], false) });
    await fetched(['large']);
    // The socket is full after some 25 of them, and up to three then wait in the stream without `drain` being awaited. The reader makes
    // room before he asks, and a socket that is read from again is heard of before one that can be written to.
    for (let count = 10; count < 60; count++) {
      const answers = await fetched(Array.from({ length: count }, () => 'medium'), { late: 'large' });

      expect(answers.slice(0, -1).every(({ body }) => body.equals(medium))).toBe(true);
      expect(['file', 'memory', 'file+memory']).toContain(source((answers.at(-1) as Fetched).body));
    }
  });

  it.each([['tcp', 'built'], ['unix', 'copy']] as const)('comes from memory over %s with %s', async (where, mode) => {
    await open(where, { large: answerOf([inMemory]) }, mode === 'copy' ? 'copy' : sendFile);

    expect(sources(await fetched(['large', 'large', 'large']))).toEqual(['memory', 'memory', 'memory']);
  });
});

it('is nothing where it was not built, and refuses what it cannot read', async () => {
  await open('unix', {});

  expect(loadSendFile(join(folder, 'none.node'))).toBeUndefined();
  expect(() => sendFile(1, 'head' as unknown as Buffer, 1, 0, 1)).toThrow(TypeError);
  expect(() => sendFile(1, Buffer.alloc(0), 1, -1, 1)).toThrow(TypeError);
  expect(sendFile(-1, Buffer.from('head'), -1, 0, 4)).toBe(0);
});
