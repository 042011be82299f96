/**
 * The edge's end of the programme protocol for one room: connects to the origin, hands out what comes, reconnects with
 * backoff when the origin restarts, until closed.
 */
import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { AppError } from '../domain/errors.ts';
import type { RoomId } from '../domain/ids.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import { FrameReader } from '../media/framing.ts';
import { decodeUnit, encodeProgrammeMessage, PROGRAMME_FRAME, type Refused, type TrackInit, type Unit, type Welcome } from '../media/programme-protocol.ts';

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 2000;

/** Where the origin listens: a Unix socket, or TCP with the shared secret. */
export type OriginAddress = { path: string } | { host: string; port: number };

export interface ProgrammeSubscriptionOptions {
  room: RoomId;
  /** Asked at each attempt: the origin may have moved. */
  address: () => OriginAddress | Promise<OriginAddress>;
  secret?: string;
  /** For the first answer; 409 or 503 follows. */
  firstAnswerTimeoutMs?: number;
  /** After losing a running programme: ended when it did not come back within this. */
  lostTimeoutMs?: number;
}

interface Events {
  welcomed: [Welcome];
  init: [TrackInit];
  unit: [Unit];
  /** The programme is over, or did not come back. Nothing follows. */
  ended: [];
}

export class ProgrammeSubscription extends EventEmitter<Events> {
  /** Connections lost since the start. */
  reconnects = 0;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #welcomed = false;
  #lostAtMs = 0;
  #closed = false;

  constructor(private readonly options: ProgrammeSubscriptionOptions) {
    super();
  }

  /**
   * Resolves with the first welcome; attach listeners before.
   * @throws AppError noLiveProgramme, or unavailable when the origin does not answer
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail(new AppError('unavailable', { detail: 'The origin does not answer.', retryAfterSeconds: 2 })), this.options.firstAnswerTimeoutMs ?? 4000);
      const fail = (error: AppError): void => {
        clearTimeout(timer);
        this.#onRefused = undefined;
        this.close();
        reject(error);
      };
      this.#onRefused = fail;
      this.once('welcomed', () => {
        clearTimeout(timer);
        this.#onRefused = undefined;
        resolve();
      });
      void this.#connect();
    });
  }

  #onRefused: ((error: AppError) => void) | undefined;

  requestKeyframe(rendition: VideoRendition): void {
    if (this.#socket?.writable) this.#socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.keyframeRequest, { rendition }));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    let address: OriginAddress;
    try {
      address = await this.options.address();
    } catch {
      this.#again();
      return;
    }
    if (this.#closed) return;
    const socket = connect(address);
    this.#socket = socket;
    const reader = new FrameReader((type, payload) => this.#frame(socket, type, payload));
    socket.on('connect', () => socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.subscribe, { version: 1, room: this.options.room, secret: this.options.secret })));
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        socket.destroy(); // a broken peer; the next connection begins afresh
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      if (this.#socket === socket) this.#again();
    });
  }

  #again(): void {
    if (this.#closed) return;
    this.#socket = undefined;
    if (this.#welcomed) {
      const now = performance.now();
      this.#lostAtMs ||= now;
      if (now - this.#lostAtMs > (this.options.lostTimeoutMs ?? 20_000)) {
        this.#end();
        return;
      }
    }
    this.#timer = setTimeout(() => void this.#connect(), this.#backoffMs);
    this.#backoffMs = Math.min(2 * this.#backoffMs, LONGEST_BACKOFF_MS);
  }

  #frame(socket: Socket, type: number, payload: Buffer): void {
    if (this.#closed || socket !== this.#socket) return;
    switch (type) {
      case PROGRAMME_FRAME.unit:
        this.emit('unit', decodeUnit(payload));
        return;
      case PROGRAMME_FRAME.welcome:
        if (this.#welcomed) this.reconnects++;
        this.#welcomed = true;
        this.#lostAtMs = 0;
        this.#backoffMs = FIRST_BACKOFF_MS;
        this.emit('welcomed', parse<Welcome>(payload));
        return;
      case PROGRAMME_FRAME.init:
        this.emit('init', parse<TrackInit>(payload));
        return;
      case PROGRAMME_FRAME.refused: {
        const refused = parse<Refused>(payload);
        // After a welcome it is a restarting origin whose mixer has not come back yet: keep trying for a while.
        this.#onRefused?.(new AppError(refused.code, { detail: refused.detail, retryAfterSeconds: Math.max(1, Math.ceil((refused.retryAfterMs ?? 1000) / 1000)) }));
        return;
      }
      case PROGRAMME_FRAME.ended:
        this.#end();
        return;
      default: // epoch and whatever comes later: the RTP timeline does not depend on it
    }
  }

  #end(): void {
    this.close();
    this.emit('ended');
  }
}

function parse<T>(payload: Buffer): T {
  return JSON.parse(payload.toString('utf8')) as T;
}
