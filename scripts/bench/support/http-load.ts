/**
 * Load for an HTTP server on a Unix socket, from a process of its own (`fork` it): keep-alive connections that either ask again
 * and again, or ask once and tell when the answer came. Reads as little as HTTP/1.1 with Content-Length allows.
 *
 * Messages to it: {@link LoadOrder}; from it: {@link LoadReport}.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

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

const HEADER_END = Buffer.from('\r\n\r\n');

class Connection {
  /** Still to come of the present answer's body; undefined between answers. */
  #left: number | undefined;
  #head: Buffer = Buffer.alloc(0);
  #done: ((good: boolean) => void) | undefined;
  #good = true;
  bytes = 0;
  readonly #socket: Socket;

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', () => this.#done?.(false));
    this.#socket.on('close', () => this.#done?.(false));
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve);
      this.#socket.once('error', reject);
    });
  }

  ask(request: Buffer, done: (good: boolean) => void): void {
    this.#done = done;
    this.#socket.write(request);
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length;
    let body = chunk;
    if (this.#left === undefined) {
      const head = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk;
      const end = head.indexOf(HEADER_END);
      if (end < 0) {
        this.#head = head;
        return;
      }
      const text = head.toString('latin1', 0, end);
      this.#head = Buffer.alloc(0);
      this.#good = text.startsWith('HTTP/1.1 200');
      this.#left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      body = head.subarray(end + HEADER_END.length);
    }
    this.#left -= body.length;
    if (this.#left > 0) return;
    this.#left = undefined;
    this.#done?.(this.#good);
  }
}

const asks = (path: string, gzip: boolean): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: ${gzip ? 'gzip' : 'identity'}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0\r\nAccept: */*\r\n\r\n`);

async function open(socket: string, count: number): Promise<Connection[]> {
  const connections: Connection[] = [];
  for (let i = 0; i < count; i++) {
    const connection = new Connection(socket);
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
          const next = (good: boolean): void => {
            answers++;
            if (!good) bad++;
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

let holding: { socket: string; connections: Connection[] } | undefined;

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
          connection.ask(request, (good) => {
            atMs.push(Number(process.hrtime.bigint()) / 1e6);
            if (!good) bad++;
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
