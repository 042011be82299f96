/** A WHIP publisher as a real client is one (RFC 9725): POST, watch the connection, POST again when it is lost, DELETE at the end. */
import { setTimeout as delay } from 'node:timers/promises';
import { PeerConnection, Stream } from './wrtc.ts';

export interface WhipClientOptions {
  /** `http://host:port/whip/room?source=camera` */
  endpoint: string;
  token: string;
  /** Tracks to publish. */
  tracks: MediaStreamTrack[];
  /** Take the mix-minus on the audio m-line. */
  listen: boolean;
  /** Highest video rate the encoder may use, put into the answer. */
  maxVideoBps?: number;
  onTrack?: (track: MediaStreamTrack) => void;
  onState?: (state: 'connected' | 'lost' | 'refused', detail?: string) => void;
}

const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5000;
const WATCH_MS = 2000;
const GATHERING_MS = 1500;
const REQUEST_MS = 15_000;

export class WhipClient {
  /** Connections made so far. */
  connections = 0;
  #peer: RTCPeerConnection | undefined;
  #session: string | undefined;
  #closed = false;
  #retryMs = FIRST_RETRY_MS;
  #lost: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly options: WhipClientOptions) {}

  /** Publishes until `close()`. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** DELETEs the session. Idempotent, at most a few seconds. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#lost?.();
    await Promise.race([this.#running, delay(3000)]);
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        const lost = new Promise<void>((resolve) => (this.#lost = resolve));
        await this.#publish();
        await lost;
        if (!this.#closed) this.options.onState?.('lost');
      } catch (error) {
        this.options.onState?.('refused', error instanceof Error ? error.message : String(error));
      }
      await this.#end();
      if (this.#closed) return;
      await delay(this.#retryMs);
      this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
    }
  }

  async #publish(): Promise<void> {
    const peer = new PeerConnection();
    this.#peer = peer;
    const stream = new Stream();
    for (const track of this.options.tracks)
      peer.addTransceiver(track, { direction: track.kind === 'audio' && this.options.listen ? 'sendrecv' : 'sendonly', streams: [stream] });
    peer.ontrack = ({ track }) => this.options.onTrack?.(track);
    peer.onconnectionstatechange = () => {
      const state = peer.connectionState;
      if (state === 'connected') {
        this.#retryMs = FIRST_RETRY_MS;
        this.connections++;
        this.options.onState?.('connected');
      } else if (state === 'failed' || state === 'closed' || state === 'disconnected') this.#lost?.();
    };
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    const response = await fetch(this.options.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', authorization: `Bearer ${this.options.token}` },
      body: peer.localDescription?.sdp ?? '',
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const text = await response.text();
    if (response.status !== 201) {
      const retryAfterS = Number(response.headers.get('retry-after') ?? 0);
      if (retryAfterS > 0) this.#retryMs = Math.max(this.#retryMs, retryAfterS * 1000);
      throw new Error(`${response.status} ${text.slice(0, 300)}`);
    }
    this.#session = new URL(response.headers.get('location') ?? '', this.options.endpoint).href;
    await peer.setRemoteDescription({ type: 'answer', sdp: this.#limited(text) });
    void this.#watchSession(this.#session);
  }

  /** The service knows sooner than ICE (some 8 s) when a session is gone, as after a crash of the room's process. */
  async #watchSession(session: string): Promise<void> {
    while (!this.#closed && this.#session === session) {
      await delay(WATCH_MS);
      const status = await fetch(session, { headers: { authorization: `Bearer ${this.options.token}` }, signal: AbortSignal.timeout(REQUEST_MS) }).then(
        (response) => (response.body?.cancel(), response.status),
        () => 0,
      );
      if (status === 404 && this.#session === session) this.#lost?.();
    }
  }

  async #end(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#peer?.close();
    this.#peer = undefined;
    if (session)
      await fetch(session, { method: 'DELETE', headers: { authorization: `Bearer ${this.options.token}` }, signal: AbortSignal.timeout(2000) }).then(
        (response) => response.body?.cancel(),
        () => undefined, // it was gone
      );
  }

  #limited(answer: string): string {
    const { maxVideoBps } = this.options;
    if (maxVideoBps === undefined) return answer;
    return answer.replace(/(m=video[^\r\n]*\r\n(?:[ic]=[^\r\n]*\r\n)*)/, `$1b=AS:${Math.ceil(maxVideoBps / 1000)}\r\n`);
  }
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHERING_MS);
    peer.onicegatheringstatechange = () => {
      if (peer.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    };
  });
}
