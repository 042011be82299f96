/**
 * Delivers units to the origin. The connection comes back by itself: after a restart of the origin the same epoch goes on,
 * with the inits again and a keyframe. What cannot be sent is dropped by whole groups: a video track goes on at its next keyframe.
 */
import { createConnection, type Socket } from 'node:net';
import type { RoomId } from '../domain/ids.ts';
import type { TrackName, VideoRendition } from '../domain/rendition.ts';
import { FrameReader, FrameSender } from '../media/framing.ts';
import {
  encodeProgrammeMessage,
  encodeUnit,
  PROGRAMME_FRAME,
  type MixStats,
  type Refused,
  type TrackInit,
  type Unit,
  type Welcome,
} from '../media/programme-protocol.ts';

const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 1000;
/** About ten seconds of all tracks. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

/**
 * Units of the others wait for the next of these: the smaller renditions of a picture some ms for `high`, which is encoded last, the Opus of thin
 * links 20 ms at most. AAC goes at once: by its arrivals one sees that the sound keeps to the clock, and held for the others they moved by 2.2 ms.
 */
const AT_ONCE: ReadonlySet<TrackName> = new Set<TrackName>(['video:high', 'audio:opus', 'audio:aac']);

export interface ProgrammeClientOptions {
  path: string;
  room: RoomId;
  epoch: number;
  frameRate: number;
  renditions: readonly VideoRendition[];
}

export interface ProgrammeClientEvents {
  /** The first time and after each reconnection. */
  welcomed: (welcome: Welcome) => void;
  /** The origin will not have this epoch. */
  refused: (refused: Refused) => void;
  keyframeRequested: () => void;
  disconnected: () => void;
}

export class ProgrammeClient {
  /** Units that were not sent: no connection, or too much waiting. */
  dropped = 0;
  #socket: Socket | undefined;
  #sender: FrameSender | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RECONNECT_MIN_MS;
  #closed = false;
  readonly #inits = new Map<TrackName, TrackInit>();
  readonly #awaitingKey = new Set<TrackName>();

  constructor(
    private readonly options: ProgrammeClientOptions,
    private readonly events: ProgrammeClientEvents,
  ) {}

  start(): void {
    this.#connect();
  }

  sendInit(init: TrackInit): void {
    this.#inits.set(init.track, init);
    this.#sender?.send(encodeProgrammeMessage(PROGRAMME_FRAME.init, init));
  }

  sendUnit(unit: Unit): void {
    const video = unit.track.startsWith('video:');
    if (video && this.#awaitingKey.has(unit.track)) {
      if (!unit.key || !this.#sender) {
        this.dropped++;
        return;
      }
      this.#awaitingKey.delete(unit.track);
    }
    if (this.#sender?.send(encodeUnit(unit), !AT_ONCE.has(unit.track))) return;
    this.dropped++;
    if (video && !this.#awaitingKey.has(unit.track)) {
      this.#awaitingKey.add(unit.track);
      if (this.#sender) this.events.keyframeRequested();
    }
  }

  sendStats(stats: MixStats): void {
    this.#sender?.send(encodeProgrammeMessage(PROGRAMME_FRAME.stats, stats));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #connect(): void {
    if (this.#closed) return;
    const socket = createConnection(this.options.path);
    this.#socket = socket;
    const reader = new FrameReader((type, payload) => this.#take(socket, type, payload));
    socket.on('connect', () => {
      const { room, epoch, frameRate, renditions } = this.options;
      socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.hello, { version: 1, room, epoch, frameRate, renditions }));
    });
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      const delivered = this.#sender !== undefined;
      this.#sender = undefined;
      if (this.#closed) return;
      if (delivered) this.events.disconnected();
      this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(RECONNECT_MAX_MS, this.#retryMs * 2);
    });
  }

  #take(socket: Socket, type: number, payload: Buffer): void {
    switch (type) {
      case PROGRAMME_FRAME.welcome: {
        this.#retryMs = RECONNECT_MIN_MS;
        this.events.welcomed(JSON.parse(payload.toString()) as Welcome);
        this.#sender = new FrameSender(socket, MAX_QUEUED_BYTES);
        for (const init of this.#inits.values()) this.sendInit(init);
        if (this.#inits.size > 0) {
          for (const track of this.#inits.keys()) if (track.startsWith('video:')) this.#awaitingKey.add(track);
          this.events.keyframeRequested();
        }
        return;
      }
      case PROGRAMME_FRAME.refused:
        return this.events.refused(JSON.parse(payload.toString()) as Refused);
      case PROGRAMME_FRAME.keyframeRequest:
        return this.events.keyframeRequested();
      default: // subscribers' messages are not for us
    }
  }
}
