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
/** Two tracks of one encoder's sound meet within this, in parts of a second. */
const SEAM_SECONDS = 0.001;
/** A successor that falls behind by more than this is not waited for. */
const LONGEST_HOLD_SECONDS = 0.2;
/** A frame of this age has been put together by the receiver; what is sent again of it changes nothing there. */
const SETTLED_SECONDS = 0.3;

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
  #successor: PacketRing | undefined;

  constructor(readonly options: RtpStreamOptions) {
    this.#nextSequence = options.firstSequence + 0x10000;
  }

  /** The ring it follows now. */
  get ring(): PacketRing | undefined {
    return this.#stretches[0]?.ring;
  }

  /** The ring it will change to, see {@link continueWith}. */
  get successor(): PacketRing | undefined {
    return this.#successor;
  }

  get paused(): boolean {
    return this.#paused;
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
    this.#successor = undefined;
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

  /** Changes to another ring of the same sound where its packets begin at the end of what was sent: no sample twice, none missing. */
  continueWith(ring: PacketRing): void {
    this.#successor = ring === this.ring ? undefined : ring;
  }

  /** The next packet to send, with its numbers; undefined when there is none. It counts as sent. */
  next(): OutgoingPacket | undefined {
    if (this.#successor && this.#heldForSuccessor(this.#successor)) return undefined;
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

  /**
   * Packets of one frame that the receiver has had for a while (all of one timestamp), to be sent again as ballast; empty when there are none.
   * The newest keyframe: the frame of most packets.
   */
  settledFrame(): OutgoingPacket[] {
    const stretch = this.#stretches[0];
    const key = stretch?.ring.keyIndex ?? -1;
    const first = stretch?.ring.get(key);
    if (!stretch || !first || key < stretch.firstSequence - stretch.shift) return [];
    if (stretch.ring.headTicks - first.ticks < SETTLED_SECONDS * this.options.clockHz) return [];
    const out: OutgoingPacket[] = [];
    for (let index = key; index < this.#cursor; index++) {
      const item = stretch.ring.get(index);
      if (!item || item.ticks !== first.ticks) break;
      out.push(this.#number(stretch, index, item));
    }
    return out;
  }

  /** Whether a packet was sent before the present ring was followed; by the 16-bit sequence number of a NACK. */
  isOfBefore(sequence16: number): boolean {
    return unwrapSequence(sequence16, this.#nextSequence - 1) < (this.#stretches[0]?.firstSequence ?? 0);
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

  /** Changes to the successor when its turn has come. @returns whether nothing is to be sent before that */
  #heldForSuccessor(successor: PacketRing): boolean {
    const ring = this.ring;
    if (!ring || this.#lastTicks < 0 || successor.head === 0 || successor.unitTicks === 0) {
      this.follow(successor, successor.head, false);
      return false;
    }
    const seam = SEAM_SECONDS * this.options.clockHz;
    const next = ring.get(this.#cursor);
    // A hole in what it follows now (a mixer's restart) is the same hole in the other.
    const fromTicks = Math.max(this.#lastTicks + ring.unitTicks, next?.ticks ?? 0);
    const units = Math.ceil((fromTicks - seam - successor.headTicks) / successor.unitTicks);
    const beginsTicks = successor.headTicks + units * successor.unitTicks;
    const begin = units <= 0 ? successor.head - 1 + units : -1;
    const found = successor.get(begin);
    // Later by a whole packet of the present ring: that one goes first. By less (another phase): a hole of less than a packet is the smaller evil.
    if (beginsTicks < fromTicks + Math.max(seam, ring.unitTicks - seam)) {
      if (found) this.follow(successor, begin, false);
      else if (ring.headTicks - successor.headTicks > LONGEST_HOLD_SECONDS * this.options.clockHz) this.#successor = undefined;
      else return true;
    }
    return false;
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
