/**
 * Reads what gdppay puts before an appsink: the GStreamer Data Protocol 1.0, a 62-byte header per packet.
 * The binding hands out bytes only; the header carries the timestamps (docs/field-notes.md).
 */
const HEADER_BYTES = 62;
const TYPE_BUFFER = 1;
const TYPE_CAPS = 2;
const FLAG_DELTA_UNIT = 0x2000;
const NONE = 0xffffffffffffffffn;
/** x264enc adds 1000 hours to running time, so that decode times of reordered streams never get negative. */
export const X264_OFFSET_NS = 3_600_000n * 1_000_000_000n;

export type GdpPacket =
  | { kind: 'buffer'; ptsNs: bigint | undefined; durationNs: bigint | undefined; key: boolean; data: Buffer }
  | { kind: 'caps'; caps: string }
  | { kind: 'other' };

/**
 * Splits one appsink buffer into its packets; events may stand before a buffer.
 * `data` is a view of `chunk`. Timestamps are running time plus the encoder's offset, in ns.
 * @throws RangeError when a packet is cut short
 */
export function readGdp(chunk: Buffer): GdpPacket[] {
  const packets: GdpPacket[] = [];
  let at = 0;
  while (at < chunk.length) {
    if (chunk.length - at < HEADER_BYTES) throw new RangeError('GDP header is cut short');
    const type = chunk.readUInt16BE(at + 4);
    const length = chunk.readUInt32BE(at + 6);
    const end = at + HEADER_BYTES + length;
    if (end > chunk.length) throw new RangeError('GDP payload is cut short');
    const payload = chunk.subarray(at + HEADER_BYTES, end);
    if (type === TYPE_BUFFER) {
      const pts = chunk.readBigUInt64BE(at + 10);
      const duration = chunk.readBigUInt64BE(at + 18);
      packets.push({
        kind: 'buffer',
        ptsNs: pts === NONE ? undefined : pts,
        durationNs: duration === NONE ? undefined : duration,
        key: (chunk.readUInt16BE(at + 42) & FLAG_DELTA_UNIT) === 0,
        data: payload,
      });
    } else if (type === TYPE_CAPS) {
      packets.push({ kind: 'caps', caps: payload.toString('utf8').replace(/\0+$/, '') });
    } else {
      packets.push({ kind: 'other' });
    }
    at = end;
  }
  return packets;
}

/** `codec_data` of a caps string (avcC, AudioSpecificConfig), or undefined. */
export function codecData(caps: string): Buffer | undefined {
  const found = /codec_data=\(buffer\)([0-9a-fA-F]+)/.exec(caps);
  return found ? Buffer.from(found[1] as string, 'hex') : undefined;
}

/** Running time of a video unit. */
export function withoutX264Offset(ptsNs: bigint): bigint {
  return ptsNs >= X264_OFFSET_NS ? ptsNs - X264_OFFSET_NS : ptsNs;
}
