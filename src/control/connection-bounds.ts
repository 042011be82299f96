/**
 * What one caller can hold of control's HTTP server: connections, requests on one of them at once, and time in which nothing
 * moves. node:http bounds none of these by itself. Loopback is not counted: it is the proxy in front, with everybody behind it.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface ConnectionBoundsOptions {
  perAddress: number;
  /** Of all together: descriptors must be left to reach the other roles. Default: three quarters of what the process may open. */
  total?: number;
  metrics: Registry;
  /** Whose connection it is; undefined: not counted. */
  addressOf?: (socket: Socket) => string | undefined;
}

/**
 * Nobody sends requests ahead of the answers but attackers and some proxies. They are served one after the other, as their answers go out anyway: at
 * once each took a connection to another role, 500 MB for a hundred and fifty readers that do not read, and kept it when the client had gone.
 */
const REQUESTS_AHEAD = 32;
/** Neither sent nor taken anything for so long: a reader that does not read. Held answers take 9 s at most, Socket.IO's poll 25 s. */
const STILL_MS = 45_000;
/**
 * Node looks each 30 s by default; a connection without a request would live for 50 s then instead of 20. All whose time is over are ended in one
 * piece: ten thousand that came within three seconds stopped everything else for half a second when looked at each 5 s.
 */
export const LOOK_AT_CONNECTIONS_MS = 100;

/** Calls `serve` when it is the request's turn; not at all when its connection has gone or is cut. To be asked once for each request. */
export type Admit = (request: IncomingMessage, response: ServerResponse, serve: () => void) => void;

export function boundConnections(server: Server, { perAddress, total = Math.floor(0.75 * openFilesLimit()), metrics, addressOf = remoteAddress }: ConnectionBoundsOptions): Admit {
  const open = new Map<string, number>();
  const lines = new WeakMap<Socket, (() => void)[]>();
  const cut = new Counter({ name: 'tessera_http_connections_cut_total', help: 'Connections closed because of a bound', labelNames: ['bound'], registers: [metrics] });
  let connections = 0;
  new Gauge({
    name: 'tessera_http_connections',
    help: 'Open connections of the HTTP server',
    registers: [metrics],
    collect() {
      this.set(connections);
    },
  });

  server.headersTimeout = 20_000;
  server.requestTimeout = 30_000; // for the request to arrive; held answers take as long as they take
  server.keepAliveTimeout = 65_000; // above what proxies in front keep
  server.timeout = STILL_MS;
  server.on('timeout', (socket: Socket) => {
    cut.inc({ bound: 'still' });
    socket.destroy();
  });
  server.prependListener('connection', (socket: Socket) => {
    connections++;
    socket.once('close', () => connections--);
    if (connections > total) {
      cut.inc({ bound: 'total' });
      socket.destroy();
      return;
    }
    const address = addressOf(socket);
    if (address === undefined) return;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count <= perAddress) return;
    cut.inc({ bound: 'address' });
    socket.destroy();
  });
  return ({ socket }, response, serve) => {
    if (socket.destroyed) return; // node parses what came in one piece to its end
    let line = lines.get(socket);
    if (!line) lines.set(socket, (line = []));
    const waiting = line;
    waiting.push(serve);
    if (waiting.length > REQUESTS_AHEAD) {
      cut.inc({ bound: 'ahead' });
      socket.destroy();
      return;
    }
    response.once('close', () => {
      waiting.shift(); // answers end in the order of their requests
      if (!socket.destroyed) waiting[0]?.();
    });
    if (waiting.length === 1) serve();
  };
}

/** An IPv6 caller has a whole /64. */
function remoteAddress({ remoteAddress: address }: Socket): string | undefined {
  if (address === undefined || /^(::ffff:)?127\.|^::1$/.test(address)) return undefined;
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  return address.split(':').slice(0, 4).join(':');
}

/** Node has raised it to the hard limit at its start. */
function openFilesLimit(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return soft === undefined ? Infinity : Number(soft); // "unlimited"
}
