/**
 * One viewer's RTP stream of one kind (video or audio): which shared packets it gets, under which numbers. Sequence numbers
 * run on over changes of rendition; timestamps are programme time plus a random offset, so they survive a mixer's restart.
 * Decides only; sending is the viewer's.
 */
import { unwrapSequence } from '../media/rtp.ts';
import type { PacketRing, RingPacket } from './packet-ring.ts';

/** How far back in timestamps a start from the cache reaches; a jitter buffer would take more for network delay and keep it. */
const CATCH_UP_SECONDS = 0.1;
const KEPT_STRETCHES = 4;

/** A run of packets of one ring: sequence number = packet number + shift. */
interface Stretch {
  ring: PacketRing;
  firstSequence: number;
  shift: number;
  /** Packets older than this have their distance to it multiplied by `squeeze`. */
  liveTicks: number;
  squeeze: number;
  /** The first packet's time, and the time up to which the stretch before it reached: nothing may go back behind that. */
  firstTicks: number;
  floorTicks: number;
}

export interface OutgoingPacket {
  packet: Buffer;
  /** Unwrapped. */
  sequence: number;
  ticks: number;
}

export interface RtpStreamOptions {
  ssrc: number;
  payloadType: number;
  clockHz: number;
  /** Random start of the sequence numbers, 16 bits. */
  firstSequence: number;
  /** Random offset of the timestamps, 32 bits. */
  offsetTicks: number;
}

export class RtpStream {
  packetsSent = 0;
  octetsSent = 0;
  /** Packets that were overwritten before they could be sent. */
  overrun = 0;
  #nextSequence: number;
  #stretches: Stretch[] = [];
  /** Next packet of the newest stretch's ring. */
  #cursor = 0;
  #lastTicks = -1;
  #paused = false;

  constructor(readonly options: RtpStreamOptions) {
    this.#nextSequence = options.firstSequence + 0x10000;
  }

  /** The ring it follows now. */
  get ring(): PacketRing | undefined {
    return this.#stretches[0]?.ring;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Packets that wait for sending. */
  get backlog(): number {
    const ring = this.ring;
    return ring && !this.#paused ? ring.head - this.#cursor : 0;
  }

  /** Sends nothing more until {@link follow}; what was sent can still be sent again. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Follows `ring` from packet `index` on. What is older than the ring's newest unit gets its timestamps squeezed into a
   * tenth of a second before that, when `catchUp` is set (a start); a change of rendition begins at a live keyframe.
   */
  follow(ring: PacketRing, index: number, catchUp: boolean): void {
    const first = ring.get(index);
    const liveTicks = ring.headTicks;
    const span = first ? liveTicks - first.ticks : 0;
    const squeeze = catchUp && span > 0 ? Math.min(1, (this.options.clockHz * CATCH_UP_SECONDS) / span) : 1;
    this.#stretches.unshift({
      ring,
      firstSequence: this.#nextSequence,
      shift: this.#nextSequence - index,
      liveTicks,
      squeeze,
      firstTicks: first?.ticks ?? liveTicks,
      floorTicks: this.#lastTicks,
    });
    this.#paused = false;
    if (this.#stretches.length > KEPT_STRETCHES) this.#stretches.pop();
    this.#cursor = index;
  }

  /** The next packet to send, with its numbers; undefined when there is none. It counts as sent. */
  next(): OutgoingPacket | undefined {
    const stretch = this.#stretches[0];
    if (!stretch || this.#paused || this.#cursor >= stretch.ring.head) return undefined;
    let item = stretch.ring.get(this.#cursor);
    if (!item) {
      // Overrun: the viewer was not served for as long as the ring is. It goes on with the newest keyframe (the gap in
      // sequence numbers stays, so that the receiver knows).
      const resume = stretch.ring.keyIndex >= 0 ? stretch.ring.keyIndex : stretch.ring.head - 1;
      this.overrun += resume - this.#cursor;
      this.#cursor = resume;
      item = stretch.ring.get(resume);
      if (!item) return undefined;
    }
    const out = this.#number(stretch, this.#cursor, item);
    this.#cursor++;
    this.#nextSequence = out.sequence + 1;
    this.#lastTicks = out.ticks - this.options.offsetTicks;
    this.packetsSent++;
    this.octetsSent += item.packet.length - 12;
    return out;
  }

  /** A packet that was sent, by the 16-bit sequence number of a NACK; undefined when it is gone. */
  sent(sequence16: number): OutgoingPacket | undefined {
    const sequence = unwrapSequence(sequence16, this.#nextSequence - 1);
    for (const stretch of this.#stretches) {
      if (sequence < stretch.firstSequence) continue;
      const item = stretch.ring.get(sequence - stretch.shift);
      return item && this.#number(stretch, sequence - stretch.shift, item);
    }
    return undefined;
  }

  /** This viewer's RTP time for a time of the track. */
  ticksAt(ticks: number): number {
    return ticks + this.options.offsetTicks;
  }

  #number(stretch: Stretch, index: number, item: RingPacket): OutgoingPacket {
    const behind = stretch.liveTicks - item.ticks;
    let ticks = behind > 0 && stretch.squeeze < 1 ? stretch.liveTicks - Math.round(behind * stretch.squeeze) : item.ticks;
    // Another rendition's keyframe may be of a frame that was sent already: a second picture of the same time would be taken
    // for the same picture, so it comes a hair later.
    if (ticks <= stretch.floorTicks) ticks = stretch.floorTicks + 1 + Math.max(0, Math.round((item.ticks - stretch.firstTicks) / 100));
    return { packet: item.packet, sequence: index + stretch.shift, ticks: this.ticksAt(ticks) };
  }
}
