/**
 * A publisher that sends what was encoded before: a WHIP client with real RTP and next to no cost, for rooms of many.
 * It makes its offer with node-datachannel, which fails once in a thousand times when it offers: it tries again.
 */
import { Audio, PeerConnection, Video } from 'node-datachannel';
import { AUDIO_CLOCK_HZ, VIDEO_CLOCK_HZ } from '../../../src/media/rtp.ts';
import { followUplink } from '../uplink.ts';
import { BEEP_MS, BEEP_PERIOD_MS } from './encode-loops.ts';
import { firstCandidate, startBadLink, throughLink, type BadLink, type BadLinkOptions } from './bad-link.ts';
import { loopFor, type LoopSize } from './loop-sizes.ts';
import { PACKET_MS, type Loops } from './read-loops.ts';
import { CNAME, RtpTrack } from './rtp-track.ts';

export interface ReplayedOptions {
  url: string;
  room: string;
  token: string;
  name: string;
  /** The largest that is sent. */
  own: LoopSize;
  /** What is sent until something else is asked for. Default `own`. */
  first?: LoopSize;
  followUplink: boolean;
  /** `person`: an ordinary camera. `flash`: black, and white while it beeps, 100 ms in each 2 s. */
  pattern: 'person' | 'flash';
  /** Of `flash`: when in the 2 s it flashes, a multiple of 100. Of `person`: where in the loop it begins. */
  offsetMs: number;
  /** How far this publisher's own clock, by which it sends and says so in its reports, is behind. Default 0. */
  clockBehindMs?: number;
  /** Take the mix-minus (and do nothing with it). */
  listen: boolean;
  link?: BadLinkOptions;
  loops: Loops;
  onState?: (state: 'connected' | 'lost' | 'refused', detail?: string) => void;
}

export interface ReplayedReport {
  name: string;
  connected: boolean;
  size: string;
  width: number;
  height: number;
  frameRate: number;
  packets: number;
  octets: number;
  keyframesAsked: number;
  resent: number;
  lostOnLink: number;
  sizeChanges: number;
}

/** A camera's encoder does not make keyframes more often. */
const KEYFRAME_GAP_MS = 500;
/** After a stall of the process older pictures and sound are not made up for. */
const MOST_LATE_MS = 200;
/** A picture leaves so long after its time: what encoding takes. */
const ENCODING_MS = 10;
const GATHERING_MS = 2000;
const REQUEST_MS = 15_000;
const RETRY_MS = 500;

export class ReplayedPublisher {
  keyframesAsked = 0;
  sizeChanges = 0;
  #pc: PeerConnection | undefined;
  #video: RtpTrack;
  #audio: RtpTrack;
  #session: string | undefined;
  #link: BadLink | undefined;
  #size: LoopSize;
  /** Next size: the change is made with its first frame, a keyframe. */
  #nextFrame = 0;
  #loopStart = 0;
  #nextPacket = 0;
  #lastKeyframeAtMs = 0;
  #live = false;
  #closed = false;
  #attempt = 0;
  #unfollow: (() => void) | undefined;

  constructor(private readonly options: ReplayedOptions) {
    this.#size = options.first ?? options.own;
    this.#video = this.#newVideo();
    this.#audio = new RtpTrack(111, AUDIO_CLOCK_HZ);
  }

  start(): void {
    const { url, room, token } = this.options;
    if (this.options.followUplink) this.#unfollow = followUplink({ url, room, token, source: 'camera', onWish: (wish) => this.#choose(loopFor(wish, this.options.own)) });
    void this.#connect();
  }

  /** Sends what is due. Call it every few ms. */
  tick(wallNowMs: number): void {
    if (!this.#live || this.#closed) return;
    const nowMs = wallNowMs - (this.options.clockBehindMs ?? 0);
    this.#sendPictures(nowMs);
    this.#sendSound(nowMs);
    this.#video.report(nowMs);
    this.#audio.report(nowMs);
  }

  get report(): ReplayedReport {
    const { name: size, width, height, frameRate } = this.#size;
    return {
      ...{ name: this.options.name, connected: this.#live, size, width, height, frameRate },
      ...{ packets: this.#video.packets + this.#audio.packets, octets: this.#video.octets + this.#audio.octets },
      ...{ keyframesAsked: this.keyframesAsked, resent: this.#video.resent + this.#audio.resent, lostOnLink: this.#link?.lost ?? 0, sizeChanges: this.sizeChanges },
    };
  }

  /** Leaves with a DELETE. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unfollow?.();
    await this.#end();
  }

  #nowMs(): number {
    return wallMs() - (this.options.clockBehindMs ?? 0);
  }

  #choose(size: LoopSize): void {
    if (size === this.#size) return;
    this.#size = size;
    this.sizeChanges++;
    this.#nextFrame = 0;
  }

  #newVideo(): RtpTrack {
    return new RtpTrack(96, VIDEO_CLOCK_HZ, () => {
      this.keyframesAsked++;
      if (this.#nowMs() - this.#lastKeyframeAtMs > KEYFRAME_GAP_MS) this.#loopStart = this.#nextFrame;
    });
  }

  #sendPictures(nowMs: number): void {
    const { pattern, offsetMs, loops } = this.options;
    const frameMs = 1000 / this.#size.frameRate;
    // A person's frames stand between those of the others, a flash on the wall clock's grid.
    const phaseMs = pattern === 'person' ? offsetMs % frameMs : 0;
    const due = Math.floor((nowMs - ENCODING_MS - phaseMs) / frameMs + 0.001);
    if (this.#nextFrame === 0 || (due - this.#nextFrame) * frameMs > MOST_LATE_MS) {
      this.#nextFrame = due;
      this.#loopStart = due;
    }
    for (; this.#nextFrame <= due; this.#nextFrame++) {
      const atMs = this.#nextFrame * frameMs + phaseMs;
      const loop = (pattern === 'person' ? loops.person : loops.flash).get(this.#size.name) as readonly Buffer[];
      const index = pattern === 'flash' ? Number(isFlashing(atMs, offsetMs)) : (this.#nextFrame - this.#loopStart) % loop.length;
      if (pattern === 'person' && index === 0) this.#lastKeyframeAtMs = nowMs;
      this.#video.sendVp8(loop[index] as Buffer, atMs);
    }
  }

  /** A packet leaves when its 20 ms are over, as from an encoder. */
  #sendSound(nowMs: number): void {
    const { pattern, offsetMs, loops } = this.options;
    const due = Math.floor(nowMs / PACKET_MS) - 1;
    if (this.#nextPacket === 0 || (due - this.#nextPacket) * PACKET_MS > MOST_LATE_MS) this.#nextPacket = due;
    const loop = pattern === 'person' ? loops.speech : loops.beep;
    const shift = Math.round(offsetMs / PACKET_MS);
    for (; this.#nextPacket <= due; this.#nextPacket++) {
      const index = (((this.#nextPacket - shift) % loop.length) + loop.length) % loop.length;
      this.#audio.sendWhole(loop[index] as Buffer, this.#nextPacket * PACKET_MS);
    }
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    try {
      await this.#publish(attempt);
    } catch (error) {
      this.options.onState?.('refused', error instanceof Error ? error.message : String(error));
      await this.#retry(attempt);
    }
  }

  async #retry(attempt: number): Promise<void> {
    if (this.#closed || attempt !== this.#attempt) return;
    this.#attempt++;
    await this.#end();
    setTimeout(() => {
      if (!this.#closed) void this.#connect();
    }, RETRY_MS);
  }

  async #publish(attempt: number): Promise<void> {
    const { url, room, token, name, listen, link } = this.options;
    const pc = new PeerConnection(name, { iceServers: [], disableAutoNegotiation: true });
    this.#pc = pc;
    this.#video = this.#newVideo();
    this.#audio = new RtpTrack(111, AUDIO_CLOCK_HZ);
    const video = new Video('0', 'SendOnly');
    video.addVP8Codec(this.#video.payloadType);
    video.addSSRC(this.#video.ssrc, CNAME, 'publication', 'video');
    const audio = new Audio('1', listen ? 'SendRecv' : 'SendOnly');
    audio.addOpusCodec(this.#audio.payloadType);
    audio.addSSRC(this.#audio.ssrc, CNAME, 'publication', 'audio');
    const tracks = { video: pc.addTrack(video), audio: pc.addTrack(audio) };
    const gathered = new Promise<void>((resolve) => {
      setTimeout(resolve, GATHERING_MS).unref();
      pc.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
    });
    pc.onStateChange((state) => {
      if (attempt !== this.#attempt || this.#closed) return;
      if (state === 'connected') this.#begin(tracks);
      else if (state === 'failed' || state === 'closed') {
        this.#live = false;
        this.options.onState?.('lost');
        void this.#retry(attempt);
      }
    });
    pc.setLocalDescription('offer');
    await gathered;
    const offer = pc.localDescription()?.sdp ?? '';
    const response = await fetch(`${url}/whip/${room}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
      body: link ? offer.replace(/^a=candidate:.*\r?\n/gm, '') : offer,
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`${response.status} ${answer.slice(0, 200)}`);
    this.#session = new URL(response.headers.get('location') ?? '', url).href;
    pc.setRemoteDescription(link ? await this.#relayed(answer, link) : answer, 'answer');
  }

  async #relayed(answer: string, options: BadLinkOptions): Promise<string> {
    const target = firstCandidate(answer);
    if (!target) throw new Error('the answer has no candidate that a relay can reach');
    this.#link = await startBadLink(target, options);
    return throughLink(answer, this.#link.port);
  }

  #begin(tracks: { video: Parameters<RtpTrack['attach']>[0]; audio: Parameters<RtpTrack['attach']>[0] }): void {
    const startMs = this.#nowMs() - 1000; // before everything that is sent: RTP time only grows
    this.#video.attach(tracks.video, startMs);
    this.#audio.attach(tracks.audio, startMs);
    this.#nextFrame = 0;
    this.#nextPacket = 0;
    this.#live = true;
    this.options.onState?.('connected');
  }

  async #end(): Promise<void> {
    this.#live = false;
    const session = this.#session;
    this.#session = undefined;
    try {
      this.#pc?.close();
    } catch {
      // closed already
    }
    this.#pc = undefined;
    this.#link?.close();
    if (session)
      await fetch(session, { method: 'DELETE', headers: { authorization: `Bearer ${this.options.token}` }, signal: AbortSignal.timeout(3000) }).then(
        (response) => response.body?.cancel(),
        () => undefined, // it was gone
      );
  }
}

/** Whether the flash of a publisher with this offset is on at a time of the wall clock. */
export function isFlashing(atMs: number, offsetMs: number): boolean {
  const since = (((Math.round(atMs) - offsetMs) % BEEP_PERIOD_MS) + BEEP_PERIOD_MS) % BEEP_PERIOD_MS;
  return since < BEEP_MS - 1;
}

/** Wall clock with fractions of a ms, without its steps. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
