/** Tells when a first whole keyframe has come, from RTP packets of H.264 (RFC 6184) in their order. */
const NAL_IDR = 5;
const FU_A = 28;

export class KeyframeWatch {
  #within = false;

  /** @returns true for the packet that completes a keyframe that was seen from its beginning */
  packet(packet: Buffer): boolean {
    const header = 12 + 4 * ((packet[0] as number) & 15);
    const at = (packet[0] as number) & 0x10 ? header + 4 + 4 * packet.readUInt16BE(header + 2) : header;
    const type = (packet[at] as number) & 0x1f;
    const fragment = packet[at + 1] as number;
    if (type === NAL_IDR || (type === FU_A && (fragment & 0x80) !== 0 && (fragment & 0x1f) === NAL_IDR)) this.#within = true;
    return this.#within && ((packet[1] as number) & 0x80) !== 0;
  }
}
