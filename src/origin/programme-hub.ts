import type { Socket } from 'node:net';
import { PROGRAMME_FRAME as F, encodeProgrammeMessage, type MixStats, type TrackInit } from '../media/programme-protocol.ts';
import type { Subscriber } from './subscriber.ts';
import { UnitCache } from './unit-cache.ts';

const KEYFRAME_INTERVAL_MS = 1000;

/** What the connections of one room share. */
export class ProgrammeHub {
  readonly subscribers = new Set<Subscriber>();
  readonly cache = new UnitCache();
  readonly inits = new Map<string, TrackInit>();
  source: Socket | undefined;
  stats: MixStats | undefined;
  droppedBefore = 0;
  #lastRequest = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Merged to one a second; a request in between is passed on when the second is over. */
  requestKeyframe(): void {
    if (this.#timer || !this.source) return;
    const wait = this.#lastRequest + KEYFRAME_INTERVAL_MS - Date.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.requestKeyframe();
      }, wait);
      this.#timer.unref();
      return;
    }
    this.#lastRequest = Date.now();
    if (!this.source.destroyed) this.source.write(encodeProgrammeMessage(F.keyframeRequest, {}));
  }

  /** A new source has its own count. */
  attach(source: Socket): void {
    this.source = source;
    this.#lastRequest = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
