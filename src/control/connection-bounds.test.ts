import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundConnections } from './connection-bounds.ts';

let server: Server;
let metrics: Registry;
let address: string | undefined;
let requests: number;
let answers: boolean;
const sockets: Socket[] = [];

beforeEach(async () => {
  metrics = new Registry();
  address = '192.0.2.1';
  requests = 0;
  answers = false;
  server = createServer((req, res) => admit(req, res, () => void (requests++, answers && res.end('yes')))); // never answers by itself
  const admit = boundConnections(server, { perAddress: 3, total: 6, metrics, addressOf: () => address });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

async function open(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  await Promise.all([once(socket, 'connect'), once(server, 'connection')]);
  return socket;
}

const closed = async (socket: Socket): Promise<boolean> => {
  if (!socket.closed) await Promise.race([once(socket.resume(), 'close'), new Promise((resolve) => setTimeout(resolve, 300))]);
  return socket.closed;
};

describe('boundConnections', () => {
  it('closes an address its connections beyond the bound, and nobody else\'s', async () => {
    const first = [await open(), await open(), await open()];
    const tooMany = await open();
    address = '192.0.2.2';
    const other = await open();

    expect(await closed(tooMany)).toBe(true);
    expect([...first, other].every((socket) => !socket.destroyed)).toBe(true);
    expect(await metrics.metrics()).toContain('tessera_http_connections_cut_total{bound="address"} 1');
  });

  it('gives a place back when a connection ends', async () => {
    const [first] = [await open(), await open(), await open()];
    first?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(await closed(await open())).toBe(false);
  });

  it('does not count who has no address of its own', async () => {
    address = undefined;
    for (let i = 0; i < 5; i++) await open();

    expect(sockets.every((socket) => !socket.destroyed)).toBe(true);
  });

  it('closes any beyond the total, whoever has them', async () => {
    address = undefined;
    for (let i = 0; i < 6; i++) await open();

    expect(await closed(await open())).toBe(true);
    expect(await metrics.metrics()).toContain('tessera_http_connections_cut_total{bound="total"} 1');
  });

  it('ends a connection with too many requests ahead of their answers', async () => {
    const socket = await open();

    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000));

    expect(await closed(socket)).toBe(true);
    expect(requests).toBe(1);
  });

  it('serves one request of a connection after the other', async () => {
    const socket = await open();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(requests).toBe(1);

    answers = true;
    const other = await open();
    let text = '';
    other.on('data', (data: Buffer) => (text += data.toString()));
    other.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(30));
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(text.split('HTTP/1.1 200').length - 1).toBe(30);
    expect(requests).toBe(31);
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(requests).toBe(31); // nothing is begun for who has gone
  });
});
