/** Follows a programme at the origin's socket, as an edge does, and notes when its pictures come. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RoomId } from '../../../src/domain/ids.ts';
import type { TrackName } from '../../../src/domain/rendition.ts';
import { FrameReader } from '../../../src/media/framing.ts';
import { decodeUnit, encodeProgrammeMessage, PROGRAMME_FRAME, programmeSocketPath, type TrackInit, type Unit, type Welcome } from '../../../src/media/programme-protocol.ts';

export interface Arrival {
  /** `performance.now()`. */
  atMs: number;
  /** Programme time. */
  ptsMs: number;
  durationMs: number;
}

export class ProgrammeProbe {
  /** Wall clock (ms) of the first picture that came. */
  firstPictureAtMs: number | undefined;
  /** Live pictures of `high` since {@link reset}. */
  arrivals: Arrival[] = [];
  /** Of the programme's start; 0 before the first welcome. */
  anchorUnixMs = 0;
  /** The newest of each track. */
  readonly inits = new Map<TrackName, TrackInit>();
  /** Every unit, also those from the cache; its data is valid only during the call. */
  onUnit: ((unit: Unit, latenessMs: number) => void) | undefined;
  /** How late live units of each track came, against their programme time, in ms. Same host only. */
  lateness: Partial<Record<TrackName, number[]>> = {};
  #anchorNs = 0n;
  #socket: Socket | undefined;
  #closed = false;

  constructor(
    private readonly runDir: string,
    private readonly room: string,
  ) {}

  /** Tries again until the programme is there. */
  async follow(): Promise<void> {
    while (!this.#closed) {
      await new Promise<void>((resolve) => {
        const socket = connect(programmeSocketPath(this.runDir));
        this.#socket = socket;
        const reader = new FrameReader((type, payload) => {
          if (type === PROGRAMME_FRAME.unit) this.#unit(payload);
          else if (type === PROGRAMME_FRAME.welcome) this.#welcome(JSON.parse(payload.toString('utf8')) as Welcome);
          else if (type === PROGRAMME_FRAME.init) this.#init(JSON.parse(payload.toString('utf8')) as TrackInit);
        });
        socket.on('connect', () => socket.write(encodeProgrammeMessage(PROGRAMME_FRAME.subscribe, { version: 1, room: this.room as RoomId })));
        socket.on('data', (chunk) => reader.push(chunk));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
      });
      await delay(20);
    }
  }

  reset(): void {
    this.arrivals = [];
    this.lateness = {};
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  #welcome(welcome: Welcome): void {
    this.#anchorNs = BigInt(welcome.anchorMonotonicNs);
    this.anchorUnixMs = welcome.anchorUnixMs;
  }

  #init(init: TrackInit): void {
    this.inits.set(init.track, init);
  }

  #unit(payload: Buffer): void {
    const unit = decodeUnit(payload);
    const latenessMs = Number(process.hrtime.bigint() - this.#anchorNs - unit.ptsNs) / 1e6;
    if (!unit.cached) (this.lateness[unit.track] ??= []).push(latenessMs);
    this.onUnit?.(unit, latenessMs);
    if (unit.track !== 'video:high') return;
    this.firstPictureAtMs ??= Date.now();
    if (!unit.cached) this.arrivals.push({ atMs: performance.now(), ptsMs: Number(unit.ptsNs) / 1e6, durationMs: Number(unit.durationNs) / 1e6 });
  }
}
