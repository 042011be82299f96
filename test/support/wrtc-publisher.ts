/** A WHIP publisher inside the test's process, with sound and pictures under the test's control. */
import { PeerConnection, nonstandard, Stream } from '../../scripts/synthetic/wrtc.ts';
import { waitFor } from './process.ts';

export interface PublisherOptions {
  /** Of a test's ingest: `<url>/whip/<room>`. */
  url: string;
  room: string;
  identity: string;
  source?: 'camera' | 'screen';
  /** Samples of frame `n` of 48 kHz, −1…1, one per channel. None: no audio track. */
  sound?: (frame: number) => number[];
  /** Pictures to send; `picture` sends one. */
  video?: boolean;
  /** Changes what libwebrtc answers itself gets. */
  answer?: (sdp: string) => string;
}

export class WrtcPublisher {
  readonly peer = new PeerConnection();
  location = '';
  /** Of the first sample, `performance.now()`. */
  startMs = 0;
  readonly #tracks: MediaStreamTrack[] = [];
  readonly #video = new nonstandard.RTCVideoSource();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: PublisherOptions) {}

  /** @returns once it is connected */
  async start(): Promise<this> {
    const { url, room, identity, source = 'camera', sound, video } = this.options;
    const stream = new Stream();
    if (sound) this.#tracks.push(this.#startSound(sound));
    if (video) this.#tracks.push(this.#video.createTrack());
    for (const track of this.#tracks) this.peer.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
    await this.peer.setLocalDescription(await this.peer.createOffer());
    await waitFor('candidates', () => this.peer.iceGatheringState === 'complete');
    const response = await fetch(`${url}/whip/${room}?source=${source}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${identity}`, 'content-type': 'application/sdp' },
      body: this.peer.localDescription?.sdp ?? '',
    });
    const text = await response.text();
    if (response.status !== 201) throw new Error(`${response.status} ${text}`);
    this.location = `${url}${response.headers.get('location')}`;
    await this.peer.setRemoteDescription({ type: 'answer', sdp: this.options.answer?.(text) ?? text });
    await waitFor('the connection', () => this.peer.connectionState === 'connected');
    return this;
  }

  /** An I420 picture of one brightness. */
  picture(width: number, height: number, luma: number): void {
    const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
    const data = new Uint8Array(width * height + 2 * chroma).fill(128);
    data.fill(luma, 0, width * height);
    this.#video.onFrame({ width, height, data });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.location !== '') await fetch(this.location, { method: 'DELETE' }).catch(() => undefined);
    for (const track of this.#tracks) track.stop();
    this.peer.close();
  }

  #startSound(sound: (frame: number) => number[]): MediaStreamTrack {
    const source = new nonstandard.RTCAudioSource();
    const channels = sound(0).length;
    const samples = new Int16Array(480 * channels);
    let block = 0;
    this.startMs = performance.now();
    this.#timer = setInterval(() => {
      for (; block * 10 <= performance.now() - this.startMs; block++) {
        for (let i = 0; i < 480; i++) for (const [c, value] of sound(block * 480 + i).entries()) samples[i * channels + c] = Math.round(32_767 * value);
        source.onData({ samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: channels, numberOfFrames: 480 });
      }
    }, 5);
    return source.createTrack();
  }
}
