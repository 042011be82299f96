/** One publisher's peer connection: the offer it came with, its tracks, its way back, and when it is gone. */
import { randomBytes } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import type { SessionAnswer, SessionPatch, SessionPatched } from '../node-api/contract.ts';
import { answerFragment, finishAnswer, offersStereo, withStereo } from './answer-text.ts';
import type { CheckedOffer } from './offer-check.ts';
import { attributes } from '../media/sdp.ts';
import { MAX_REMOTE_CANDIDATES } from '../media/sdp-offer.ts';
import { whyGone } from './liveness.ts';
import { rewriteOffer, withIceCredentials } from './offer-rewrite.ts';
import { parseFragment, type TrickleFragment } from './sdp-fragment.ts';
import { sparingOpusOf, withSparingOpus } from './sparing-opus.ts';
import { AudioSink, AudioSource, PeerConnection, takeFrom, VideoSink, type AudioBlock, type VideoFrame } from './wrtc.ts';

export interface WhipSessionOptions {
  portRange: { min: number; max: number };
  iceServers: RTCIceServer[];
  publicIp: string | undefined;
  publisherTimeoutMs: number;
  /** Sound is taken in stereo; offers that say so get it anyway. */
  stereo: boolean;
  /** The picture's memory is gone when it returns. */
  onPicture: (frame: VideoFrame) => void;
  onSound: (block: AudioBlock) => void;
  /**
   * Moment of the picture shown minus moment of the sound played, ms on the publisher's clock (sync-correction.ts).
   * @param guess from the jitter buffers, as playout times are not known yet
   */
  onSync: (playedAheadMs: number, guess: boolean) => void;
  /** How often {@link onSync} is to be told just now, ms; asked with each {@link WhipSession.watch}. */
  syncEveryMs: () => number;
  /** The publisher went without saying so; called at most once, never after `close`. */
  onGone: (reason: string) => void;
}

/** Host candidates are there within some ms; a STUN server that does not answer must not hold the answer back. */
const GATHERING_MS = 1500;
/** Distance of the calls of {@link WhipSession.watch}. */
export const WATCH_STEP_MS = 250;
/** Without pictures, or without sound to compare them with, it is looked so often whether the publisher is still there. */
const LOOK_MS = 1000;
const PICTURE_IS_LIFE_MS = 1500;
/** A client trickles some candidates in a row; a restart takes up to {@link GATHERING_MS}. */
const MAX_WAITING_PATCHES = 16;

export class WhipSession {
  etag = newEtag();
  readonly #peer: RTCPeerConnection;
  readonly #openedAtMs = performance.now();
  #videoSink: VideoSink | undefined;
  #audioSink: AudioSink | undefined;
  #back: AudioSource | undefined;
  #backTrack: MediaStreamTrack | undefined;
  #everConnected = false;
  #lastMediaAtMs = performance.now();
  #bytes = 0;
  #lookedAtMs = -Infinity;
  #looking = false;
  #waiting: Waiting = {};
  #closed = false;
  /** Trickled since the offer or the last restart. */
  #trickled = 0;
  /** Patches run one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #waitingPatches = 0;
  #ufrag: string;

  constructor(
    private readonly offer: CheckedOffer,
    private readonly options: WhipSessionOptions,
  ) {
    this.#ufrag = offer.iceUfrag;
    this.#peer = new PeerConnection({ portRange: options.portRange, iceServers: options.iceServers });
    this.#peer.ontrack = ({ track }) => this.#take(track);
    this.#peer.oniceconnectionstatechange = () => {
      const state = this.#peer.iceConnectionState;
      if (state === 'connected' || state === 'completed') this.#everConnected = true;
    };
  }

  get wantsAudioBack(): boolean {
    return this.#back !== undefined;
  }

  /** @throws AppError unacceptableOffer when libwebrtc refuses what our own check let through */
  async open(): Promise<SessionAnswer> {
    const offer = rewriteOffer(this.offer.document);
    try {
      await this.#peer.setRemoteDescription({ type: 'offer', sdp: offer });
    } catch (error) {
      throw new AppError('unacceptableOffer', { detail: 'The offer cannot be applied.', cause: error });
    }
    if (this.offer.wantsAudioBack) await this.#openWayBack();
    return { answer: await this.#answer(), etag: this.etag };
  }

  /** Trickle or ICE restart (RFC 9725 §4.3). @throws AppError preconditionRequired, preconditionFailed, malformedSdp, rateLimited */
  async patch(patch: SessionPatch): Promise<SessionPatched> {
    if (this.#waitingPatches >= MAX_WAITING_PATCHES) throw new AppError('rateLimited', { retryAfterSeconds: 1 });
    this.#waitingPatches++;
    const run = this.#queue.then(() => this.#patch(patch)).finally(() => this.#waitingPatches--);
    this.#queue = run.catch(() => undefined);
    return run;
  }

  /** 10 ms of mix-minus, 480 mono samples in an array of their own. */
  play(samples: Int16Array): void {
    if (this.#closed || !this.#everConnected) return;
    this.#back?.onData({ samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: samples.length });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#videoSink) {
      takeFrom(this.#videoSink, () => undefined);
      this.#videoSink.stop();
    }
    if (this.#audioSink) {
      takeFrom(this.#audioSink, () => undefined);
      this.#audioSink.stop();
    }
    this.#backTrack?.stop();
    this.#peer.close();
  }

  #take(track: MediaStreamTrack): void {
    if (track.kind === 'video' && !this.#videoSink) {
      this.#videoSink = new VideoSink(track);
      takeFrom(this.#videoSink, ({ frame }) => {
        this.#lastMediaAtMs = performance.now();
        this.options.onPicture(frame);
        giveBack(frame);
      });
    } else if (track.kind === 'audio' && !this.#audioSink) {
      this.#audioSink = new AudioSink(track);
      takeFrom(this.#audioSink, this.options.onSound);
    }
  }

  async #openWayBack(): Promise<void> {
    const audio = this.#peer.getTransceivers().find((t) => t.receiver.track.kind === 'audio');
    if (!audio) return;
    this.#back = new AudioSource();
    this.#backTrack = this.#back.createTrack();
    await audio.sender.replaceTrack(this.#backTrack);
    audio.direction = 'sendrecv';
  }

  async #answer(): Promise<string> {
    const answer = await this.#peer.createAnswer();
    await this.#peer.setLocalDescription({ type: 'answer', sdp: this.#withOpus(answer.sdp ?? '') });
    await this.#gathered();
    if (this.#closed) throw new AppError('sessionNotFound');
    return finishAnswer(this.#peer.localDescription?.sdp ?? '', this.options.publicIp);
  }

  #withOpus(answer: string): string {
    const { document } = this.offer;
    const sparing = sparingOpusOf(document);
    if (sparing) return withSparingOpus(answer, sparing);
    return this.options.stereo || offersStereo(document) ? withStereo(answer) : answer;
  }

  #gathered(): Promise<void> {
    const peer = this.#peer;
    if (peer.iceGatheringState === 'complete') return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        peer.onicegatheringstatechange = null;
        resolve();
      };
      const timer = setTimeout(done, GATHERING_MS);
      peer.onicegatheringstatechange = () => {
        if (peer.iceGatheringState === 'complete' || this.#closed) done();
      };
    });
  }

  async #patch({ fragment: text, ifMatch }: SessionPatch): Promise<SessionPatched> {
    if (this.#closed) throw new AppError('sessionNotFound');
    if (!ifMatch) throw new AppError('preconditionRequired');
    const fragment = parseFragment(text);
    const restarts = fragment.ufrag !== undefined && fragment.password !== undefined && fragment.ufrag !== this.#ufrag;
    if (ifMatch === '*') {
      if (restarts) return this.#restart(fragment as TrickleFragment & { ufrag: string; password: string });
    } else if (ifMatch !== this.etag) throw new AppError('preconditionFailed');
    else if (restarts) throw new AppError('preconditionFailed', { detail: 'An ICE restart needs If-Match: *.' });
    await this.#addCandidates(fragment);
    return {};
  }

  /** A failed restart leaves the session as it was: nothing is applied before the last step that can fail for the caller. */
  async #restart(fragment: TrickleFragment & { ufrag: string; password: string }): Promise<SessionPatched> {
    const offer = withIceCredentials(this.#peer.remoteDescription?.sdp ?? '', fragment.ufrag, fragment.password);
    try {
      await this.#peer.setRemoteDescription({ type: 'offer', sdp: offer });
    } catch (error) {
      throw new AppError('unacceptableOffer', { detail: 'The ICE restart cannot be applied; the session goes on.', cause: error });
    }
    const answer = await this.#answer();
    this.#ufrag = fragment.ufrag;
    this.etag = newEtag();
    this.#trickled = 0;
    await this.#addCandidates(fragment);
    return { fragment: answerFragment(answer), etag: this.etag };
  }

  /** What cannot be used, or is beyond what a client can have, is skipped (conformance.md): the session may well connect without it. */
  async #addCandidates(fragment: TrickleFragment): Promise<void> {
    const mids = this.offer.document.media.map((media) => attributes(media.lines, 'mid')[0] ?? '');
    for (const { mid, candidate } of fragment.candidates) {
      if (++this.#trickled > MAX_REMOTE_CANDIDATES) return;
      const at = Math.max(0, mids.indexOf(mid));
      await this.#peer.addIceCandidate({ candidate, sdpMid: mids[at] ?? '0', sdpMLineIndex: at }).catch(() => undefined);
    }
  }

  /** Looks at the connection when it is time to; call it each {@link WATCH_STEP_MS}. `getStats` is dear (field-notes.md). */
  watch(nowMs: number): void {
    if (this.#looking || this.#closed) return;
    const measures = this.#shows(nowMs) && this.#waiting.audio !== undefined && this.#waiting.video !== undefined;
    const everyMs = measures ? this.options.syncEveryMs() : LOOK_MS;
    if (nowMs < this.#lookedAtMs + everyMs - WATCH_STEP_MS / 2) return;
    this.#lookedAtMs = nowMs;
    this.#looking = true;
    void this.#look(nowMs)
      .catch(() => undefined) // it was closed meanwhile
      .finally(() => (this.#looking = false));
  }

  /** Pictures come. */
  #shows(nowMs: number): boolean {
    return nowMs - this.#lastMediaAtMs < PICTURE_IS_LIFE_MS;
  }

  async #look(nowMs: number): Promise<void> {
    const pictures = this.#shows(nowMs);
    if (pictures && !this.#audioSink) return; // no need to ask
    let dtls: string | undefined;
    const playing: { audio?: number; video?: number } = {};
    const waiting: Waiting = {};
    const stats = await this.#peer.getStats();
    stats.forEach((entry: StatsEntry) => {
      if (entry.type === 'inbound-rtp' && entry.kind) {
        playing[entry.kind] = entry.estimatedPlayoutTimestamp;
        waiting[entry.kind] = { seconds: entry.jitterBufferDelay ?? 0, count: entry.jitterBufferEmittedCount ?? 0 };
      }
      if (entry.type !== 'transport') return;
      dtls = entry.dtlsState;
      if ((entry.bytesReceived ?? 0) > this.#bytes) this.#lastMediaAtMs = nowMs;
      this.#bytes = entry.bytesReceived ?? 0;
    });
    if (this.#closed) return;
    const before = this.#waiting;
    this.#waiting = waiting;
    if (pictures) {
      if (!waiting.audio || !waiting.video) return;
      // known from the second sender report of both on, of browsers some 5 s after the start
      const known = playing.audio !== undefined && playing.video !== undefined ? playing.video - playing.audio : undefined;
      const playedAheadMs = known ?? waitedMs(before.audio, waiting.audio) - waitedMs(before.video, waiting.video);
      this.options.onSync(playedAheadMs, known === undefined);
      return;
    }
    const reason = whyGone(
      { nowMs, openedAtMs: this.#openedAtMs, everConnected: this.#everConnected, ice: this.#peer.iceConnectionState, dtls, lastMediaAtMs: this.#lastMediaAtMs },
      this.options.publisherTimeoutMs,
    );
    if (reason === undefined) return;
    this.close();
    this.options.onGone(reason);
  }
}

interface StatsEntry {
  type: string;
  bytesReceived?: number;
  dtlsState?: string;
  kind?: 'audio' | 'video';
  estimatedPlayoutTimestamp?: number;
  jitterBufferDelay?: number;
  jitterBufferEmittedCount?: number;
}

/** Sums over what has left the jitter buffer of each track. */
interface Waiting {
  audio?: { seconds: number; count: number };
  video?: { seconds: number; count: number };
}

/** Mean time in the jitter buffer between two looks, ms; NaN when nothing left it. */
function waitedMs(before: Waiting['audio'], now: Waiting['audio']): number {
  if (!before || !now || now.count <= before.count) return Number.NaN;
  return (1000 * (now.seconds - before.seconds)) / (now.count - before.count);
}

/**
 * Frees the picture's memory now. Left to the collector, nine pictures of 426×240 at 30 a second (41 MB) make two complete
 * collections a second: 0.03 core, and 30 MB more.
 */
function giveBack({ data }: VideoFrame): void {
  (data.buffer as ArrayBuffer & { transfer?(bytes: number): ArrayBuffer }).transfer?.(0);
}

function newEtag(): string {
  return `"${randomBytes(12).toString('hex')}"`;
}
