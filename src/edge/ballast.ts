/**
 * Ballast for a probe: packets of one old frame, sent again over the retransmission stream, at a steady pace beside the picture. A receiver has
 * them already and lets them fall. All have one timestamp: libwebrtc's delay detector compares arrival with timestamps per stream, and old
 * packets in another rhythm would look to it like a growing queue. Where there is no such frame, packets of padding.
 *
 * Only where the offer takes retransmissions: padding on the picture's own stream takes its sequence numbers, and a lost one holds the picture up.
 */
import type { Track } from 'node-datachannel';
import { MAX_RTP_PACKET_BYTES, RTP_HEADER_BYTES, writePadding, writeRtx } from '../media/rtp.ts';
import type { OutgoingVideo } from './outgoing-track.ts';
import type { OutgoingPacket } from './rtp-stream.ts';

const INTERVAL_MS = 20;
/** What is owed at most, so that a late timer makes no burst. */
const LONGEST_DEBT_MS = 60;

export interface BallastOptions {
  out: OutgoingVideo;
  /** In all, bit/s without headers; 0 ends it. */
  rateBps: (nowMs: number) => number;
  /** Bytes sent so far without headers, ballast included. */
  sentOctets: () => number;
  send: (track: Track, packet: Buffer) => void;
  onSent: (octets: number) => void;
}

export class Ballast {
  readonly #timer: NodeJS.Timeout;
  readonly #frame: OutgoingPacket[];
  readonly #scratch = Buffer.alloc(MAX_RTP_PACKET_BYTES + 2);
  #next = 0;
  #atMs = performance.now();
  #octetsBefore: number;
  #debt = 0;
  ended = false;

  constructor(private readonly options: BallastOptions) {
    this.#frame = options.out.stream.settledFrame();
    this.#octetsBefore = options.sentOctets();
    this.#timer = setInterval(() => this.#step(), INTERVAL_MS);
  }

  close(): void {
    this.ended = true;
    clearInterval(this.#timer);
  }

  #step(): void {
    const nowMs = performance.now();
    const rateBps = this.options.rateBps(nowMs);
    if (rateBps === 0) {
      this.close();
      return;
    }
    const octets = this.options.sentOctets();
    const bytesPerMs = rateBps / 8000;
    this.#debt += (nowMs - this.#atMs) * bytesPerMs - (octets - this.#octetsBefore);
    this.#debt = Math.max(-2000, Math.min(this.#debt, LONGEST_DEBT_MS * bytesPerMs));
    this.#atMs = nowMs;
    while (this.#debt > 0) {
      const packet = this.#packet();
      if (!packet) break;
      this.options.send(this.options.out.track, packet);
      this.options.onSent(packet.length - RTP_HEADER_BYTES);
      this.#debt -= packet.length - RTP_HEADER_BYTES;
    }
    this.#octetsBefore = this.options.sentOctets();
  }

  #packet(): Buffer | undefined {
    const { rtx, stream } = this.options.out;
    if (!rtx) return undefined;
    const item = this.#frame[this.#next++ % Math.max(1, this.#frame.length)];
    if (!item) return writePadding(this.#scratch, rtx.payloadType, rtx.sequence++, stream.options.offsetTicks, rtx.ssrc);
    return writeRtx(this.#scratch, item.packet, item.sequence, rtx.payloadType, rtx.sequence++, item.ticks, rtx.ssrc);
  }
}
