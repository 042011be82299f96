/** Packets of one track, numbered from 0, shared by all its viewers: live sending, late starts and retransmission read here. */
export interface RingPacket {
  /** Whole RTP packet; its header is overwritten for each viewer before sending. */
  packet: Buffer;
  /** Unwrapped RTP time in the track's clock, counted from programme time 0. */
  ticks: number;
}

export class PacketRing {
  /** Number of the next packet. */
  head = 0;
  /** First packet of the newest keyframe; -1 before the first. */
  #keyHead = -1;
  /** RTP time of the newest unit. */
  headTicks = 0;
  /** How long the newest unit lasts. */
  unitTicks = 0;
  readonly #slots: (RingPacket | undefined)[];

  /** @param capacity packets kept; the oldest go first. 2048 are 7 s of a 2.5 Mbps stream. */
  constructor(readonly capacity: number) {
    this.#slots = new Array<RingPacket | undefined>(capacity);
  }

  push(packets: readonly Buffer[], ticks: number, key: boolean, unitTicks = 0): void {
    if (packets.length === 0) return;
    if (key) this.#keyHead = this.head;
    for (const packet of packets) {
      this.#slots[this.head % this.capacity] = { packet, ticks };
      this.head++;
    }
    this.headTicks = ticks;
    this.unitTicks = unitTicks;
  }

  /** @returns undefined when it is gone or not yet there */
  get(index: number): RingPacket | undefined {
    if (index < 0 || index >= this.head || index < this.head - this.capacity) return undefined;
    return this.#slots[index % this.capacity];
  }

  /** First packet of the newest keyframe, while the ring still holds it; otherwise -1. */
  get keyIndex(): number {
    return this.#keyHead >= 0 && this.#keyHead >= this.head - this.capacity ? this.#keyHead : -1;
  }

  /** From the newest keyframe to the newest unit, in ticks; undefined when the ring holds none. */
  get keyAgeTicks(): number | undefined {
    const key = this.get(this.keyIndex);
    return key && this.headTicks - key.ticks;
  }
}
