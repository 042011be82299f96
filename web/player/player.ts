import Hls from 'hls.js';
import type { ViewingMode } from '../../src/domain/viewing.ts';
import { keptForBrowser } from '../api/kept.ts';
import { askClockOffset } from './clock-offset.ts';
import { HlsPlayback } from './hls-playback.ts';
import { firstMode, nextMode, type PlanState } from './mode-plan.ts';
import { NativePlayback } from './native-playback.ts';
import { FIRST_VIEW, type Playback, type PlaybackOptions, type PlaybackView, type Quality } from './playback.ts';
import { askStart, type PlayerStart } from './player-start.ts';
import { QoeMeter, type PlayingState } from './qoe-meter.ts';
import { QoeReporter } from './qoe-reporter.ts';
import { noWayFound, noWayFoundLately } from './webrtc-memory.ts';
import { WhepPlayback } from './whep-playback.ts';

export interface PlayerView extends PlaybackView {
  mode: ViewingMode;
  /** Watching the room, as the service counts. */
  viewers?: number;
  /** From opening the player to its first picture. */
  startupMs?: number;
}

export interface PlayerOptions {
  video: HTMLVideoElement;
  room: string;
  token: () => Promise<string | undefined>;
  /** From the address; undefined leaves it to the room. */
  mode: 'webrtc' | 'hls' | undefined;
  changed: (view: PlayerView) => void;
}

const NATIVE = 'application/vnd.apple.mpegurl';
const DEFAULT_HEIGHT = 720;
const NO_WAY_KEY = 'tessera.webrtcFoundNoWay';

/** A room's programme in a video element: by WebRTC, LL-HLS or the browser's own HLS, whichever works. */
export class Player {
  #view: PlayerView = { ...FIRST_VIEW, mode: 'hls' };
  #plan: PlanState = { mode: 'hls', webrtcLater: false };
  #playback: Playback | undefined;
  #start: PlayerStart | undefined;
  #offsetMs = 0;
  #stallsBefore = 0;
  #emptied = false;
  readonly #abort = new AbortController();
  readonly #meter = new QoeMeter(performance.now());
  readonly #reporter: QoeReporter;

  constructor(private readonly options: PlayerOptions) {
    this.#reporter = new QoeReporter({
      room: options.room,
      token: options.token,
      report: (leaving) => {
        const { mode, shown, atEdge, behindMs, state } = this.#view;
        return this.#meter.report(performance.now(), { mode, rendition: shown, latencyMs: atEdge && state === 'live' ? behindMs : undefined, leaving });
      },
      answered: (viewers) => this.#change({ viewers }),
    });
    const on = (name: string, take: () => void): void => options.video.addEventListener(name, take, { signal: this.#abort.signal });
    for (const name of ['pause', 'play', 'seeking', 'playing', 'timeupdate']) on(name, () => this.#meterState(false));
    // an element that was emptied for another rendition waits, but for no want of data
    on('emptied', () => (this.#emptied = true));
    on('playing', () => (this.#emptied = false));
    on('waiting', () => this.#meterState(!options.video.seeking && !this.#emptied));
    on('volumechange', () => !options.video.muted && this.#change({ soundBlocked: false }));
    void this.#begin();
  }

  goLive(): void {
    this.#playback?.goLive();
  }
  seek(to: number | 'live'): void {
    if (to === 'live') this.#playback?.goLive();
    else this.#playback?.seek(to);
  }
  choose(quality: Quality): void {
    this.#playback?.choose(quality);
  }
  replay(): void {
    this.#playback?.replay();
  }
  playPause(): void {
    const { video } = this.options;
    if (!video.paused) video.pause();
    else if (this.#view.state === 'over' || this.#view.state === 'ended') this.#playback?.replay();
    else void video.play().catch(() => undefined);
  }

  roomEnded(): void {
    this.#playback?.roomEnded?.();
  }

  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#reporter.close();
    this.#abort.abort();
    this.#playback?.close();
  }

  async #begin(): Promise<void> {
    const signal = this.#abort.signal;
    const { options } = this;
    void askClockOffset(signal).then((ms) => (this.#offsetMs = ms));
    // What it does not answer the playback will meet in its own way, and say so.
    this.#start = await askStart(options.room, options.token, signal);
    if (signal.aborted) return;
    if (this.#start) this.#change({ viewers: this.#start.viewers });
    // who asks for it in the address gets it tried, whatever is remembered
    const webrtc = 'RTCPeerConnection' in window && (options.mode === 'webrtc' || !noWayFoundLately(keptForBrowser.get(NO_WAY_KEY), Date.now()));
    this.#open({ mode: firstMode(options.mode, this.#start?.modes ?? ['hls'], webrtc, Hls.isSupported()), webrtcLater: false });
  }

  #open(plan: PlanState, ended = false): void {
    this.#playback?.close();
    this.#plan = plan;
    this.#stallsBefore = this.#view.stalls;
    this.#change({ mode: plan.mode, qualities: [], quality: 'auto', shown: undefined, window: undefined, picture: true, atEdge: true, behindMs: undefined, latencyMs: undefined });
    const playback: PlaybackOptions = {
      video: this.options.video,
      room: this.options.room,
      token: this.options.token,
      serverNowMs: () => Date.now() + this.#offsetMs,
      programmeHeight: this.#start?.video.height ?? DEFAULT_HEIGHT,
      wasLive: this.#view.startupMs !== undefined,
      ended,
      events: {
        changed: (change) => plan === this.#plan && this.#change(change.stalls === undefined ? change : { ...change, stalls: this.#stallsBefore + change.stalls }),
        gaveUp: (why, error) => {
          if (plan !== this.#plan || this.#abort.signal.aborted) return;
          if (why === 'noWay') keptForBrowser.set(NO_WAY_KEY, noWayFound(Date.now()));
          if (why === 'ended') this.#change({ state: 'ended', error: undefined });
          const next = nextMode(plan, why, Hls.isSupported(), this.options.video.canPlayType(NATIVE) !== '');
          if (next) this.#open(next, why === 'ended');
          else this.#change({ state: 'error', error });
        },
      },
    };
    // WHEP had nothing to show; now that the broadcast begins it has
    const available = (waited: boolean): boolean => {
      if (!waited || !plan.webrtcLater || plan !== this.#plan) return true;
      this.#open({ mode: 'webrtc', webrtcLater: false });
      return false;
    };
    switch (plan.mode) {
      case 'webrtc':
        this.#playback = new WhepPlayback(playback);
        return;
      case 'hls':
        this.#playback = new HlsPlayback(playback, available);
        return;
      case 'native':
        this.#playback = new NativePlayback(playback, available);
    }
  }

  #meterState(waiting: boolean): void {
    const { state } = this.#view;
    const wants = !this.options.video.paused && this.#meter.startupMs !== undefined;
    const playing: PlayingState = wants && (waiting || state === 'reconnecting') ? 'stalled' : state === 'live' && !this.options.video.paused ? 'playing' : 'idle';
    this.#meter.became(playing, performance.now());
  }

  #change(change: Partial<PlaybackView> & Partial<Pick<PlayerView, 'mode' | 'viewers'>>): void {
    if (this.#abort.signal.aborted) return;
    if (this.#plan.mode === 'webrtc' && change.state === 'live' && this.#view.state !== 'live') keptForBrowser.remove(NO_WAY_KEY);
    // a WebRTC picture freezes without the element waiting
    if (this.#plan.mode === 'webrtc' && change.stalls !== undefined) this.#meter.stopped(Math.max(0, change.stalls - this.#view.stalls));
    this.#view = { ...this.#view, ...change };
    if (change.state === 'starting') this.#meter.notYet(performance.now());
    if (change.state !== undefined) this.#meterState(false);
    if (this.#view.startupMs === undefined && this.#meter.startupMs !== undefined) {
      this.#view = { ...this.#view, startupMs: Math.round(this.#meter.startupMs) };
      this.#reporter.begin();
    }
    this.options.changed(this.#view);
  }
}
