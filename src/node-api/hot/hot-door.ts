/**
 * To be made right behind its server: listeners for `connection` that come later hear of every connection, those before only
 * of the ones that node:http gets.
 *
 * Takes a server's connections before node:http does and answers its hot GETs without it: 121 k against 62 k requests per
 * core-second for 3 KB, 65 k against 44 k for 60 KB. Everything else goes on to node:http, request and connection.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ConnectionTails } from './connection-tail.ts';
import { HotConnection } from './hot-connection.ts';
import type { HotDesk } from './hot-desk.ts';
import { OpenFiles } from './send-file/open-files.ts';
import { loadSendFile, type SendFile } from './send-file/send-file.ts';
import { Turns } from './turns.ts';

export interface HotDoorOptions {
  prefix: string;
  desk: HotDesk;
  /** One read buffer for all connections (own-read-buffer.ts). Default true. */
  ownReadBuffer?: boolean;
  /** For large bodies that lie in files, on Unix sockets. `copy`: never. Default: what was built for this machine. */
  sendFile?: SendFile | 'copy';
}

const SWEEP_MS = 5000;
/** Ended in one piece: ten thousand at once stopped everything else for half a second. */
const ENDED_AT_ONCE = 100;

/** Held requests answered in one turn of the event loop. */
const RELEASED_AT_ONCE = 32;

const passedOn = new WeakSet<Socket>();

/** Whether a connection is with node:http although its next request may be for a hot door: it may then be closed, to come again. */
export function mayComeAgain(socket: Socket): boolean {
  return passedOn.has(socket);
}

export class HotDoor {
  readonly #connections = new Set<HotConnection>();
  readonly #timer: NodeJS.Timeout;
  readonly #files = new OpenFiles();
  /** On a Unix socket large bodies go from their files into the sockets. */
  readonly sendsFiles: boolean;
  #closing = false;
  /** Requests that node:http got after all. */
  passed = 0;

  constructor(server: Server, { prefix, desk, ownReadBuffer = true, sendFile = loadSendFile() ?? 'copy' }: HotDoorOptions) {
    this.sendsFiles = sendFile !== 'copy';
    const sender = sendFile === 'copy' ? undefined : { send: sendFile, files: this.#files };
    const tails = new ConnectionTails();
    const before = server.listeners('connection') as ((socket: Socket) => void)[];
    const isClosing = (): boolean => this.#closing;
    const host = {
      get closing(): boolean {
        return isClosing();
      },
      prefix,
      desk,
      turns: new Turns(RELEASED_AT_ONCE),
      ownReadBuffer,
      // Over TCP to this machine copying costs less (docs/adr/0010-parts-from-their-files.md), and TLS must not be written behind.
      get sender(): typeof sender {
        return typeof server.address() === 'string' ? sender : undefined;
      },
      tail: (lines: string): Buffer => tails.tail(lines),
      passOn: (connection: HotConnection, socket: Socket, bytes: Buffer, plain: boolean): void => {
        this.#connections.delete(connection);
        this.passed++;
        if (plain) passedOn.add(socket);
        for (const listener of before) listener.call(server, socket);
        // node:http reads the handle itself from now on, but still takes what is emitted.
        socket.emit('data', bytes);
      },
      closed: (connection: HotConnection): void => void this.#connections.delete(connection),
    };
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (this.#closing) socket.destroy();
      if (!socket.destroyed) this.#connections.add(new HotConnection(host, socket, Date.now()));
    });
    this.#timer = setInterval(() => {
      const now = Date.now();
      this.#end([...this.#connections].filter((connection) => connection.isStale(now)));
      this.#files.sweep();
    }, SWEEP_MS);
    this.#timer.unref();
  }

  get connections(): number {
    return this.#connections.size;
  }
  /** Files that answers are sent from. */
  get openFiles(): number {
    return this.#files.size;
  }
  /** Connections that wait for an answer. */
  get held(): number {
    let count = 0;
    for (const connection of this.#connections) if (connection.held) count++;
    return count;
  }

  #end(stale: HotConnection[]): void {
    for (const connection of stale.splice(0, ENDED_AT_ONCE)) connection.close(true);
    if (stale.length > 0) setImmediate(() => this.#end(stale));
  }

  /** Idle connections end now, the others when `hard`. */
  close(hard = false): void {
    this.#closing = true;
    clearInterval(this.#timer);
    for (const connection of [...this.#connections]) connection.close(hard);
    this.#files.close();
  }
}
