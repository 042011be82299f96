/**
 * Load for an HTTP server on a Unix socket, from a process of its own (`fork` it): keep-alive connections that either ask again
 * and again, or ask once and tell when the answer came.
 *
 * Messages to it: {@link LoadOrder}; from it: {@link LoadReport}.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PlainConnection } from './plain-connection.ts';

export type LoadOrder =
  /** Asks for so long on each connection; `hold`: once. */
  | { kind: 'repeat'; socket: string; path: string; gzip: boolean; connections: number; milliseconds: number }
  | { kind: 'hold'; socket: string; path: string; connections: number };

export type LoadReport =
  | { kind: 'repeated'; answers: number; bytes: number; bad: number }
  /** All connections have asked. */
  | { kind: 'held' }
  /** When each answer was whole, on the clock of `process.hrtime` (shared by all processes), ms. */
  | { kind: 'released'; atMs: number[]; bad: number };

const asks = (path: string, gzip: boolean): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: ${gzip ? 'gzip' : 'identity'}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0\r\nAccept: */*\r\n\r\n`);

async function open(socket: string, count: number): Promise<PlainConnection[]> {
  const connections: PlainConnection[] = [];
  for (let i = 0; i < count; i++) {
    const connection = new PlainConnection({ path: socket });
    await connection.opened();
    connections.push(connection);
    if (i % 50 === 49) await delay(20); // the server's queue of connections not yet accepted is short
  }
  return connections;
}

async function repeat(order: Extract<LoadOrder, { kind: 'repeat' }>): Promise<LoadReport> {
  const connections = await open(order.socket, order.connections);
  const request = asks(order.path, order.gzip);
  const untilMs = performance.now() + order.milliseconds;
  let answers = 0;
  let bad = 0;
  await Promise.all(
    connections.map(
      (connection) =>
        new Promise<void>((resolve) => {
          const next = (status: number): void => {
            answers++;
            if (status !== 200) bad++;
            if (performance.now() >= untilMs || bad > 100) resolve();
            else connection.ask(request, next);
          };
          connection.ask(request, next);
        }),
    ),
  );
  const bytes = connections.reduce((sum, connection) => sum + connection.bytes, 0);
  for (const connection of connections) connection.close();
  return { kind: 'repeated', answers, bytes, bad };
}

let holding: { socket: string; connections: PlainConnection[] } | undefined;

/** Connections stay open for the next order of the same kind, as a player's do. */
async function hold(order: Extract<LoadOrder, { kind: 'hold' }>): Promise<LoadReport> {
  if (holding?.connections.length !== order.connections) holding = { socket: order.socket, connections: await open(order.socket, order.connections) };
  const request = asks(order.path, true);
  const atMs: number[] = [];
  let bad = 0;
  const all = Promise.all(
    holding.connections.map(
      (connection) =>
        new Promise<void>((resolve) => {
          connection.ask(request, (status) => {
            atMs.push(Number(process.hrtime.bigint()) / 1e6);
            if (status !== 200) bad++;
            resolve();
          });
        }),
    ),
  );
  setTimeout(() => process.send?.({ kind: 'held' } satisfies LoadReport), 50);
  await all;
  return { kind: 'released', atMs, bad };
}

process.on('message', (order: LoadOrder) => {
  void (order.kind === 'repeat' ? repeat(order) : hold(order)).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit(0));
