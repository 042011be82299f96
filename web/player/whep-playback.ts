import { ApiError } from '../api/api-error.ts';
import type { LinkState } from '../media/peer-link.ts';
import { WhepClient } from '../media/whep-client.ts';
import type { GiveUp } from './mode-plan.ts';
import { playWithSound, type Playback, type PlaybackOptions, type PlaybackState, type Quality, type QualityChoice } from './playback.ts';
import { PictureWatch, renditionByHeight, sampleOf } from './whep-stats.ts';

const MEASURE_MS = 500;
/** A first picture that takes longer than this comes sooner by HLS. */
const FIRST_PICTURE_MS = 6_000;
/** Lost for longer than this, after it had worked. */
const RECONNECT_MS = 10_000;

/** WebRTC by WHEP: the lowest latency. Gives up early: LL-HLS goes through more networks and takes more viewers. */
export class WhepPlayback implements Playback {
  #quality: Quality = 'auto';
  #wasLive = false;
  /** The service agreed, and yet no connection could be made. */
  #unconnected = false;
  #freezes = 0;
  #stalls = 0;
  #hadPicture = false;
  #over = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  readonly #client: WhepClient;
  readonly #ticker: ReturnType<typeof setInterval>;
  readonly #picture = new PictureWatch();

  constructor(private readonly options: PlaybackOptions) {
    const { room, token, video } = options;
    const quality = (): Quality => this.#quality;
    this.#client = new WhepClient({
      get endpoint() {
        return `/whep/${room}?rendition=${quality()}`;
      },
      token,
      audio: true,
      events: { stateChanged: (state, error) => this.#linkChanged(state, error) },
    });
    video.srcObject = this.#client.stream;
    options.events.changed({ qualities: choices(options.programmeHeight), quality: 'auto', window: undefined, atEdge: true });
    this.#within(FIRST_PICTURE_MS);
    this.#client.start();
    this.#ticker = setInterval(() => void this.#measure(), MEASURE_MS);
  }

  /** It is live always; after a pause the element shows what comes now. */
  goLive(): void {
    void this.options.video.play().catch(() => undefined);
  }

  seek(): void {
    this.goLive();
  }

  roomEnded(): void {
    if (this.#wasLive) this.#giveUp('ended', undefined);
  }

  replay(): void {
    this.goLive();
  }

  choose(quality: Quality): void {
    this.#quality = quality;
    this.options.events.changed({ quality });
    this.#client.chooseRendition(quality).catch(() => this.#client.renew()); // a new session asks for it at once
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    clearInterval(this.#ticker);
    this.#client.close();
    this.options.video.srcObject = null;
  }

  #linkChanged(link: LinkState, error: unknown): void {
    if (this.#over) return;
    const status = error instanceof ApiError ? error.status : undefined;
    this.#unconnected ||= error instanceof ApiError && error.code === 'connectFailed';
    switch (link) {
      case 'live':
        playWithSound(this.options.video, () => this.options.events.changed({ soundBlocked: true }));
        return;
      case 'waiting':
        this.#giveUp('notLive', error);
        return;
      case 'connecting':
      case 'reconnecting':
        if (status === 503 || status === 429) this.#giveUp('refused', error);
        else if (this.#wasLive) {
          this.#set('reconnecting');
          this.#within(RECONNECT_MS);
        }
        return;
      case 'failed': {
        const code = error instanceof ApiError ? error.code : undefined;
        if (code === 'roomEnded' || (code === 'roomNotFound' && this.#wasLive)) this.#giveUp('ended', error);
        else if (status === 401 || status === 403 || code === 'roomNotFound') this.#set('error', error);
        else this.#giveUp('failed', error);
        return;
      }
      case 'closed':
    }
  }

  #within(ms: number): void {
    this.#deadline ??= setTimeout(() => {
      const agreed = this.#unconnected || this.#client.hasSession;
      this.#giveUp(agreed && !this.#wasLive ? 'noWay' : 'failed', new Error('No picture came by WebRTC.'));
    }, ms);
  }

  #giveUp(why: GiveUp, error: unknown): void {
    if (this.#over) return;
    this.close();
    this.options.events.gaveUp(why, error);
  }

  async #measure(): Promise<void> {
    const report = await this.#client.stats().catch(() => undefined);
    if (!report || this.#over || this.#client.state !== 'live') return;
    const sample = sampleOf(report.values() as Iterable<Record<string, unknown>>, performance.now());
    if (sample.framesDecoded === 0 && !(this.#quality === 'audio' && sample.audioPackets > 0)) return;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#wasLive = true;
    const picture = this.#quality !== 'audio' && this.#picture.take(sample);
    // one that ends a time of sound alone was none
    if (picture && this.#hadPicture) this.#stalls += Math.max(0, sample.freezes - this.#freezes);
    this.#freezes = sample.freezes;
    this.#hadPicture = picture;
    this.options.events.changed({
      state: 'live',
      error: undefined,
      picture,
      stalls: this.#stalls,
      atEdge: !this.options.video.paused,
      behindMs: sample.playingUnixMs === undefined || !picture ? undefined : Math.round(this.options.serverNowMs() - sample.playingUnixMs),
      shown: picture ? renditionByHeight(sample.frameHeight, this.options.programmeHeight) : 'audio',
    });
  }

  #set(state: PlaybackState, error?: unknown): void {
    this.options.events.changed({ state, error });
  }
}

function choices(programmeHeight: number): QualityChoice[] {
  return [
    { id: 'auto', label: 'Auto' },
    { id: 'high', label: `${programmeHeight}p` },
    { id: 'mid', label: `${Math.round(programmeHeight / 2)}p` },
    { id: 'low', label: `${Math.round(programmeHeight / 4)}p` },
    { id: 'audio', label: 'Sound only' },
  ];
}
