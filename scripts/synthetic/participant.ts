/** A synthetic participant: moving picture, sound, and a WHIP connection that is kept up. */
import { HeardTones, type Heard } from './heard.ts';
import { Picture, type Pattern } from './picture.ts';
import { BLOCK_SAMPLES, Sound } from './sound.ts';
import { fittedPicture, followUplink, type SentPicture } from './uplink.ts';
import { WhipClient } from './whip-client.ts';
import { nonstandard } from './wrtc.ts';

export interface SyntheticOptions {
  /** Of the service: `http://127.0.0.1:8080`. */
  url: string;
  room: string;
  token: string;
  name: string;
  source: 'camera' | 'screen';
  width: number;
  height: number;
  frameRate: number;
  pattern: Pattern;
  /** `#rrggbb` */
  color: string;
  /** 0: silence. */
  toneHz: number;
  audio: boolean;
  video: boolean;
  /** Take the mix-minus and measure these tones in it. */
  listenTo: readonly number[] | undefined;
  maxVideoBps?: number;
  /** Send what the service asks for (size and frame rate), up to the size above. Default true. */
  followUplink?: boolean;
  onState?: (state: 'connected' | 'lost' | 'refused', detail?: string) => void;
  /** The picture's size or rate has changed, as asked. */
  onPicture?: (picture: SentPicture) => void;
}

/** After a stall of this process, so much sound is made up for at once. */
const MAX_BURST_BLOCKS = 30;

export class SyntheticParticipant {
  readonly #client: WhipClient;
  readonly #heard: HeardTones | undefined;
  readonly #stop: (() => void)[] = [];
  #sink: { ondata: unknown; stop(): void } | undefined;
  #closed = false;
  #picture: SentPicture;

  constructor(private readonly options: SyntheticOptions) {
    const { width, height, frameRate } = options;
    this.#picture = { width, height, frameRate };
    const tracks: MediaStreamTrack[] = [];
    if (options.audio) tracks.push(this.#startSound());
    if (options.video) tracks.push(this.#startPictures());
    this.#heard = options.listenTo && options.audio ? new HeardTones(options.listenTo) : undefined;
    this.#client = new WhipClient({
      endpoint: `${options.url.replace(/\/$/, '')}/whip/${options.room}?source=${options.source}`,
      token: options.token,
      tracks,
      listen: this.#heard !== undefined,
      maxVideoBps: options.maxVideoBps,
      onTrack: (track) => this.#listen(track),
      onState: options.onState,
    });
    this.#stop.push(...tracks.map((track) => () => track.stop()));
  }

  start(): void {
    this.#client.start();
    const { url, room, token, source, video } = this.options;
    if (video && this.options.followUplink !== false) this.#stop.push(followUplink({ url: url.replace(/\/$/, ''), room, token, source, onWish: (wish) => this.#adapt(wish) }));
  }

  /** What is sent at the moment. */
  get picture(): SentPicture {
    return this.#picture;
  }

  get heard(): Heard | undefined {
    return this.#heard?.heard;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#client.close();
    this.#sink?.stop();
    for (const stop of this.#stop) stop();
  }

  #adapt(wish: SentPicture): void {
    const { width, height, frameRate } = this.options;
    const next = fittedPicture({ width, height, frameRate }, wish);
    const now = this.#picture;
    if (next.width === now.width && next.height === now.height && next.frameRate === now.frameRate) return;
    this.#picture = next;
    this.options.onPicture?.(next);
  }

  #listen(track: MediaStreamTrack): void {
    if (track.kind !== 'audio' || !this.#heard) return;
    this.#sink?.stop();
    const sink = new nonstandard.RTCAudioSink(track);
    sink.ondata = ({ samples, sampleRate, channelCount }) => this.#heard?.push(samples, sampleRate, channelCount);
    this.#sink = sink;
  }

  /**
   * Frames stand on the wall clock's grid, so that a flash begins at the full second: at any size and rate, also across a change.
   * A new size is drawn from its next frame on.
   */
  #startPictures(): MediaStreamTrack {
    const { pattern, name, color } = this.options;
    const source = new nonstandard.RTCVideoSource();
    let drawn: Picture | undefined;
    let shape: SentPicture | undefined;
    let timer: NodeJS.Timeout;
    let lastMs = 0;
    const tick = (): void => {
      const { width, height, frameRate } = this.#picture;
      const frameMs = 1000 / frameRate;
      const nowMs = wallMs();
      const n = Math.floor(nowMs / frameMs + 0.02);
      const frameAtMs = n * frameMs;
      if (frameAtMs > lastMs + 1) {
        lastMs = frameAtMs;
        if (!drawn || shape?.width !== width || shape.height !== height) drawn = new Picture({ pattern, width, height, name, color });
        shape = this.#picture;
        drawn.draw(pattern === 'flash' ? Math.round(frameAtMs) : nowMs);
        source.onFrame({ width, height, data: drawn.data });
      }
      timer = setTimeout(tick, Math.max(1, (n + 1) * frameMs - wallMs()));
    };
    tick();
    this.#stop.push(() => clearTimeout(timer));
    return source.createTrack();
  }

  #startSound(): MediaStreamTrack {
    const source = new nonstandard.RTCAudioSource();
    const sound = new Sound({ toneHz: this.options.toneHz, beep: this.options.pattern === 'flash' });
    let nextMs = wallMs();
    let timer: NodeJS.Timeout;
    const tick = (): void => {
      const nowMs = wallMs();
      if (nowMs - nextMs > MAX_BURST_BLOCKS * 10) nextMs = nowMs;
      for (; nextMs <= nowMs; nextMs += 10) {
        sound.make(nextMs);
        source.onData({ samples: sound.samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: BLOCK_SAMPLES });
      }
      timer = setTimeout(tick, Math.max(1, nextMs - wallMs()));
    };
    tick();
    this.#stop.push(() => clearTimeout(timer));
    return source.createTrack();
  }
}

/** Wall clock with fractions of a ms; steps of the system's clock while running are not followed. */
function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
