import Hls, { ErrorTypes, Events, type ErrorData } from 'hls.js';
import { ApiError, errorOf, unreachable } from '../api/api-error.ts';

export type BroadcastState = 'connecting' | 'starting' | 'live' | 'reconnecting' | 'ended' | 'error';

export interface BroadcastView {
  state: BroadcastState;
  error?: unknown;
  /** hls.js's own estimate of the distance to the live edge. */
  latencyMs?: number;
  /** From the moment the picture was mixed (PROGRAM-DATE-TIME) to now; right when both clocks are. */
  behindMs?: number;
  /** True when the viewer is where the live broadcast is played from. */
  atEdge: boolean;
  /** Times the picture stopped for want of data. */
  stalls: number;
  /** Heights of the renditions, as hls.js numbers them. */
  qualities: number[];
  /** Index into `qualities`, -1 for automatic. */
  quality: number;
  /** The browser let it start only without sound. */
  soundBlocked: boolean;
}

const FIRST: BroadcastView = { state: 'connecting', atEdge: true, stalls: 0, qualities: [], quality: -1, soundBlocked: false };
/** Behind the live position by more than this, the viewer has gone back in time. */
const EDGE_TOLERANCE_S = 3;
/** A picture that stands this long is worth a word. */
const STALL_WORD_MS = 1_500;
const PROBE_MS = 1_500;

/** LL-HLS into a video element: hls.js where it works, the browser's own player elsewhere (iPhone). Tries again by itself. */
export class BroadcastPlayer {
  #view: BroadcastView = FIRST;
  #hls: Hls | undefined;
  #abort = new AbortController();
  #wasLive = false;
  #lastFaultMs = -Infinity;
  #stalledAtMs: number | undefined;
  #ticker: ReturnType<typeof setInterval>;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly url: () => Promise<string>,
    private readonly changed: (view: BroadcastView) => void,
  ) {
    const on = (name: string, take: () => void): void => video.addEventListener(name, take, { signal: this.#abort.signal });
    on('playing', () => this.#playing());
    on('timeupdate', () => this.#moved());
    on('waiting', () => this.#waiting());
    on('ended', () => this.#set({ state: 'ended' }));
    on('volumechange', () => !video.muted && this.#set({ soundBlocked: false }));
    this.#ticker = setInterval(() => this.#measure(), 500);
    void this.#load();
  }

  /** To where the live broadcast is played from, and plays. */
  goLive(): void {
    const hls = this.#hls;
    const edge = hls ? hls.liveSyncPosition : this.video.seekable.length > 0 ? this.video.seekable.end(this.video.seekable.length - 1) - 2 : undefined;
    if (typeof edge === 'number' && Number.isFinite(edge)) this.video.currentTime = edge;
    void this.video.play().catch(() => undefined);
  }

  soundOn(): void {
    this.video.muted = false;
    this.#set({ soundBlocked: false });
    void this.video.play().catch(() => undefined);
  }

  chooseQuality(index: number): void {
    if (this.#hls) this.#hls.nextLevel = index;
    this.#set({ quality: index });
  }

  close(): void {
    this.#abort.abort();
    clearInterval(this.#ticker);
    this.#hls?.destroy();
    this.#hls = undefined;
  }

  async #load(): Promise<void> {
    const url = await this.#available();
    if (url === undefined) return;
    this.#hls?.destroy();
    this.#hls = undefined;
    if (!Hls.isSupported()) {
      if (this.video.canPlayType('application/vnd.apple.mpegurl') === '') {
        this.#set({ state: 'error', error: new Error('This browser can play no HLS.') });
        return;
      }
      this.video.src = url;
      this.#play();
      return;
    }
    const hls = new Hls({ lowLatencyMode: true, backBufferLength: 30, maxLiveSyncPlaybackRate: 1.1 });
    this.#hls = hls;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#set({ qualities: hls.levels.map((level) => level.height) });
    });
    let first = true;
    hls.on(Events.LEVEL_UPDATED, (_event, { details }) => {
      // a broadcast that is over when one comes is offered, not started
      if (first && !details.live) this.#set({ state: 'ended' });
      else if (first) this.#play();
      first = false;
    });
    hls.on(Events.ERROR, (_event, data) => this.#fault(hls, data));
    hls.loadSource(url);
    hls.attachMedia(this.video);
  }

  /** Waits until the playlist is there. Undefined when it will not come; the state says why. */
  async #available(): Promise<string | undefined> {
    const signal = this.#abort.signal;
    while (!signal.aborted) {
      try {
        const url = await this.url();
        const response = await fetch(url, { signal, cache: 'no-store' }).catch((cause: unknown) => {
          throw unreachable(cause);
        });
        if (response.ok) return url;
        throw await errorOf(response);
      } catch (error) {
        if (signal.aborted) return undefined;
        const problem = error instanceof ApiError ? error : unreachable(error);
        const gone = problem.code === 'roomEnded' || (problem.code === 'roomNotFound' && this.#wasLive);
        const refused = problem.status === 400 || problem.status === 401 || problem.status === 403 || problem.code === 'roomNotFound';
        if (gone || refused) {
          this.#set(gone ? { state: 'ended' } : { state: 'error', error: problem });
          return undefined;
        }
        const away = problem.status === 0 || problem.status >= 500;
        this.#set({ state: this.#wasLive || away ? 'reconnecting' : 'starting' });
        await new Promise((resolve) => setTimeout(resolve, Math.min(5_000, problem.retryAfterMs ?? PROBE_MS)));
      }
    }
    return undefined;
  }

  #play(): void {
    this.video.play().catch((reason: unknown) => {
      if (!(reason instanceof DOMException) || reason.name !== 'NotAllowedError') return;
      this.video.muted = true;
      this.#set({ soundBlocked: true });
      this.video.play().catch(() => undefined);
    });
  }

  #fault(hls: Hls, data: ErrorData): void {
    if (!data.fatal || hls !== this.#hls) return;
    const now = performance.now();
    const again = now - this.#lastFaultMs < 10_000;
    this.#lastFaultMs = now;
    if (this.#view.state !== 'ended') this.#set({ state: this.#wasLive ? 'reconnecting' : 'connecting' });
    if (data.type === ErrorTypes.MEDIA_ERROR && !again) {
      hls.recoverMediaError();
      return;
    }
    if (data.type === ErrorTypes.NETWORK_ERROR && !again && this.#wasLive) {
      // keep the picture that stands while the playlist is away
      void this.#available().then((url) => url !== undefined && hls === this.#hls && hls.startLoad());
      return;
    }
    void this.#load();
  }

  #playing(): void {
    this.#stalledAtMs = undefined;
    this.#moved();
  }

  #moved(): void {
    if (this.video.seeking || this.video.paused || this.video.readyState < 3) return;
    this.#stalledAtMs = undefined;
    this.#wasLive = true;
    if (this.#view.state !== 'live' && !this.#isOver()) this.#set({ state: 'live' });
  }

  #waiting(): void {
    if (!this.#wasLive || this.video.seeking) return;
    this.#stalledAtMs = performance.now();
    this.#set({ stalls: this.#view.stalls + 1 });
  }

  /** The playlist has ended and the viewer came after that. */
  #isOver(): boolean {
    return this.#view.state === 'ended' && this.video.ended;
  }

  #measure(): void {
    if (this.#stalledAtMs !== undefined && performance.now() - this.#stalledAtMs > STALL_WORD_MS && this.#view.state === 'live') this.#set({ state: 'reconnecting' });
    const hls = this.#hls;
    if (!hls || !this.#wasLive) return;
    const sync = hls.liveSyncPosition;
    const playing = hls.playingDate;
    this.#set({
      latencyMs: hls.latency > 0 ? Math.round(hls.latency * 1000) : undefined,
      behindMs: playing ? Date.now() - playing.getTime() : undefined,
      atEdge: sync === null ? true : !this.video.paused && this.video.currentTime > sync - EDGE_TOLERANCE_S,
    });
  }

  #set(change: Partial<BroadcastView>): void {
    if (this.#abort.signal.aborted) return;
    this.#view = { ...this.#view, ...change, ...(change.state && change.state !== 'error' && !('error' in change) ? { error: undefined } : {}) };
    this.changed(this.#view);
  }
}
