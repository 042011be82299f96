/** A publisher for benchmarks in which one hears and sees: a voice that never pauses, a flash now and then, and an ear for the mix-minus. */
import { BLOCK_SAMPLES } from '../../synthetic/sound.ts';
import { WhipClient } from '../../synthetic/whip-client.ts';
import { nonstandard } from '../../synthetic/wrtc.ts';
import { BLOCK_MS, levelOf } from './sound-gaps.ts';
import { Voice } from './voice.ts';

export interface FlashSpeakerOptions {
  url: string;
  room: string;
  token: string;
  pitchHz: number;
  /** A flash begins at each full multiple of it on the wall clock. */
  flashEachMs: number;
}

const FLASH_MS = 200;
const FRAME_MS = 1000 / 30;
const [WIDTH, HEIGHT] = [640, 360];

export class FlashSpeaker {
  readonly #client: WhipClient;
  readonly #timers: NodeJS.Timeout[] = [];
  #levels: number[] = [];
  #sink: { stop(): void } | undefined;
  #connected = false;

  constructor(private readonly options: FlashSpeakerOptions) {
    this.#client = new WhipClient({
      endpoint: `${options.url}/whip/${options.room}`,
      token: options.token,
      tracks: [this.#sound(), this.#pictures()],
      listen: true,
      maxVideoBps: 1_500_000,
      onTrack: (track) => this.#listen(track),
      onState: (state) => (this.#connected = state === 'connected'),
    });
  }

  start(): void {
    this.#client.start();
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Of what is heard, per 10 ms, since the last time. */
  takeLevels(): number[] {
    return this.#levels.splice(0);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#sink?.stop();
    await this.#client.close();
  }

  #listen(track: MediaStreamTrack): void {
    if (track.kind !== 'audio') return;
    const sink = new nonstandard.RTCAudioSink(track);
    sink.ondata = ({ samples, sampleRate, channelCount }) => {
      const mono = Float32Array.from({ length: (sampleRate * BLOCK_MS) / 1000 }, (_, i) => (samples[i * channelCount] ?? 0) / 32_768);
      this.#levels.push(levelOf(mono));
    };
    this.#sink = sink;
  }

  #sound(): MediaStreamTrack {
    const source = new nonstandard.RTCAudioSource();
    const voice = new Voice(this.options.pitchHz);
    let nextMs = performance.now();
    this.#timers.push(
      setInterval(() => {
        for (; nextMs <= performance.now(); nextMs += BLOCK_MS)
          source.onData({ samples: voice.make(BLOCK_SAMPLES), sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: BLOCK_SAMPLES });
      }, 5),
    );
    return source.createTrack();
  }

  #pictures(): MediaStreamTrack {
    const source = new nonstandard.RTCVideoSource();
    const picture = (luma: number): Uint8Array => new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128).fill(luma, 0, WIDTH * HEIGHT);
    const [dark, bright] = [picture(30), picture(220)];
    this.#timers.push(setInterval(() => source.onFrame({ width: WIDTH, height: HEIGHT, data: (performance.timeOrigin + performance.now()) % this.options.flashEachMs < FLASH_MS ? bright : dark }), FRAME_MS));
    return source.createTrack();
  }
}
