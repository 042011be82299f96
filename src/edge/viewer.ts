/**
 * One WHEP viewer: a peer connection that sends. No media handlers of the library: packets come numbered from the RTP
 * streams, sender reports are computed from programme time (the library's reporter would move lip-sync with the pipeline's
 * delay), NACKs are answered from the shared ring.
 */
import { EventEmitter } from 'node:events';
import { PeerConnection, type RtcConfig, type Track } from 'node-datachannel';
import type { Rendition, VideoRendition } from '../domain/rendition.ts';
import { isRtcp, parseRtcp, roundTripMs, senderReport, type RtcpFeedback } from '../media/rtcp.ts';
import { MAX_RTP_PACKET_BYTES, stampRtpHeader, writeRtx } from '../media/rtp.ts';
import { finishAnswer, isUsableCandidate, withoutUnusableCandidates, type WhepOffer } from '../media/sdp-whep.ts';
import { addAudioTrack, addVideoTrack, CNAME, type OutgoingTrack, type OutgoingVideo } from './outgoing-track.ts';
import type { PacketRing } from './packet-ring.ts';
import { RenditionChooser } from './rendition-chooser.ts';
import type { SharedTracks } from './shared-tracks.ts';
import { TokenBucket } from './token-bucket.ts';

const GATHERING_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 30_000;
const DISCONNECTED_TIMEOUT_MS = 15_000;
/** ICE consent takes 30 s; a viewer that reported about once a second and has fallen silent is gone sooner. */
const SILENT_TIMEOUT_MS = 15_000;
const FIRST_REPORTS_MS = [0, 200, 500];
const REPORT_INTERVAL_MS = 1000;
/** A start from the cache is sent at about 80 Mbit/s: fast enough not to be seen, slow enough for socket buffers. */
const BURST_PACKETS = 40;
const BURST_INTERVAL_MS = 5;
const RESEND_BYTES_PER_SECOND = 125_000;
const RESEND_BURST_BYTES = 128_000;
const RATE_WINDOW_MS = 2000;
const MAX_REMOTE_CANDIDATES = 64;

export interface ViewerOptions {
  offer: WhepOffer;
  /** The caller's SDP text, judged already. */
  sdp: string;
  rendition: Rendition | 'auto';
  audio: boolean;
  tracks: SharedTracks;
  rtc: RtcConfig;
  publicIp?: string;
}

export interface ViewerCounters {
  packets: number;
  octets: number;
  nacked: number;
  resent: number;
  /** Asked for again, but gone or over the budget. */
  notResent: number;
  refusedByTransport: number;
}

interface Events {
  /** A keyframe is needed: the ring holds none, or the viewer lost one. */
  keyframeWanted: [VideoRendition];
  closed: [string];
}

export class Viewer extends EventEmitter<Events> {
  readonly counters: ViewerCounters = { packets: 0, octets: 0, nacked: 0, resent: 0, notResent: 0, refusedByTransport: 0 };
  roundTripMs: number | undefined;
  fractionLost = 0;
  readonly #pc: PeerConnection;
  readonly #createdAtMs = performance.now();
  #video: OutgoingVideo | undefined;
  #audio: OutgoingTrack | undefined;
  #wanted: Rendition | 'auto';
  #chooser: RenditionChooser;
  /** Waits for this rendition's next keyframe. */
  #pending: VideoRendition | undefined;
  #current: VideoRendition | undefined;
  #connected = false;
  #disconnectedAtMs: number | undefined;
  #openedAtMs: number | undefined;
  /** When its last RTCP came; undefined while it has sent none (some clients never do). */
  #heardAtMs: number | undefined;
  #reports = 0;
  #nextReportAtMs = 0;
  #pumpTimer: NodeJS.Timeout | undefined;
  #remoteCandidates = 0;
  /** Of the picture, over the last two seconds or so; what a burst at the start adds is gone by the time it counts. */
  #sentBps = 0;
  #measured = { atMs: 0, octets: 0 };
  #closed = false;
  readonly #resendBudget = new TokenBucket(RESEND_BYTES_PER_SECOND, RESEND_BURST_BYTES, this.#createdAtMs);
  readonly #rtxScratch = Buffer.alloc(MAX_RTP_PACKET_BYTES + 2);

  constructor(private readonly options: ViewerOptions) {
    super();
    this.#wanted = options.rendition;
    this.#chooser = new RenditionChooser(this.#createdAtMs);
    this.#pc = new PeerConnection('viewer', options.rtc);
    this.#pc.onIceStateChange((state) => this.#iceState(state));
    this.#pc.onStateChange((state) => {
      if (state === 'failed' || state === 'closed') this.close(state);
    });
  }

  /** The rendition it gets at the moment; undefined before the first picture. */
  get rendition(): Rendition | undefined {
    return this.#wanted === 'audio' ? 'audio' : this.#current;
  }

  /**
   * Answers the offer, with all candidates in the answer.
   * @throws whatever the library says; the viewer is to be closed then
   */
  async answer(): Promise<string> {
    const { offer, sdp, audio, publicIp } = this.options;
    const pc = this.#pc;
    const gathered = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHERING_TIMEOUT_MS);
      pc.onGatheringStateChange((state) => {
        if (state !== 'complete') return;
        clearTimeout(timer);
        resolve();
      });
    });
    pc.setRemoteDescription(withoutUnusableCandidates(sdp), 'offer');
    if (offer.video) this.#sendVideo(addVideoTrack(pc, offer.video));
    if (offer.audio) this.#sendAudio(addAudioTrack(pc, offer.audio, audio), audio);
    pc.setLocalDescription('answer');
    await gathered;
    const local = pc.localDescription();
    if (!local) throw new Error('no local description');
    return finishAnswer(local.sdp, publicIp);
  }

  /** @returns false when it was passed over */
  addCandidate(candidate: string, mid: string): boolean {
    if (this.#closed || !isUsableCandidate(candidate) || ++this.#remoteCandidates > MAX_REMOTE_CANDIDATES) return false;
    try {
      this.#pc.addRemoteCandidate(candidate, mid);
      return true;
    } catch {
      return false;
    }
  }

  /** Takes effect at the rendition's next keyframe, without a break in the numbering. */
  setRendition(rendition: Rendition | 'auto'): void {
    if (rendition === this.#wanted) return;
    this.#wanted = rendition;
    if (!this.#video?.open) return;
    if (rendition === 'audio') {
      this.#video.stream.pause();
      this.#pending = undefined;
      this.#current = undefined;
    } else this.#steer(rendition === 'auto' ? this.#chooser.current : rendition);
  }

  /** A shared track has grown; `key`: by a keyframe. */
  grew(name: Rendition, key: boolean): void {
    if (this.#closed) return;
    if (name === 'audio') {
      this.#pump(this.#audio);
      return;
    }
    if (key && name === this.#pending && this.#video?.open) {
      this.#drain(this.#video);
      this.#follow(name, this.options.tracks.rings[name].keyIndex, false);
    }
    if (name === this.#current) this.#pump(this.#video);
  }

  /** Called a few times a second: sender reports and deadlines. */
  tick(nowMs: number): void {
    if (this.#closed) return;
    if (nowMs - this.#measured.atMs >= RATE_WINDOW_MS) {
      const octets = this.#video?.stream.octetsSent ?? 0;
      this.#sentBps = (8000 * (octets - this.#measured.octets)) / (nowMs - this.#measured.atMs);
      this.#measured = { atMs: nowMs, octets };
    }
    if (!this.#connected && nowMs - this.#createdAtMs > CONNECT_TIMEOUT_MS) this.close('never connected');
    else if (this.#disconnectedAtMs !== undefined && nowMs - this.#disconnectedAtMs > DISCONNECTED_TIMEOUT_MS) this.close('disconnected');
    else if (this.#heardAtMs !== undefined && nowMs - this.#heardAtMs > SILENT_TIMEOUT_MS) this.close('silent');
    else if (this.#openedAtMs !== undefined && nowMs >= this.#nextReportAtMs) this.#sendReports(nowMs);
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pumpTimer);
    try {
      this.#pc.close();
    } catch {
      // closed already
    }
    this.emit('closed', reason);
  }

  #sendVideo(out: OutgoingVideo): void {
    this.#video = out;
    this.#listen(out, () => {
      if (this.#wanted !== 'audio') this.#startVideo(this.#wanted === 'auto' ? this.#chooser.current : this.#wanted);
    });
  }

  #sendAudio(out: OutgoingTrack, send: boolean): void {
    if (!send) {
      this.#silentTrack = out;
      return;
    }
    this.#audio = out;
    this.#listen(out, () => {
      const ring = this.options.tracks.rings.audio;
      out.stream.follow(ring, ring.head, false);
    });
  }

  /** Keeps a track that sends nothing from being collected. */
  #silentTrack: OutgoingTrack | undefined;

  #listen(out: OutgoingTrack, onOpen: () => void): void {
    const opened = (): void => {
      if (out.open || this.#closed) return;
      out.open = true;
      this.#openedAtMs ??= performance.now();
      this.#nextReportAtMs = 0;
      this.#reports = 0;
      onOpen();
    };
    out.track.onOpen(opened);
    out.track.onMessage((message) => {
      if (this.#closed || !isRtcp(message)) return;
      this.#heardAtMs = performance.now();
      for (const feedback of parseRtcp(message)) this.#feedback(feedback);
    });
    if (out.track.isOpen()) opened();
  }

  #startVideo(rendition: VideoRendition): void {
    const ring = this.options.tracks.rings[rendition];
    const key = ring.keyIndex;
    if (key >= 0) this.#follow(rendition, key, true);
    else {
      this.#pending = rendition;
      this.emit('keyframeWanted', rendition);
    }
  }

  #steer(rendition: VideoRendition): void {
    this.#pending = rendition === this.#current ? undefined : rendition;
    if (this.#current === undefined && this.#pending) this.emit('keyframeWanted', this.#pending);
  }

  #follow(rendition: VideoRendition, index: number, catchUp: boolean): void {
    if (!this.#video) return;
    const ring: PacketRing = this.options.tracks.rings[rendition];
    this.#video.stream.follow(ring, index, catchUp);
    this.#current = rendition;
    this.#pending = undefined;
    this.#pump(this.#video);
  }

  #pump(out: OutgoingTrack | undefined): void {
    if (!out?.open || this.#closed || (out === this.#video && this.#pumpTimer)) return;
    for (let i = 0; i < BURST_PACKETS; i++) if (!this.#sendNext(out)) return;
    if (out === this.#video && out.stream.backlog > 0)
      this.#pumpTimer = setTimeout(() => {
        this.#pumpTimer = undefined;
        this.#pump(this.#video);
      }, BURST_INTERVAL_MS);
  }

  /** The rest of the old rendition, before a switch. */
  #drain(out: OutgoingTrack): void {
    while (this.#sendNext(out));
  }

  #sendNext(out: OutgoingTrack): boolean {
    const next = out.stream.next();
    if (!next) return false;
    const { payloadType, ssrc } = out.stream.options;
    stampRtpHeader(next.packet, payloadType, next.sequence, next.ticks, ssrc);
    this.#send(out.track, next.packet);
    this.counters.packets++;
    this.counters.octets += next.packet.length;
    return true;
  }

  #send(track: Track, packet: Buffer): void {
    try {
      if (!track.sendMessageBinary(packet)) this.counters.refusedByTransport++;
    } catch {
      this.counters.refusedByTransport++; // closing: its state change follows
    }
  }

  #feedback(feedback: RtcpFeedback): void {
    const nowMs = performance.now();
    switch (feedback.kind) {
      case 'nack':
        this.#resend(feedback.ssrc, feedback.sequences, nowMs);
        return;
      case 'keyframe':
        if (this.#current) this.emit('keyframeWanted', this.#current);
        return;
      case 'report':
        if (feedback.ssrc !== this.#video?.stream.options.ssrc) return;
        this.fractionLost = feedback.fractionLost;
        this.roundTripMs = roundTripMs(feedback, Date.now());
        this.#choose({ nowMs, fractionLost: feedback.fractionLost, roundTripMs: this.roundTripMs });
        return;
      case 'remb':
        this.#choose({ nowMs, rembBps: feedback.bitrateBps, sentBps: this.#sentBps });
        return;
      case 'bye': // the state change or the DELETE tells
    }
  }

  #choose(report: Parameters<RenditionChooser['report']>[0]): void {
    if (this.#wanted !== 'auto' || this.#current === undefined) return;
    this.#steer(this.#chooser.report(report));
  }

  #resend(ssrc: number, sequences: readonly number[], nowMs: number): void {
    const out = ssrc === this.#video?.stream.options.ssrc ? this.#video : ssrc === this.#audio?.stream.options.ssrc ? this.#audio : undefined;
    if (!out) return;
    this.counters.nacked += sequences.length;
    for (const sequence of sequences) {
      const item = out.stream.sent(sequence);
      if (!item || !this.#resendBudget.take(item.packet.length, nowMs)) {
        this.counters.notResent++;
        continue;
      }
      const rtx = out === this.#video ? this.#video.rtx : undefined;
      if (rtx) this.#send(out.track, writeRtx(this.#rtxScratch, item.packet, item.sequence, rtx.payloadType, rtx.sequence++, item.ticks, rtx.ssrc));
      else {
        stampRtpHeader(item.packet, out.stream.options.payloadType, item.sequence, item.ticks, out.stream.options.ssrc);
        this.#send(out.track, item.packet);
      }
      this.counters.resent++;
    }
  }

  /** RTP time and wall clock by the same line for both tracks (RFC 3550 §6.4.1): receivers align sound and picture by it. */
  #sendReports(nowMs: number): void {
    const unixMs = Date.now();
    const seconds = Math.max(0, (unixMs - this.options.tracks.anchorUnixMs) / 1000);
    for (const out of [this.#video, this.#audio]) {
      if (!out?.open || out.stream.packetsSent === 0) continue;
      const { ssrc, clockHz } = out.stream.options;
      const ticks = out.stream.ticksAt(Math.round(seconds * clockHz));
      this.#send(out.track, senderReport(ssrc, unixMs, ticks, out.stream.packetsSent, out.stream.octetsSent, CNAME));
    }
    this.#reports++;
    const early = FIRST_REPORTS_MS[this.#reports];
    this.#nextReportAtMs = early === undefined ? nowMs + REPORT_INTERVAL_MS : (this.#openedAtMs ?? nowMs) + early;
  }

  #iceState(state: string): void {
    if (state === 'connected' || state === 'completed') {
      this.#connected = true;
      this.#disconnectedAtMs = undefined;
    } else if (state === 'disconnected') this.#disconnectedAtMs ??= performance.now();
    else if (state === 'failed' || state === 'closed') this.close(`ICE ${state}`);
  }
}
