/** The room's feed socket: every reader gets the state first, then the live flow (feed-protocol.ts). */
import { unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { FrameSender } from '../media/framing.ts';

/** About 1.3 s of sound: a reader that is further behind loses some, and a lost message of state closes it. */
const MAX_QUEUED_BYTES = 256 * 1024;
const MAX_READERS = 16;

export class FeedServer {
  /** Frames that slow readers did not get. */
  dropped = 0;
  readonly #readers = new Map<Socket, FrameSender>();
  readonly #server: Server;

  /** @param snapshot messages of the state for a new reader */
  constructor(
    private readonly path: string,
    private readonly snapshot: () => Buffer[],
  ) {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** @throws when the socket cannot be made */
  start(): Promise<void> {
    try {
      unlinkSync(this.path); // a dead predecessor's
    } catch {
      // none there
    }
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.path, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => undefined); // a reader that cannot be accepted comes again
        resolve();
      });
    });
  }

  /** A message of the state: a reader that cannot take it is cut off and gets the whole state when it is back. */
  sendState(frame: Buffer): void {
    for (const [socket, sender] of this.#readers) if (!sender.send(frame)) socket.destroy();
  }

  /** Sound: dropped for readers that are behind. */
  sendFlow(frame: Buffer): void {
    for (const sender of this.#readers.values()) if (!sender.send(frame)) this.dropped++;
  }

  close(): void {
    for (const socket of this.#readers.keys()) socket.destroy();
    this.#readers.clear();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    if (this.#readers.size >= MAX_READERS) {
      socket.destroy();
      return;
    }
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#readers.delete(socket));
    socket.resume(); // nothing comes from that side; read on to see its end
    const sender = new FrameSender(socket, MAX_QUEUED_BYTES);
    for (const frame of this.snapshot()) sender.send(frame);
    this.#readers.set(socket, sender);
  }
}
