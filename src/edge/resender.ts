/**
 * What a viewer asks for again (NACK, RFC 4585 §6.2.1): answered from the shared rings within budgets, over the retransmission stream (RFC 4588)
 * where there is one.
 */
import type { Track } from 'node-datachannel';
import type { VideoRendition } from '../domain/rendition.ts';
import { MAX_RTP_PACKET_BYTES, stampRtpHeader, writeRtx } from '../media/rtp.ts';
import type { OutgoingTrack, OutgoingVideo } from './outgoing-track.ts';
import type { OutgoingPacket } from './rtp-stream.ts';
import { TokenBucket } from './token-bucket.ts';
import type { ViewerCounters } from './viewer-counters.ts';

/** What is sent again may take as much as the picture itself for a moment, and a share of it in the long run. */
const RESEND_BYTES_PER_SECOND: Record<VideoRendition, number> = { high: 125_000, mid: 60_000, low: 8_000 };
const RESEND_BURST_BYTES: Record<VideoRendition, number> = { high: 128_000, mid: 64_000, low: 12_000 };
/** Lost packets looked up for it, some times what `high` sends in all: one message can name 5,000. */
const LOOKED_UP_PER_SECOND = 1500;
const LOOKED_UP_AT_ONCE = 3000;

export interface ResenderOptions {
  counters: Pick<ViewerCounters, 'nacked' | 'resent' | 'notResent'>;
  send: (track: Track, packet: Buffer) => void;
  /** Whether a packet of the picture, by its 16-bit sequence number, is of no use to the viewer any more. */
  isUseless: (sequence: number) => boolean;
}

export class Resender {
  #budget: TokenBucket;
  readonly #lookUpBudget: TokenBucket;
  readonly #scratch = Buffer.alloc(MAX_RTP_PACKET_BYTES + 2);
  #highestAsked: number | undefined;
  #newlyAsked = 0;

  constructor(
    private readonly options: ResenderOptions,
    nowMs: number,
  ) {
    this.#budget = budgetFor('mid', nowMs);
    this.#lookUpBudget = new TokenBucket(LOOKED_UP_PER_SECOND, LOOKED_UP_AT_ONCE, nowMs);
  }

  /** The viewer has begun to get this rendition. */
  budgetOf(rendition: VideoRendition, nowMs: number): void {
    this.#budget = budgetFor(rendition, nowMs);
  }

  /** Packets of the picture asked for again for the first time since the last call: each loss once, however often it is asked for. */
  takeNewlyAsked(): number {
    const count = this.#newlyAsked;
    this.#newlyAsked = 0;
    return count;
  }

  picture(out: OutgoingVideo, sequences: readonly number[], nowMs: number): void {
    if (!this.#mayLookUp(sequences, nowMs)) return;
    this.#countNew(sequences);
    const { rtx } = out;
    for (const sequence of sequences) {
      if (this.options.isUseless(sequence)) {
        this.options.counters.notResent++;
        continue;
      }
      const item = this.#item(out, sequence, nowMs);
      if (!item) continue;
      if (rtx) this.options.send(out.track, writeRtx(this.#scratch, item.packet, item.sequence, rtx.payloadType, rtx.sequence++, item.ticks, rtx.ssrc));
      else this.#sendPlain(out, item);
    }
  }

  sound(out: OutgoingTrack, sequences: readonly number[], nowMs: number): void {
    if (!this.#mayLookUp(sequences, nowMs)) return;
    for (const sequence of sequences) {
      const item = this.#item(out, sequence, nowMs);
      if (item) this.#sendPlain(out, item);
    }
  }

  #mayLookUp(sequences: readonly number[], nowMs: number): boolean {
    const { counters } = this.options;
    counters.nacked += sequences.length;
    if (this.#lookUpBudget.take(sequences.length, nowMs)) return true;
    counters.notResent += sequences.length;
    return false;
  }

  /** Counts it as sent. */
  #item(out: OutgoingTrack, sequence: number, nowMs: number): OutgoingPacket | undefined {
    const item = out.stream.sent(sequence);
    if (!item || !this.#budget.take(item.packet.length, nowMs)) {
      this.options.counters.notResent++;
      return undefined;
    }
    this.options.counters.resent++;
    return item;
  }

  #sendPlain(out: OutgoingTrack, item: OutgoingPacket): void {
    const { payloadType, ssrc } = out.stream.options;
    stampRtpHeader(item.packet, payloadType, item.sequence, item.ticks, ssrc);
    this.options.send(out.track, item.packet);
  }

  #countNew(sequences: readonly number[]): void {
    for (const sequence of sequences) {
      const ahead = this.#highestAsked === undefined ? 1 : (sequence - this.#highestAsked) & 0xffff;
      if (ahead === 0 || ahead >= 0x8000) continue;
      this.#highestAsked = sequence;
      this.#newlyAsked++;
    }
  }
}

function budgetFor(rendition: VideoRendition, nowMs: number): TokenBucket {
  return new TokenBucket(RESEND_BYTES_PER_SECOND[rendition], RESEND_BURST_BYTES[rendition], nowMs);
}
