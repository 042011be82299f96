/** One edge that follows a room's units: bounded, and after a loss silent until the next keyframe of that track. */
import type { Socket } from 'node:net';
import type { TrackName } from '../domain/rendition.ts';
import { FrameSender } from '../media/framing.ts';

/** About five seconds of both renditions. */
const MAX_QUEUED_BYTES = 2 * 1024 * 1024;

export class Subscriber {
  readonly #sender: FrameSender;
  readonly #torn = new Set<TrackName>();

  constructor(readonly socket: Socket) {
    this.#sender = new FrameSender(socket, MAX_QUEUED_BYTES);
  }

  /** Frames left out because the edge reads too slowly. */
  get dropped(): number {
    return this.#sender.dropped;
  }

  /** Small messages that must not be lost. */
  control(frame: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(frame);
  }

  unit(track: TrackName, key: boolean, frame: Buffer): void {
    if (!key && this.#torn.has(track)) return;
    if (this.#sender.send(frame)) this.#torn.delete(track);
    else if (track.startsWith('video:')) this.#torn.add(track);
  }
}
