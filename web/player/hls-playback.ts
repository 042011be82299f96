import Hls, { ErrorTypes, Events, type ErrorData, type LevelDetails } from 'hls.js';
import { awaitPlaylist } from './await-playlist.ts';
import { catchUpRate } from './catch-up.ts';
import { ElementWatch, STALL_WORD_MS } from './element-watch.ts';
import { avoidFaults } from './hls-faults.ts';
import { initialEstimateBps, qualityOf, qualityChoices } from './hls-qualities.ts';
import { playWithSound, type Playback, type PlaybackOptions, type PlaybackState, type Quality } from './playback.ts';
import { isAtEdge, type TimeWindow } from './timeline.ts';

const MEASURE_MS = 500;
/** Two faults within this time are one that recovering does not mend. */
const AGAIN_MS = 10_000;
/** So many in a row without a picture between them: another player may do better. */
const HOPELESS = 4;

/** LL-HLS by hls.js. Tries again by itself. */
export class HlsPlayback implements Playback {
  #hls: Hls | undefined;
  #state: PlaybackState = 'connecting';
  #details: LevelDetails | undefined;
  #quality: Quality = 'auto';
  #base = '';
  #lastFaultMs = -Infinity;
  #faults = 0;
  /** The viewer has not gone back or paused: after a stall he is brought to where it is live. */
  #follows = true;
  readonly #abort = new AbortController();
  readonly #watch: ElementWatch;
  readonly #ticker: ReturnType<typeof setInterval>;

  /** @param available called once the playlist is there, `waited` when the broadcast had to begin first; false: it is not wanted any more */
  constructor(
    private readonly options: PlaybackOptions,
    private readonly available: (waited: boolean) => boolean,
  ) {
    const { video } = options;
    this.#watch = new ElementWatch(
      video,
      {
        moved: () => {
          this.#faults = 0;
          if (this.#state !== 'live') this.#set('live');
        },
        stalled: () => options.events.changed({ stalls: this.#watch.stalls }),
        ended: () => this.#set('ended'),
      },
      this.#abort.signal,
    );
    video.addEventListener('pause', () => (this.#follows = false), { signal: this.#abort.signal });
    this.#ticker = setInterval(() => this.#measure(), MEASURE_MS);
    void this.#load();
  }

  goLive(): void {
    const edge = this.#hls?.liveSyncPosition;
    if (typeof edge === 'number' && Number.isFinite(edge)) this.options.video.currentTime = edge;
    void this.options.video.play().catch(() => undefined);
  }

  seek(toS: number): void {
    this.#follows = false;
    this.options.video.currentTime = toS;
    // a broadcast that is over stands at its end, or has not been begun: who chooses a place wants to see it
    if (this.#details?.live === false) this.#play();
    this.#measure();
  }

  replay(): void {
    const { video } = this.options;
    video.currentTime = this.#details?.fragments[0]?.start ?? 0;
    this.#hls?.startLoad(video.currentTime);
    this.#play();
  }

  choose(quality: Quality): void {
    const before = this.#quality;
    this.#quality = quality;
    this.options.events.changed({ quality });
    const hls = this.#hls;
    if (!hls) return;
    if ((before === 'audio') !== (quality === 'audio')) this.#start();
    else hls.nextLevel = hls.levels.findIndex((level) => qualityOf(level.url[0]) === quality);
  }

  close(): void {
    this.#abort.abort();
    clearInterval(this.#ticker);
    this.#hls?.destroy();
    this.#hls = undefined;
  }

  async #load(): Promise<void> {
    const found = await awaitPlaylist({ ...this.options, events: { ...this.options.events, changed: (change) => this.#set(change.state ?? this.#state, change.error) } }, () => this.options.wasLive || this.#watch.everMoved, this.#abort.signal);
    if (!found || this.#abort.signal.aborted || !this.available(found.waited)) return;
    this.#base = found.url.slice(0, found.url.lastIndexOf('/') + 1);
    this.#start();
  }

  /** The multivariant playlist, or the sound's own: hls.js leaves a variant without picture out of its ladder. */
  #start(): void {
    const { video, events } = this.options;
    const audioOnly = this.#quality === 'audio';
    const wasAt = this.#details && !this.#details.live ? video.currentTime : -1;
    const plays = !this.#watch.everMoved || !video.paused;
    let begun = false;
    this.#hls?.destroy();
    const hls = new Hls({
      lowLatencyMode: true,
      backBufferLength: 30,
      maxLiveSyncPlaybackRate: 1, // see #keepUp
      capLevelToPlayerSize: true,
      abrEwmaDefaultEstimate: initialEstimateBps(navigator),
      startPosition: wasAt,
    });
    this.#hls = hls;
    avoidFaults(hls);
    hls.on(Events.MANIFEST_PARSED, () => {
      if (!audioOnly) events.changed({ qualities: qualityChoices(hls.levels) });
      if (!audioOnly && this.#quality !== 'auto') hls.nextLevel = hls.levels.findIndex((level) => qualityOf(level.url[0]) === this.#quality);
    });
    hls.on(Events.LEVEL_UPDATED, (_event, { details }) => {
      this.#details = details;
      if (begun || (details.live && this.options.ended)) return;
      begun = true;
      // a broadcast that is over when one comes is offered, not started
      if (!details.live && !this.#watch.everMoved) this.#set('over');
      else if (plays) this.#play();
    });
    hls.on(Events.ERROR, (_event, data) => this.#fault(hls, data));
    hls.loadSource(`${this.#base}${audioOnly ? 'audio' : 'index'}.m3u8`);
    hls.attachMedia(video);
    events.changed({ picture: !audioOnly });
  }

  #play(): void {
    playWithSound(this.options.video, () => this.options.events.changed({ soundBlocked: true }));
  }

  #fault(hls: Hls, data: ErrorData): void {
    if (!data.fatal || hls !== this.#hls) return;
    const now = performance.now();
    const again = now - this.#lastFaultMs < AGAIN_MS;
    this.#lastFaultMs = now;
    if (++this.#faults >= HOPELESS && data.type !== ErrorTypes.NETWORK_ERROR) {
      this.close();
      this.options.events.gaveUp('failed', new Error(`The browser cannot play the broadcast (${data.details}).`));
      return;
    }
    if (this.#state !== 'ended' && this.#state !== 'over') this.#set(this.#watch.everMoved ? 'reconnecting' : 'connecting');
    if (data.type === ErrorTypes.MEDIA_ERROR && !again) hls.recoverMediaError();
    else if (data.type === ErrorTypes.NETWORK_ERROR && !again && this.#watch.everMoved) {
      // keep the picture that stands while the playlist is away
      void awaitPlaylist(this.options, () => true, this.#abort.signal).then((found) => found && hls === this.#hls && hls.startLoad());
    } else void this.#load();
  }

  #measure(): void {
    const { video, events, serverNowMs } = this.options;
    const stalled = this.#watch.stalledSinceMs;
    if (stalled !== undefined && performance.now() - stalled > STALL_WORD_MS && this.#state === 'live') this.#set('reconnecting');
    const hls = this.#hls;
    const details = this.#details;
    if (!hls || !details) return;
    const first = details.fragments[0]?.start ?? 0;
    const window: TimeWindow = { startS: first, endS: details.live ? (hls.liveSyncPosition ?? details.edge) : details.edge, positionS: video.currentTime, over: !details.live, startUnixMs: details.fragments[0]?.programDateTime ?? undefined };
    const playing = hls.playingDate;
    const atEdge = !window.over && !video.paused && isAtEdge(window);
    this.#keepUp(hls, window, atEdge);
    events.changed({
      window,
      atEdge,
      latencyMs: hls.latency > 0 ? Math.round(hls.latency * 1000) : undefined,
      behindMs: playing && details.live ? Math.round(serverNowMs() - playing.getTime()) : undefined,
      shown: this.#quality === 'audio' ? 'audio' : qualityOf(hls.levels[hls.currentLevel]?.url[0]),
    });
  }

  #keepUp(hls: Hls, window: TimeWindow, atEdge: boolean): void {
    const { video } = this.options;
    if (atEdge) this.#follows = true;
    else if (this.#follows && !window.over && !video.paused && !video.seeking && this.#watch.everMoved && this.#watch.stalledSinceMs === undefined) this.goLive();
    const rate = atEdge ? catchUpRate(window.endS - window.positionS, hls.mainForwardBufferInfo?.len ?? 0) : 1;
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  #set(state: PlaybackState, error?: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#state = state;
    this.options.events.changed({ state, error });
  }
}
