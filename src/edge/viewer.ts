/**
 * One WHEP viewer: a peer connection that sends. No media handlers of the library: packets come numbered from the RTP
 * streams, sender reports are computed from programme time (the library's reporter would move lip-sync with the pipeline's
 * delay), NACKs are answered from the shared ring.
 */
import { EventEmitter } from 'node:events';
import type { RtcConfig, Track } from 'node-datachannel';
import type { Rendition, VideoRendition } from '../domain/rendition.ts';
import { isRtcp, parseRtcp, roundTripMs, senderReport, type ReceptionReport, type RtcpFeedback } from '../media/rtcp.ts';
import { stampRtpHeader } from '../media/rtp.ts';
import { finishAnswer, offerForLibrary, type WhepOffer } from '../media/sdp-whep.ts';
import { Ballast } from './ballast.ts';
import type { ChoiceCounters } from './choice-counters.ts';
import { addAudioTrack, addVideoTrack, CNAME, type OutgoingTrack, type OutgoingVideo } from './outgoing-track.ts';
import { Picture } from './picture.ts';
import { RenditionChooser, RUNGS, type Ladder } from './rendition-chooser.ts';
import { Resender } from './resender.ts';
import { SentRate } from './sent-rate.ts';
import type { SharedName, SharedTracks } from './shared-tracks.ts';
import { TokenBucket } from './token-bucket.ts';
import { ViewerConnection } from './viewer-connection.ts';
import { noViewerCounters } from './viewer-counters.ts';

/** ICE consent takes 30 s; a viewer that reported about once a second and has fallen silent is gone sooner. */
const SILENT_TIMEOUT_MS = 15_000;
const FIRST_REPORTS_MS = [0, 200, 500];
const REPORT_INTERVAL_MS = 1000;
/** While a rung is tried: each answered report is a fresh measure of the round trip. */
const CURIOUS_REPORT_INTERVAL_MS = 200;
/** Keyframes that one viewer may have made for it: a few at once, then one in four seconds. */
const KEYFRAMES_PER_SECOND = 0.25;
const KEYFRAMES_AT_ONCE = 3;
/**
 * Messages that one viewer may send: a browser sends up to 50 a second, GStreamer one for each lost packet. Each is a call into this process's loop
 * before it can be judged, and the library queues them without a bound: who goes on beyond this is ended.
 */
const MESSAGES_PER_SECOND = 400;
const MESSAGES_AT_ONCE = 1200;
/** Why it was ended. */
export const FLOODS = 'floods';
const SAME_RTCP_MS = 5;

export interface ViewerOptions {
  offer: WhepOffer;
  /** The caller's SDP text, judged already. */
  sdp: string;
  rendition: Rendition | 'auto';
  audio: boolean;
  tracks: SharedTracks;
  /** Of the whole edge. */
  choices: ChoiceCounters;
  rtc: RtcConfig;
  publicIp?: string;
}

/** Of a reception report, since the beginning. */
interface Counts {
  lost: number;
  highest: number;
}

interface Events {
  /** A keyframe is needed: the ring holds none, or the viewer lost one. */
  keyframeWanted: [VideoRendition];
  closed: [string];
}

export class Viewer extends EventEmitter<Events> {
  readonly counters = noViewerCounters();
  roundTripMs: number | undefined;
  fractionLost = 0;
  readonly #connection: ViewerConnection;
  readonly #createdAtMs = performance.now();
  #video: OutgoingVideo | undefined;
  #picture: Picture | undefined;
  #audio: OutgoingTrack | undefined;
  #wanted: Rendition | 'auto';
  /** Only while the viewer leaves the choice to us. */
  #chooser: RenditionChooser | undefined;
  readonly #sentRate = new SentRate();
  #ballast: Ballast | undefined;
  #openedAtMs: number | undefined;
  /** When its last RTCP came; undefined while it has sent none (some clients never do). */
  #heardAtMs: number | undefined;
  #reports = 0;
  #nextReportAtMs = 0;
  #reportedAtMs = 0;
  #closed = false;
  /** Of the picture: what the last reception report said. */
  #reported: Counts | undefined;
  #ballastReported: Counts | undefined;
  #lastRtcp: { bytes: Buffer; atMs: number } | undefined;
  #packetsAtTick = 0;
  #answeredReport = 0;
  readonly #resender: Resender;
  readonly #keyframeBudget = new TokenBucket(KEYFRAMES_PER_SECOND, KEYFRAMES_AT_ONCE, this.#createdAtMs);
  readonly #messageBudget = new TokenBucket(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, this.#createdAtMs);

  constructor(private readonly options: ViewerOptions) {
    super();
    this.#wanted = options.rendition;
    this.#resender = new Resender({ counters: this.counters, send: (track, packet) => this.#send(track, packet), isUseless: (sequence) => this.#picture?.isForgotten(sequence) ?? false }, this.#createdAtMs);
    this.#connection = new ViewerConnection(options.rtc, (reason) => this.close(reason));
  }

  /** For how long it has been answered without having come; 0 from its first connection on. */
  unmetMs(nowMs: number): number {
    return this.#connection.unmetMs(nowMs);
  }

  /** The rendition it gets at the moment; undefined before the first picture. */
  get rendition(): Rendition | undefined {
    return this.#goal === 'audio' ? 'audio' : this.#picture?.current;
  }

  /** How its choice went; undefined when it chose itself. */
  get choice(): Pick<RenditionChooser, 'probes' | 'trials' | 'rollbacks'> | undefined {
    return this.#chooser;
  }

  get #goal(): Rendition {
    const { tracks } = this.options;
    return this.#wanted === 'auto' ? (this.#chooser?.current ?? 'mid') : tracks.nearest(this.#wanted);
  }

  /**
   * Answers the offer, with all candidates in the answer.
   * @throws whatever the library says; the viewer is to be closed then
   */
  async answer(): Promise<string> {
    const { offer, sdp, audio, publicIp } = this.options;
    const { pc } = this.#connection;
    pc.setRemoteDescription(offerForLibrary(sdp), 'offer');
    if (offer.video) this.#sendVideo(addVideoTrack(pc, offer.video));
    if (offer.audio) this.#sendAudio(addAudioTrack(pc, offer.audio, audio), audio);
    return finishAnswer(await this.#connection.answer(), publicIp);
  }

  /** @returns false when it was passed over */
  addCandidate(candidate: string, mid: string): boolean {
    return this.#connection.addCandidate(candidate, mid);
  }

  /** Takes effect at the rendition's next keyframe, without a break in the numbering. */
  setRendition(rendition: Rendition | 'auto'): void {
    if (rendition === this.#wanted) return;
    const before = this.rendition;
    this.#wanted = rendition;
    this.#endProbe();
    this.#chooser = undefined;
    if (!this.#video?.open) return;
    if (rendition === 'auto') this.#chooser = this.#newChooser(this.#picture?.current);
    const goal = this.#goal;
    if (goal === 'audio') this.#picture?.pause(false);
    else if (before === 'audio' || before === undefined) this.#picture?.start(goal);
    else this.#picture?.change(goal);
    if (goal === before) this.#chooser?.arrived(performance.now());
    this.#chooseSound();
  }

  /** A shared track has grown; `key`: by a keyframe. */
  grew(name: SharedName, key: boolean): void {
    if (this.#closed) return;
    if (name === 'sound' || name === 'soundLow') {
      const stream = this.#audio?.stream;
      const ring = this.options.tracks.rings[name];
      if (stream && (stream.ring === ring || stream.successor === ring)) while (this.#sendNext(this.#audio));
    } else if (this.#video?.open) this.#picture?.grew(name, key);
  }

  /** Called a few times a second: sender reports and deadlines. */
  tick(nowMs: number): void {
    if (this.#closed) return;
    const overdue = this.#connection.overdue(nowMs);
    if (overdue !== undefined) this.close(overdue);
    else if (this.#heardAtMs !== undefined && nowMs - this.#heardAtMs > SILENT_TIMEOUT_MS) this.close('silent');
    else {
      this.#choose(nowMs);
      if (this.#openedAtMs !== undefined && nowMs >= this.#nextReportAtMs) this.#sendReports(nowMs);
    }
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endProbe();
    this.#picture?.close();
    this.#connection.close();
    this.emit('closed', reason);
  }

  #sendVideo(out: OutgoingVideo): void {
    this.#video = out;
    this.#picture = new Picture({
      out,
      tracks: this.options.tracks,
      sendNext: () => this.#sendNext(out),
      wantKeyframe: (rendition) => this.emit('keyframeWanted', rendition),
      onArrived: () => this.#pictureArrived(),
    });
    this.#listen(out, () => {
      if (this.#wanted === 'auto') this.#chooser = this.#newChooser();
      if (this.#goal !== 'audio') this.#picture?.start(this.#goal);
      this.#chooseSound();
    });
  }

  #sendAudio(out: OutgoingTrack, send: boolean): void {
    if (!send) {
      this.#silentTrack = out;
      return;
    }
    this.#audio = out;
    this.#listen(out, () => {
      const ring = this.options.tracks.soundFor(this.#goal);
      out.stream.follow(ring, ring.head, false);
    });
  }

  /** Keeps a track that sends nothing from being collected. */
  #silentTrack: OutgoingTrack | undefined;

  #listen(out: OutgoingTrack, onOpen: () => void): void {
    this.#connection.whenOpen(out.track, () => {
      out.open = true;
      this.#openedAtMs ??= performance.now();
      this.#nextReportAtMs = 0;
      this.#reports = 0;
      onOpen();
    });
    out.track.onMessage((message) => {
      if (this.#closed) return;
      const nowMs = performance.now();
      if (!this.#messageBudget.take(1, nowMs)) return this.close(FLOODS);
      if (!isRtcp(message)) return;
      this.#heardAtMs = nowMs;
      // The library hands a compound packet to each track that it is about.
      if (this.#lastRtcp && nowMs - this.#lastRtcp.atMs < SAME_RTCP_MS && this.#lastRtcp.bytes.equals(message)) return;
      this.#lastRtcp = { bytes: message, atMs: nowMs };
      for (const feedback of parseRtcp(message)) this.#feedback(feedback);
    });
  }

  #newChooser(start?: VideoRendition): RenditionChooser {
    const { tracks } = this.options;
    const ladder: Ladder = {
      has: (rung) => rung === 'audio' || tracks.rings[rung].head > 0,
      bitrateBps: (rung) => tracks.bitrateBps(rung),
    };
    return new RenditionChooser(performance.now(), ladder, start);
  }

  #pictureArrived(): void {
    const nowMs = performance.now();
    this.#chooser?.arrived(nowMs);
    this.#resender.budgetOf(this.#picture?.current ?? 'mid', nowMs);
    this.#reported = undefined;
  }

  /** A viewer of a small rendition gets the sound in fewer bytes; it changes over where a packet of the other track begins. */
  #chooseSound(): void {
    if (this.#audio?.open) this.#audio.stream.continueWith(this.options.tracks.soundFor(this.#goal));
  }

  #sendNext(out: OutgoingTrack | undefined): boolean {
    if (!out?.open || this.#closed) return false;
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
        if (this.#keyframeBudget.take(1, nowMs)) this.#picture?.refresh();
        return;
      case 'report':
        this.#report(feedback, nowMs);
        return;
      case 'remb':
        this.#chooser?.evidence.estimate(nowMs, feedback.bitrateBps);
        return;
      case 'bye': // the state change or the DELETE tells
    }
  }

  #report(report: ReceptionReport, nowMs: number): void {
    const counts = { lost: report.cumulativeLost, highest: report.highestSequence };
    const evidence = this.#chooser?.evidence;
    if (report.ssrc === this.#video?.stream.options.ssrc) {
      this.fractionLost = report.fractionLost;
      if (this.#reported) evidence?.lost(nowMs, counts.lost - this.#reported.lost, (counts.highest - this.#reported.highest) >>> 0);
      this.#reported = counts;
    } else if (report.ssrc === this.#video?.rtx?.ssrc) {
      if (this.#ballastReported) evidence?.ballastLost(nowMs, counts.lost - this.#ballastReported.lost, (counts.highest - this.#ballastReported.highest) >>> 0);
      this.#ballastReported = counts;
    } else if (report.ssrc !== this.#audio?.stream.options.ssrc) return;
    // Reports repeat the last sender report they know: one measure for each.
    const ms = report.lastSenderReport === this.#answeredReport ? undefined : roundTripMs(report, Date.now());
    if (ms === undefined) return;
    this.#answeredReport = report.lastSenderReport;
    this.roundTripMs = ms;
    evidence?.roundTrip(nowMs, ms);
  }

  #choose(nowMs: number): void {
    const chooser = this.#chooser;
    const picture = this.#picture;
    if (!chooser || !picture || !this.#video?.open) return;
    const { packetsSent } = this.#video.stream;
    chooser.evidence.nacked(nowMs, this.#resender.takeNewlyAsked(), packetsSent - this.#packetsAtTick);
    this.#packetsAtTick = packetsSent;
    const before = chooser.current;
    const choice = chooser.decide(nowMs, this.#sentRate.bps(nowMs, this.#octetsSent));
    if (choice !== before) {
      this.#endProbe();
      this.options.choices.switched(choice, chooser.reason);
      if (choice === 'audio') {
        picture.pause(true);
        chooser.arrived(nowMs);
      } else if (before === 'audio') picture.resume(choice);
      else if (isBelow(choice, before)) picture.changeDown(choice, chooser.severe);
      else picture.change(choice);
      this.#chooseSound();
    } else if (chooser.probing && !this.#ballast) this.#startProbe(chooser, this.#video);
    else if (!chooser.probing) this.#endProbe();
    if (chooser.curious) this.#nextReportAtMs = Math.min(this.#nextReportAtMs, this.#reportedAtMs + CURIOUS_REPORT_INTERVAL_MS);
  }

  get #octetsSent(): number {
    return (this.#video?.stream.octetsSent ?? 0) + (this.#audio?.stream.octetsSent ?? 0) + this.counters.probeOctets;
  }

  /** Without a retransmission stream nothing is sent: the rung itself is the probe then, and is taken back when it does not hold. */
  #startProbe(chooser: RenditionChooser, out: OutgoingVideo): void {
    this.options.choices.probes++;
    this.#ballastReported = undefined; // what was lost of the probe before has been judged
    this.#ballast = new Ballast({
      out,
      rateBps: (nowMs) => chooser.probeBps(nowMs),
      sentOctets: () => this.#octetsSent,
      send: (track, packet) => this.#send(track, packet),
      onSent: (octets) => {
        this.counters.probeOctets += octets;
      },
    });
  }

  #endProbe(): void {
    this.#ballast?.close();
    this.#ballast = undefined;
  }

  #resend(ssrc: number, sequences: readonly number[], nowMs: number): void {
    if (ssrc === this.#video?.stream.options.ssrc) this.#resender.picture(this.#video, sequences, nowMs);
    else if (ssrc === this.#audio?.stream.options.ssrc) this.#resender.sound(this.#audio, sequences, nowMs);
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
    this.#reportedAtMs = nowMs;
    const early = FIRST_REPORTS_MS[this.#reports];
    this.#nextReportAtMs = early === undefined ? nowMs + REPORT_INTERVAL_MS : (this.#openedAtMs ?? nowMs) + early;
  }
}

function isBelow(rung: Rendition, other: Rendition): boolean {
  return RUNGS.indexOf(rung) < RUNGS.indexOf(other);
}
