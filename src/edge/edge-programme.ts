/** One room on this edge: the subscription to its programme, what its viewers share, and the viewers. */
import { EventEmitter } from 'node:events';
import type { RoomId } from '../domain/ids.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import type { ProgrammeSubscription } from './programme-subscription.ts';
import { SharedTracks } from './shared-tracks.ts';
import type { Viewer } from './viewer.ts';

const TICK_MS = 100;
const KEYFRAME_INTERVAL_MS = 1000;

interface Events {
  /** No viewer for as long as the linger, or the programme ended. Its viewers are closed. */
  closed: [string];
}

export class EdgeProgramme extends EventEmitter<Events> {
  readonly tracks = new SharedTracks();
  readonly viewers = new Set<Viewer>();
  keyframeRequests = 0;
  #keyframeAtMs: Record<VideoRendition, number> = { high: -Infinity, mid: -Infinity, low: -Infinity };
  #keyframeDue = new Set<VideoRendition>();
  #emptySinceMs = performance.now();
  #timer: NodeJS.Timeout;
  #closed = false;

  constructor(
    readonly room: RoomId,
    private readonly subscription: ProgrammeSubscription,
    private readonly lingerMs: number,
  ) {
    super();
    subscription.on('welcomed', (welcome) => this.tracks.welcomed(welcome));
    subscription.on('init', (init) => this.tracks.init(init));
    subscription.on('unit', (unit) => {
      const name = this.tracks.unit(unit);
      if (name !== undefined) for (const viewer of this.viewers) viewer.grew(name, unit.key);
    });
    subscription.on('ended', () => this.close('programme ended'));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** @throws AppError noLiveProgramme, unavailable */
  async start(): Promise<void> {
    try {
      await this.subscription.start();
    } catch (error) {
      this.close('not started');
      throw error;
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  add(viewer: Viewer): void {
    this.viewers.add(viewer);
    viewer.on('keyframeWanted', (rendition) => this.#wantKeyframe(rendition));
    viewer.once('closed', () => {
      this.viewers.delete(viewer);
      if (this.viewers.size === 0) this.#emptySinceMs = performance.now();
    });
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.subscription.close();
    for (const viewer of [...this.viewers]) viewer.close(reason);
    this.emit('closed', reason);
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const viewer of this.viewers) viewer.tick(nowMs);
    for (const rendition of this.#keyframeDue) this.#wantKeyframe(rendition);
    if (this.viewers.size === 0 && nowMs - this.#emptySinceMs > this.lingerMs) this.close('no viewers');
  }

  /** One request a second for all viewers of a rendition; one that came too early is sent when the second is over. */
  #wantKeyframe(rendition: VideoRendition): void {
    const nowMs = performance.now();
    if (nowMs - this.#keyframeAtMs[rendition] < KEYFRAME_INTERVAL_MS) {
      this.#keyframeDue.add(rendition);
      return;
    }
    this.#keyframeDue.delete(rendition);
    this.#keyframeAtMs[rendition] = nowMs;
    this.keyframeRequests++;
    this.subscription.requestKeyframe(rendition);
  }
}
