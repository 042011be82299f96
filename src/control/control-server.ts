import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gauge } from 'prom-client';
import { HotDoor } from '../node-api/hot/hot-door.ts';
import { EventSubscriber, type ServiceEvent } from '../state/events.ts';
import { createApp } from './app.ts';
import { boundConnections, LOOK_AT_CONNECTIONS_MS } from './connection-bounds.ts';
import type { ControlDependencies } from './dependencies.ts';
import { HLS_PREFIX, HlsDesk } from './hls/hls-desk.ts';
import { Reconciler } from './reconciler/reconciler.ts';
import { createServices, type Services } from './services.ts';
import { Signalling } from './signalling/signalling.ts';

/** Who comes while two thousand others do must not be turned away by the kernel and come again a second later (Node's default: 511). */
const WAITING_CONNECTIONS = 4096;
const CLOSE_GRACE_MS = 1500;
/** What viewers told last; Redis may be away. */
const QOE_CLOSE_MS = 500;

/** Control in one process: HTTP, Socket.IO, reconciler, and the ear on the Redis channel. */
export class ControlServer {
  readonly services: Services;
  readonly #server: Server;
  readonly #door: HotDoor;
  readonly #signalling: Signalling;
  readonly #reconciler: Reconciler;
  #subscriber: EventSubscriber | undefined;
  #closing: Promise<void> | undefined;

  constructor(dependencies: ControlDependencies, version: string) {
    this.services = createServices(dependencies);
    const { app } = createApp(this.services, version);
    this.#server = createServer({ connectionsCheckingInterval: LOOK_AT_CONNECTIONS_MS }, (req, res) => admit(req, res, () => app(req, res)));
    this.#door = new HotDoor(this.#server, { prefix: HLS_PREFIX, desk: new HlsDesk(this.services), sendFile: 'copy' });
    const admit = boundConnections(this.#server, { perAddress: dependencies.config.httpConnectionsPerAddress, metrics: dependencies.metrics });
    this.#signalling = new Signalling(this.#server, this.services);
    this.#reconciler = new Reconciler(this.services);
    const signalling = this.#signalling;
    new Gauge({
      name: 'tessera_sockets',
      help: 'Socket.IO connections of this process',
      registers: [dependencies.metrics],
      collect() {
        this.set(signalling.connections);
      },
    });
  }

  /** @returns the port @throws Error in words when the address cannot be listened on */
  async start(): Promise<number> {
    const { config, state } = this.services;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(inWords(error, config.httpHost, config.httpPort)));
      this.#server.listen({ port: config.httpPort, host: config.httpHost, backlog: WAITING_CONNECTIONS }, () => {
        this.#server.removeAllListeners('error');
        resolve();
      });
    });
    this.#subscriber = new EventSubscriber(state.redis, (event) => this.#onEvent(event), { onResumed: () => this.#signalling.onResumed(), levels: true });
    this.#reconciler.start();
    return (this.#server.address() as AddressInfo).port;
  }

  /** No new work, then open answers are cut; within 5 s. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    this.#door.close();
    this.#subscriber?.close();
    const cut = setTimeout(() => {
      this.#door.close(true);
      this.#server.closeAllConnections();
    }, CLOSE_GRACE_MS);
    await Promise.all([this.#signalling.close().catch(() => undefined), this.#reconciler.close()]);
    await closed;
    await Promise.race([this.services.qoe.close(), new Promise((resolve) => setTimeout(resolve, QOE_CLOSE_MS))]);
    clearTimeout(cut);
  }

  #onEvent(event: ServiceEvent): void {
    if (event.type === 'roomChanged' || event.type === 'roomDeleted') this.services.cachedRooms.forget(event.room);
    this.#signalling.onEvent(event);
    this.#reconciler.onEvent(event);
  }
}

function inWords(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return new Error(`Port ${port} on ${host} is in use. Stop what uses it, or choose another with --port or TESSERA_HTTP_PORT.`);
  if (error.code === 'EACCES') return new Error(`Port ${port} may not be used by this user. Choose one above 1023 with --port or TESSERA_HTTP_PORT.`);
  if (error.code === 'EADDRNOTAVAIL') return new Error(`This machine has no address ${host}; see TESSERA_HTTP_HOST.`);
  return error;
}
