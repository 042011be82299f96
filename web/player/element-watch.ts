/** What a video element does, told in the few words that players need. */
export interface ElementEvents {
  moved: () => void;
  /** It wants to play and has nothing to. */
  stalled: () => void;
  ended: () => void;
}

/** A picture that stands this long is worth a word. */
export const STALL_WORD_MS = 1_500;

/** Listens until `signal` fires. `stalledSinceMs` is undefined while the picture moves. */
export class ElementWatch {
  stalledSinceMs: number | undefined;
  stalls = 0;
  #moved = false;
  /** Another rendition is being put in: waiting for it is no stall. */
  #emptied = false;

  constructor(video: HTMLVideoElement, events: ElementEvents, signal: AbortSignal) {
    const on = (name: string, take: () => void): void => video.addEventListener(name, take, { signal });
    const moved = (): void => {
      if (video.seeking || video.paused || video.readyState < 3) return;
      this.stalledSinceMs = undefined;
      this.#moved = true;
      this.#emptied = false;
      events.moved();
    };
    on('playing', moved);
    on('timeupdate', moved);
    on('waiting', () => {
      if (!this.#moved || this.#emptied || video.seeking) return;
      this.stalledSinceMs ??= performance.now();
      this.stalls++;
      events.stalled();
    });
    on('seeking', () => (this.stalledSinceMs = undefined));
    on('pause', () => (this.stalledSinceMs = undefined));
    on('emptied', () => (this.#emptied = true));
    on('ended', events.ended);
  }

  /** There was a picture at least once. */
  get everMoved(): boolean {
    return this.#moved;
  }
}
