import { awaitPlaylist } from './await-playlist.ts';
import { ElementWatch, STALL_WORD_MS } from './element-watch.ts';
import { playlistUrl, playWithSound, type Playback, type PlaybackOptions, type PlaybackState, type Quality } from './playback.ts';
import { isAtEdge, type TimeWindow } from './timeline.ts';

const MEASURE_MS = 500;
/** Safari keeps low latency by itself; this only brings one back from the past. */
const BACK_FROM_EDGE_S = 2;
const RETRY_MS = 2000;

/** HLS by the browser itself (iPhone). It chooses the rendition; only sound alone can be asked for. */
export class NativePlayback implements Playback {
  #state: PlaybackState = 'connecting';
  #audioOnly = false;
  #url = '';
  readonly #abort = new AbortController();
  readonly #watch: ElementWatch;
  readonly #ticker: ReturnType<typeof setInterval>;

  constructor(
    private readonly options: PlaybackOptions,
    private readonly available: (waited: boolean) => boolean,
  ) {
    const { video, events } = options;
    this.#watch = new ElementWatch(
      video,
      { moved: () => this.#state !== 'live' && this.#set('live'), stalled: () => events.changed({ stalls: this.#watch.stalls }), ended: () => this.#set('ended') },
      this.#abort.signal,
    );
    video.addEventListener('error', () => this.#broken(), { signal: this.#abort.signal });
    this.#ticker = setInterval(() => this.#measure(), MEASURE_MS);
    if (video.canPlayType('application/vnd.apple.mpegurl') === '') queueMicrotask(() => events.gaveUp('failed', new Error('This browser can play no HLS.')));
    else void this.#load();
  }

  goLive(): void {
    const window = this.#window();
    if (window && !window.over) this.options.video.currentTime = window.endS;
    void this.options.video.play().catch(() => undefined);
  }

  seek(toS: number): void {
    this.options.video.currentTime = toS;
  }

  replay(): void {
    this.options.video.currentTime = this.#window()?.startS ?? 0;
    this.#play();
  }

  choose(quality: Quality): void {
    const audioOnly = quality === 'audio';
    this.options.events.changed({ quality, picture: !audioOnly });
    if (audioOnly === this.#audioOnly) return;
    this.#audioOnly = audioOnly;
    this.options.video.src = audioOnly ? this.#url.replace(/index\.m3u8$/, 'audio.m3u8') : this.#url;
    this.#play();
  }

  close(): void {
    this.#abort.abort();
    clearInterval(this.#ticker);
    this.options.video.removeAttribute('src');
    this.options.video.load();
  }

  async #load(): Promise<void> {
    const { room, token, video, events } = this.options;
    const found = await awaitPlaylist({ room, token, events: { ...events, changed: (change) => this.#set(change.state ?? this.#state, change.error) } }, () => this.options.wasLive || this.#watch.everMoved, this.#abort.signal);
    if (!found || this.#abort.signal.aborted || !this.available(found.waited)) return;
    this.#url = playlistUrl(room, await token());
    video.src = found.url;
    events.changed({
      qualities: [
        { id: 'auto', label: 'Auto' },
        { id: 'audio', label: 'Sound only' },
      ],
    });
    this.#play();
  }

  #play(): void {
    playWithSound(this.options.video, () => this.options.events.changed({ soundBlocked: true }));
  }

  #broken(): void {
    this.#set(this.#watch.everMoved ? 'reconnecting' : 'connecting');
    setTimeout(() => !this.#abort.signal.aborted && void this.#load(), RETRY_MS);
  }

  #window(): TimeWindow | undefined {
    const { seekable, currentTime, duration } = this.options.video;
    if (seekable.length === 0) return undefined;
    const over = Number.isFinite(duration);
    const endS = seekable.end(seekable.length - 1);
    return { startS: seekable.start(0), endS: over ? endS : endS - BACK_FROM_EDGE_S, positionS: currentTime, over };
  }

  #measure(): void {
    const { video, events, serverNowMs } = this.options;
    const stalled = this.#watch.stalledSinceMs;
    if (stalled !== undefined && performance.now() - stalled > STALL_WORD_MS && this.#state === 'live') this.#set('reconnecting');
    const window = this.#window();
    if (!window || !this.#watch.everMoved) return;
    const began = startDateOf(video);
    const behindMs = began === undefined || window.over ? undefined : serverNowMs() - (began + video.currentTime * 1000);
    events.changed({
      window,
      atEdge: !window.over && !video.paused && isAtEdge(window),
      behindMs: behindMs === undefined ? undefined : Math.round(behindMs),
      shown: this.#audioOnly ? 'audio' : undefined,
    });
  }

  #set(state: PlaybackState, error?: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#state = state;
    this.options.events.changed({ state, error });
  }
}

/** PROGRAM-DATE-TIME of second 0, Unix ms; Safari alone tells it. */
function startDateOf(video: HTMLVideoElement & { getStartDate?: () => Date }): number | undefined {
  const ms = video.getStartDate?.().getTime();
  return ms !== undefined && Number.isFinite(ms) ? ms : undefined;
}
