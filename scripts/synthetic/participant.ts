/** A synthetic participant: moving picture, sound, and a WHIP connection that is kept up. */
import { HeardTones, type Heard } from './heard.ts';
import { Picture, type Pattern } from './picture.ts';
import { BLOCK_SAMPLES, Sound } from './sound.ts';
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
  onState?: (state: 'connected' | 'lost' | 'refused', detail?: string) => void;
}

/** After a stall of this process, so much sound is made up for at once. */
const MAX_BURST_BLOCKS = 30;

export class SyntheticParticipant {
  readonly #client: WhipClient;
  readonly #heard: HeardTones | undefined;
  readonly #stop: (() => void)[] = [];
  #sink: { ondata: unknown; stop(): void } | undefined;
  #closed = false;

  constructor(private readonly options: SyntheticOptions) {
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

  #listen(track: MediaStreamTrack): void {
    if (track.kind !== 'audio' || !this.#heard) return;
    this.#sink?.stop();
    const sink = new nonstandard.RTCAudioSink(track);
    sink.ondata = ({ samples, sampleRate, channelCount }) => this.#heard?.push(samples, sampleRate, channelCount);
    this.#sink = sink;
  }

  /** Frames stand on the wall clock's grid, so that a flash begins at the full second. */
  #startPictures(): MediaStreamTrack {
    const { width, height, frameRate, pattern, name, color } = this.options;
    const source = new nonstandard.RTCVideoSource();
    const picture = new Picture({ pattern, width, height, name, color });
    const frame = { width, height, data: picture.data };
    const frameMs = 1000 / frameRate;
    let timer: NodeJS.Timeout;
    let last = 0;
    const tick = (): void => {
      const nowMs = wallMs();
      const n = Math.floor(nowMs / frameMs + 0.02);
      if (n > last) {
        last = n;
        picture.draw(pattern === 'flash' ? Math.round(n * frameMs) : nowMs);
        source.onFrame(frame);
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
