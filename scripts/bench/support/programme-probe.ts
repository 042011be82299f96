/** Follows a programme at the origin's socket, as an edge does, and notes when its pictures come. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RoomId } from '../../../src/domain/ids.ts';
import type { TrackName } from '../../../src/domain/rendition.ts';
import { FrameReader } from '../../../src/media/framing.ts';
import { decodeUnit, encodeProgrammeMessage, PROGRAMME_FRAME, programmeSocketPath, type Welcome } from '../../../src/media/programme-protocol.ts';

export class ProgrammeProbe {
  /** Wall clock (ms) of the first picture that came. */
  firstPictureAtMs: number | undefined;
  /** Live pictures of `high` since {@link reset}: `performance.now()` at arrival, and programme time in ms. */
  arrivals: { atMs: number; ptsMs: number }[] = [];
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
          else if (type === PROGRAMME_FRAME.welcome) this.#anchorNs = BigInt((JSON.parse(payload.toString('utf8')) as Welcome).anchorMonotonicNs);
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

  #unit(payload: Buffer): void {
    const unit = decodeUnit(payload);
    if (!unit.cached) (this.lateness[unit.track] ??= []).push(Number(process.hrtime.bigint() - this.#anchorNs - unit.ptsNs) / 1e6);
    if (unit.track !== 'video:high') return;
    this.firstPictureAtMs ??= Date.now();
    if (!unit.cached) this.arrivals.push({ atMs: performance.now(), ptsMs: Number(unit.ptsNs) / 1e6 });
  }
}
