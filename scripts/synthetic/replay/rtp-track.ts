/** One outgoing RTP stream of a replayed publisher: numbering, timestamps, sender reports, and resending what was lost. */
import { randomInt } from 'node:crypto';
import type { Track } from 'node-datachannel';
import { isRtcp, parseRtcp, senderReport } from '../../../src/media/rtcp.ts';
import { MAX_RTP_PACKET_BYTES, RTP_HEADER_BYTES, stampRtpHeader, writeRtpMarker } from '../../../src/media/rtp.ts';

export const CNAME = 'replayed';
/** Some 5 s of a 426×240 picture; a power of two. */
const HISTORY_PACKETS = 512;
const VP8_DESCRIPTOR_BYTES = 1;
/** RFC 7741 section 4.2: start of a partition. */
const VP8_START = 0x10;
const REPORT_INTERVAL_MS = 1000;
const FIRST_REPORTS_MS = [0, 150, 400];

export type Transport = Pick<Track, 'sendMessageBinary' | 'isOpen' | 'onMessage'>;

export class RtpTrack {
  readonly ssrc = randomInt(1, 0x8000_0000) * 2;
  packets = 0;
  octets = 0;
  resent = 0;
  /** Sent until now without the transport taking it. */
  refused = 0;
  #track: Transport | undefined;
  #sequence = randomInt(0x8000);
  readonly #offsetTicks = randomInt(0x4000_0000);
  readonly #history: (Buffer | undefined)[] = new Array<Buffer | undefined>(HISTORY_PACKETS);
  #startMs = 0;
  #reports = 0;
  #nextReportAtMs = 0;

  constructor(
    readonly payloadType: number,
    private readonly clockHz: number,
    private readonly onKeyframeWanted: () => void = () => undefined,
  ) {}

  /** @param startMs wall clock that both tracks of a publisher count from */
  attach(track: Transport, startMs: number): void {
    this.#track = track;
    this.#startMs = startMs;
    this.#reports = 0;
    this.#nextReportAtMs = 0;
    track.onMessage((message) => this.#feedback(message));
  }

  get open(): boolean {
    return this.#track?.isOpen() ?? false;
  }

  /** A VP8 frame (RFC 7741), split evenly. */
  sendVp8(frame: Buffer, atMs: number): void {
    const room = MAX_RTP_PACKET_BYTES - RTP_HEADER_BYTES - VP8_DESCRIPTOR_BYTES;
    const count = Math.max(1, Math.ceil(frame.length / room));
    for (let i = 0; i < count; i++) {
      const part = frame.subarray(Math.floor((i * frame.length) / count), Math.floor(((i + 1) * frame.length) / count));
      const packet = Buffer.allocUnsafeSlow(RTP_HEADER_BYTES + VP8_DESCRIPTOR_BYTES + part.length);
      writeRtpMarker(packet, i === count - 1);
      packet[RTP_HEADER_BYTES] = i === 0 ? VP8_START : 0;
      part.copy(packet, RTP_HEADER_BYTES + VP8_DESCRIPTOR_BYTES);
      this.#send(packet, atMs);
    }
  }

  /** One packet as it is (Opus). */
  sendWhole(payload: Buffer, atMs: number): void {
    const packet = Buffer.allocUnsafeSlow(RTP_HEADER_BYTES + payload.length);
    writeRtpMarker(packet, false);
    payload.copy(packet, RTP_HEADER_BYTES);
    this.#send(packet, atMs);
  }

  /** Sender reports when they are due: soon after the start, then each second. Wall clock and RTP time by one line for both tracks. */
  report(nowMs: number): void {
    if (nowMs < this.#nextReportAtMs || this.packets === 0) return;
    this.#transport(senderReport(this.ssrc, nowMs, this.#ticks(nowMs), this.packets, this.octets, CNAME));
    this.#reports++;
    this.#nextReportAtMs = nowMs + (FIRST_REPORTS_MS[this.#reports] ?? REPORT_INTERVAL_MS);
  }

  #send(packet: Buffer, atMs: number): void {
    stampRtpHeader(packet, this.payloadType, this.#sequence, this.#ticks(atMs), this.ssrc);
    this.#history[this.#sequence & (HISTORY_PACKETS - 1)] = packet;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.packets++;
    this.octets += packet.length - RTP_HEADER_BYTES;
    this.#transport(packet);
  }

  #ticks(atMs: number): number {
    return this.#offsetTicks + Math.max(0, Math.round(((atMs - this.#startMs) * this.clockHz) / 1000));
  }

  #feedback(message: Buffer): void {
    if (!isRtcp(message)) return;
    for (const feedback of parseRtcp(message)) {
      if (feedback.kind === 'keyframe') this.onKeyframeWanted();
      else if (feedback.kind === 'nack' && feedback.ssrc === this.ssrc)
        for (const sequence of feedback.sequences) {
          const packet = this.#history[sequence & (HISTORY_PACKETS - 1)];
          if (packet?.readUInt16BE(2) !== sequence) continue;
          this.resent++;
          this.#transport(packet);
        }
    }
  }

  #transport(packet: Buffer): void {
    try {
      if (!this.#track?.sendMessageBinary(packet)) this.refused++;
    } catch {
      this.refused++; // closing: its state change follows
    }
  }
}
