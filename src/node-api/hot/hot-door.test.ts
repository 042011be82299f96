import { createServer, get, request, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Answer } from './answer.ts';
import { HotDoor } from './hot-door.ts';
import type { HotRequest } from './hot-request.ts';
import type { Waiting } from './hot-desk.ts';

const small = new Answer({ status: 200, contentType: 'text/plain', cacheControl: 'public, max-age=9', etag: '"s"', ranges: true, body: [Buffer.from('small')] });
const large = new Answer({ status: 200, contentType: 'video/mp4', cacheControl: 'no-store', body: [Buffer.alloc(3_000_000, 'a'), Buffer.alloc(3_000_000, 'b')] });

const segment = new Answer({ status: 200, contentType: 'video/mp4', cacheControl: 'no-store', body: [Buffer.alloc(350_000, 'a'), Buffer.alloc(350_000, 'b')] });

let server: Server | undefined;
let door: HotDoor;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  door.close(true);
  await new Promise((resolve) => server?.close(resolve));
});

async function start(answer: (request: HotRequest) => Answer | Waiting | 'pass', ownReadBuffer: boolean): Promise<number> {
  server = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (d: Buffer) => parts.push(d)).on('end', () => res.end(`node:http ${req.method} ${req.url} ${Buffer.concat(parts).toString()}`));
  });
  server.on('upgrade', (_req, socket: Socket, head: Buffer) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.write(head);
    socket.on('data', (d: Buffer) => socket.write(d)).on('end', () => socket.end()).on('error', () => undefined);
  });
  door = new HotDoor(server, { prefix: '/hls/', desk: { answer, lines: () => 'X-Line: 1\r\n' }, ownReadBuffer });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A raw connection: what came back so far. */
function raw(port: number): { socket: Socket; text: () => string; until: (wanted: string | RegExp) => Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  const waiting = new Set<() => void>();
  socket.on('data', (d: Buffer) => {
    text += d.toString('latin1');
    for (const check of [...waiting]) check();
  });
  socket.on('error', () => undefined);
  return {
    socket,
    text: () => text,
    until: (wanted) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${String(wanted)} in ${text.slice(0, 300)}`)), 3000);
        const check = (): void => {
          if (!(typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text))) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(text);
        };
        waiting.add(check);
        check();
      }),
  };
}

const ask = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;

describe.each([true, false])('with a read buffer of its own: %s', (own) => {
  it('answers request after request, pipelined and in pieces', async () => {
    const port = await start(() => small, own);
    const { socket, until, text } = raw(port);

    const bytes = ask('/hls/a/1') + ask('/hls/a/2', 'If-None-Match: "s"\r\n') + ask('/hls/a/3', 'Range: bytes=1-2\r\n') + `HEAD /hls/a/4 HTTP/1.1\r\nHost: h\r\n\r\n${ask('/hls/a/5', 'Range: bytes=9-\r\n')}`;
    for (const piece of bytes.match(/[^]{1,37}/g) ?? []) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('416');

    expect([...text().matchAll(/HTTP\/1\.1 (\d+)/g)].map((m) => m[1])).toEqual(['200', '304', '206', '200', '416']);
    expect(text()).toMatch(/Content-Range: bytes 1-2\/5\r\n[^]*?\r\n\r\nmaHTTP/);
    expect(text()).toMatch(/X-Line: 1\r\nDate: \w{3}, .* GMT\r\n\r\nsmall/);
    expect(door.passed).toBe(0);
  });

  it('hands the connection over at the first request that is not for it, behind the answers before', async () => {
    const port = await start((r) => (r.path === '/hls/pass' ? 'pass' : small), own);
    const { socket, until } = raw(port);

    socket.write(ask('/hls/a') + 'POST /api HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo');
    await until('small');
    socket.write(`dy${ask('/hls/b')}`);
    await until('node:http GET /hls/b');
    const second = raw(port);
    second.socket.write(ask('/hls/pass'));

    expect(await until('node:http POST /api body')).toMatch(/small[^]*POST \/api body[^]*GET \/hls\/b/);
    await second.until('node:http GET /hls/pass');
  });

  it('lets a connection become another protocol, also after answers', async () => {
    const port = await start(() => small, own);
    const { socket, until } = raw(port);

    socket.write(ask('/hls/a'));
    await until('small');
    socket.write('GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await until('101 Switching');
    socket.write('one,');
    await until('one,');
    socket.write('two');

    await until('one,two');
  });

  it('holds an answer, and tells when the client goes', async () => {
    const waiting: { resolve: (answer: Answer) => void; left: boolean }[] = [];
    const port = await start(() => {
      const one = { resolve: (_answer: Answer): void => undefined, left: false };
      waiting.push(one);
      return { answer: new Promise((resolve) => (one.resolve = resolve)), leave: () => (one.left = true) };
    }, own);
    const stays = raw(port);
    const goes = raw(port);

    stays.socket.write(ask('/hls/a') + ask('/hls/b'));
    goes.socket.write(ask('/hls/c'));
    await expect.poll(() => waiting.length).toBe(2);
    expect(door.held).toBe(2);
    goes.socket.destroy();
    await expect.poll(() => door.held).toBe(1);
    for (const one of waiting) one.resolve(small);
    await expect.poll(() => waiting.length).toBe(3);

    expect(waiting.map((w) => w.left).filter(Boolean)).toHaveLength(1);
    await stays.until('small');
  });

  it('goes on after a reader has taken a large answer, and does not before', async () => {
    let asked = 0;
    const port = await start(({ path }) => (path === '/hls/small' ? small : (asked++, large)), own);
    const { socket, text } = raw(port);

    socket.pause();
    socket.write(ask('/hls/a') + ask('/hls/b'));
    await expect.poll(() => asked).toBeGreaterThan(0);
    // A hundred others, one after the other, get theirs meanwhile.
    for (let i = 0; i < 100; i++) {
      const other = raw(port);
      other.socket.write(ask('/hls/small'));
      await other.until('small');
    }
    expect(asked).toBe(1);
    socket.resume();
    await expect.poll(() => text().length, { timeout: 5000 }).toBeGreaterThan(12_000_000);

    expect(asked).toBe(2);
    expect(text().match(/ab/g)).toHaveLength(2);
  });

  it('gives the whole of a large answer to who has ended his side, and ends', async () => {
    const port = await start(() => large, own);
    const { socket, text } = raw(port);
    const ended = new Promise((resolve) => socket.once('end', resolve));
    for (let i = 0; i < 10; i++) raw(port).socket.write(ask('/hls/before'));

    socket.end(ask('/hls/large'));
    await ended;

    const body = text().slice(text().indexOf('\r\n\r\n') + 4);
    expect([body.length, body.lastIndexOf('a'), body.indexOf('b')]).toEqual([6_000_000, 2_999_999, 3_000_000]);
  });

  it('answers small requests while large answers are under way, and does not mix these', async () => {
    const port = await start(({ path }) => (path === '/hls/small' ? small : segment), own);
    const readers = Array.from({ length: 20 }, () => raw(port));
    const order: string[] = [];
    const wholes = readers.map(async ({ socket, until }, i) => {
      socket.write(ask('/hls/large') + ask('/hls/small'));
      const whole = await until('small');
      order.push(`large ${i}`);
      const bodies = whole.split('\r\n\r\n').map((piece) => piece.replace(/HTTP[^]*$/, ''));
      expect(bodies[1]).toBe('a'.repeat(350_000) + 'b'.repeat(350_000));
    });
    await readers[0]?.until('HTTP/1.1 200 OK');

    const other = raw(port);
    other.socket.write(ask('/hls/small'));
    await other.until('small');
    order.push('small');
    await Promise.all(wholes);

    expect(order.indexOf('small')).toBeLessThan(10);
  });

  it('cuts off who sends on and on while an answer is held', async () => {
    const port = await start(() => ({ answer: new Promise(() => undefined) }), own);
    const { socket } = raw(port);
    const closed = new Promise((resolve) => socket.once('close', resolve));

    socket.write(ask('/hls/a'));
    socket.write('x'.repeat(100_000));

    await closed;
    expect(door.connections).toBe(0);
  });

  it('serves ordinary clients, and lets the server close', async () => {
    const port = await start((r) => (r.path.endsWith('large') ? large : small), own);
    const fetched = async (path: string, method = 'GET'): Promise<string> =>
      new Promise((resolve, reject) => {
        const req = (method === 'GET' ? get : request)({ port, path, method, agent: undefined }, (res) => {
          let size = 0;
          res.on('data', (d: Buffer) => (size += d.length)).on('end', () => resolve(`${res.statusCode} ${size}`));
        });
        req.on('error', reject);
        if (method !== 'GET') req.end();
      });

    expect(await Promise.all([fetched('/hls/a'), fetched('/hls/large'), fetched('/other'), fetched('/hls/a', 'DELETE')])).toEqual(['200 5', '200 6000000', '200 21', '200 24']);
    const closed = new Promise((resolve) => server?.close(resolve));
    door.close();
    server?.closeIdleConnections();
    await closed;
  });
});
