/**
 * The programme socket (programme-protocol.ts): mixers bring units, edges follow them. The fence stands here: only the newest
 * epoch of a room is heard, an older one is refused and closed.
 */
import { timingSafeEqual } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { isName, type RoomId } from '../domain/ids.ts';
import { isVideoRendition } from '../domain/rendition.ts';
import { KEYFRAME_GRID_FRAMES } from '../domain/programme-time.ts';
import { FrameReader } from '../media/framing.ts';
import {
  PROGRAMME_FRAME as F,
  decodeUnit,
  encodeProgrammeMessage,
  encodeUnit,
  type MixStats,
  type Refused,
  type SourceHello,
  type SubscriberHello,
  type TrackInit,
  type Unit,
  type Welcome,
} from '../media/programme-protocol.ts';
import type { Logger } from '../observability/logger.ts';
import type { OriginRoom } from './origin-room.ts';
import { ProgrammeHub } from './programme-hub.ts';
import { Subscriber } from './subscriber.ts';

const HELLO_TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 512;

export interface ProgrammeServerOptions {
  socketPath: string;
  tcp?: { host: string; port: number; secret: string };
  log: Logger;
  /** The room's programme, made when a mixer brings the first. */
  openRoom(room: RoomId, frameRate: number): Promise<OriginRoom>;
  room(room: RoomId): OriginRoom | undefined;
}

export class ProgrammeServer {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #hubs = new Map<RoomId, ProgrammeHub>();
  #tcpUrl: string | undefined;
  refusedEpochs = 0;

  constructor(private readonly options: ProgrammeServerOptions) {}

  async start(): Promise<void> {
    const { socketPath, tcp } = this.options;
    mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
    rmSync(socketPath, { force: true });
    await this.#listen({ path: socketPath }, undefined);
    if (tcp) {
      const server = await this.#listen({ host: tcp.host, port: tcp.port }, tcp.secret);
      const address = server.address();
      if (address && typeof address === 'object') this.#tcpUrl = `tcp://${tcp.host.includes(':') ? `[${tcp.host}]` : tcp.host}:${address.port}`;
    }
  }

  /** Where edges on other machines reach it, when it listens on TCP. */
  get tcpUrl(): string | undefined {
    return this.#tcpUrl;
  }

  get subscriberCount(): number {
    let count = 0;
    for (const hub of this.#hubs.values()) count += hub.subscribers.size;
    return count;
  }
  get droppedFrames(): number {
    let count = 0;
    for (const hub of this.#hubs.values()) {
      count += hub.droppedBefore;
      for (const subscriber of hub.subscribers) count += subscriber.dropped;
    }
    return count;
  }

  mixStats(room: RoomId): MixStats | undefined {
    return this.#hubs.get(room)?.stats;
  }

  /** The room's programme has ended: tells its edges and lets its mixer go. */
  endRoom(room: RoomId): void {
    const hub = this.#hubs.get(room);
    if (!hub) return;
    hub.source?.destroy();
    hub.source = undefined;
    hub.cache.clear();
    for (const subscriber of hub.subscribers) subscriber.control(encodeProgrammeMessage(F.ended, {}));
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
    rmSync(this.options.socketPath, { force: true });
  }

  #listen(where: { path: string } | { host: string; port: number }, secret: string | undefined): Promise<Server> {
    const server = createServer((socket) => this.#accept(socket, secret));
    server.maxConnections = MAX_CONNECTIONS;
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.off('error', reject);
        server.on('error', (error) => this.options.log.error({ err: error }, 'programme connection could not be accepted'));
        resolve(server);
      });
    });
  }

  #accept(socket: Socket, secret: string | undefined): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    const timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS);
    let handle: ((type: number, payload: Buffer) => void) | undefined;
    let opening = false;
    const early: { type: number; payload: Buffer }[] = [];
    const onFrame = (type: number, payload: Buffer): void => {
      if (handle) {
        handle(type, payload);
        return;
      }
      if (opening) {
        // The room is being opened: a handful of frames at most.
        if (early.length < 64) early.push({ type, payload: Buffer.from(payload) });
        return;
      }
      opening = true;
      this.#open(socket, secret, type, payload)
        .then((next) => {
          clearTimeout(timer);
          if (!next) return;
          handle = next;
          for (const frame of early.splice(0)) next(frame.type, frame.payload);
        })
        .catch((error: unknown) => {
          this.options.log.warn({ err: error }, 'programme connection failed');
          socket.destroy();
        });
    };
    const reader = new FrameReader(onFrame);
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.options.log.warn({ err: error }, 'programme connection sent nonsense');
        socket.destroy();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
  }

  async #open(socket: Socket, secret: string | undefined, type: number, payload: Buffer): Promise<((type: number, payload: Buffer) => void) | undefined> {
    const hello = JSON.parse(payload.toString('utf8')) as SourceHello | SubscriberHello;
    if (secret !== undefined && !sameSecret(hello.secret, secret)) return refuse(socket, { code: 'unauthenticated', detail: 'Wrong secret.' });
    if (hello.version !== 1 || !isName(hello.room)) return refuse(socket, { code: 'badRequest', detail: 'Unknown version or room name.' });
    if (type === F.hello) return this.#openSource(socket, hello as SourceHello);
    if (type === F.subscribe) return this.#openSubscriber(socket, hello);
    return refuse(socket, { code: 'badRequest', detail: 'A hello or subscribe must come first.' });
  }

  async #openSource(socket: Socket, hello: SourceHello): Promise<((type: number, payload: Buffer) => void) | undefined> {
    const { epoch, frameRate } = hello;
    if (!Number.isInteger(epoch) || epoch < 0 || !Number.isInteger(frameRate) || frameRate < 1 || frameRate > 120)
      return refuse(socket, { code: 'badRequest', detail: 'Epoch or frame rate is not valid.' });
    const room = await this.options.openRoom(hello.room, frameRate);
    // A mixer that has not heard yet of the end must not begin the programme again.
    if (epoch < room.epoch || (epoch === room.epoch && room.programme.ended)) {
      this.refusedEpochs++;
      return refuse(socket, { code: 'staleEpoch', detail: `Epoch ${room.epoch} ${room.programme.ended ? 'has ended' : 'owns'} this programme.`, epoch: room.epoch });
    }
    if (room.grid.frameRate !== frameRate) return refuse(socket, { code: 'wrongState', detail: `The programme runs at ${room.grid.frameRate} frames a second.` });
    if (socket.destroyed) return undefined;
    const hub = this.#hub(hello.room);
    const before = hub.source;
    hub.attach(socket);
    if (before && !before.destroyed) {
      this.refusedEpochs++;
      refuse(before, { code: 'staleEpoch', detail: `Epoch ${epoch} owns this programme.`, epoch });
    }
    const log = this.options.log.child({ room: hello.room, epoch });
    log.info('a mixer delivers');
    room.requestKeyframe = () => hub.requestKeyframe();
    room.beginEpoch(epoch, Array.isArray(hello.renditions) ? hello.renditions.filter(isVideoRendition) : []);
    socket.write(encodeProgrammeMessage(F.welcome, welcome(room)));
    for (const subscriber of hub.subscribers) subscriber.control(encodeProgrammeMessage(F.epoch, { epoch }));
    socket.on('close', () => {
      if (hub.source !== socket) return;
      hub.source = undefined;
      room.sourceGone();
      log.info('the mixer is gone');
    });
    return (type, payload) => {
      if (hub.source !== socket) return; // fenced off
      if (type === F.unit) this.#onUnit(hub, room, payload);
      else if (type === F.init) {
        const init = JSON.parse(payload.toString('utf8')) as TrackInit;
        try {
          room.configure(init);
        } catch (error) {
          log.error({ err: error, track: init.track }, 'a track cannot be packaged');
        }
        hub.inits.set(init.track, init);
        for (const subscriber of hub.subscribers) subscriber.control(encodeProgrammeMessage(F.init, init));
      } else if (type === F.stats) hub.stats = JSON.parse(payload.toString('utf8')) as MixStats;
    };
  }

  #onUnit(hub: ProgrammeHub, room: OriginRoom, payload: Buffer): void {
    const read = decodeUnit(payload);
    const unit: Unit = { ...read, cached: false, data: Buffer.from(read.data) };
    hub.cache.add(unit);
    if (hub.subscribers.size > 0) {
      const frame = encodeUnit(unit);
      for (const subscriber of hub.subscribers) subscriber.unit(unit.track, unit.key, frame);
    }
    room.push(unit);
  }

  #openSubscriber(socket: Socket, hello: SubscriberHello): ((type: number, payload: Buffer) => void) | undefined {
    const room = this.options.room(hello.room);
    const hub = this.#hubs.get(hello.room);
    if (!room || !hub || room.programme.ended) return refuse(socket, { code: 'noLiveProgramme', detail: 'The room has no live mix.', retryAfterMs: 1000 });
    const subscriber = new Subscriber(socket);
    subscriber.control(encodeProgrammeMessage(F.welcome, welcome(room)));
    for (const init of hub.inits.values()) subscriber.control(encodeProgrammeMessage(F.init, init));
    for (const { track, key, frame } of hub.cache.frames()) subscriber.unit(track, key, frame);
    hub.subscribers.add(subscriber);
    socket.on('close', () => {
      hub.droppedBefore += subscriber.dropped;
      hub.subscribers.delete(subscriber);
    });
    return (type) => {
      if (type === F.keyframeRequest) hub.requestKeyframe();
    };
  }

  #hub(room: RoomId): ProgrammeHub {
    let hub = this.#hubs.get(room);
    if (!hub) this.#hubs.set(room, (hub = new ProgrammeHub()));
    return hub;
  }
}

function welcome(room: OriginRoom): Welcome {
  return {
    room: room.room,
    epoch: room.epoch,
    anchorMonotonicNs: String(room.anchor.monotonicNs),
    anchorUnixMs: room.anchor.unixMs,
    frameRate: room.grid.frameRate,
    keyframeGridFrames: KEYFRAME_GRID_FRAMES,
  };
}

function refuse(socket: Socket, refused: Refused): undefined {
  if (!socket.destroyed) socket.end(encodeProgrammeMessage(F.refused, refused), () => socket.destroy());
  return undefined;
}

function sameSecret(given: string | undefined, wanted: string): boolean {
  const a = Buffer.from(given ?? '');
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}
