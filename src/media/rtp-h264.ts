/** H.264 access units as RTP packets, packetization-mode 1 (RFC 6184): single NAL units, STAP-A for small ones, FU-A for large ones. */
import { MAX_RTP_PACKET_BYTES, RTP_HEADER_BYTES, writeRtpMarker } from './rtp.ts';

const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_PPS = 8;
const NAL_AUD = 9;
const NAL_FILLER = 12;
const STAP_A = 24;
const FU_A = 28;

/**
 * SPS and PPS out of an avcC box's payload (ISO/IEC 14496-15 §5.3.3.1), in its order.
 * @throws RangeError when it is cut short
 */
export function parameterSets(avcC: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    if (at >= avcC.length) throw new RangeError('avcC is too short');
    const count = (avcC[at++] as number) & mask;
    for (let i = 0; i < count; i++) {
      if (at + 2 > avcC.length) throw new RangeError('avcC is too short');
      const length = avcC.readUInt16BE(at);
      at += 2;
      if (length === 0 || at + length > avcC.length) throw new RangeError('avcC is too short');
      sets.push(avcC.subarray(at, at + length));
      at += length;
    }
  }
  return sets;
}

/**
 * NAL units of an access unit in AVC format (4-byte lengths), without delimiters and filler.
 * @throws RangeError when a length runs over the end
 */
export function nalUnits(accessUnit: Buffer): Buffer[] {
  const out: Buffer[] = [];
  let at = 0;
  while (at < accessUnit.length) {
    if (at + 4 > accessUnit.length) throw new RangeError('access unit is cut short');
    const length = accessUnit.readUInt32BE(at);
    at += 4;
    if (at + length > accessUnit.length) throw new RangeError('access unit is cut short');
    if (length > 0) {
      const type = (accessUnit[at] as number) & 0x1f;
      if (type !== NAL_AUD && type !== NAL_FILLER) out.push(accessUnit.subarray(at, at + length));
    }
    at += length;
  }
  return out;
}

/**
 * One access unit as RTP packets: {@link RTP_HEADER_BYTES} free at the front of each (only the marker bit is right), then the
 * payload. An IDR is preceded by the parameter sets, together in a STAP-A, so a viewer can start there.
 * @param sets from {@link parameterSets}; those inside the unit itself are left out then
 */
export function packetiseH264(accessUnit: Buffer, sets: readonly Buffer[], maxPacketBytes = MAX_RTP_PACKET_BYTES): Buffer[] {
  let units = nalUnits(accessUnit);
  if (sets.length > 0 && units.some((nal) => ((nal[0] as number) & 0x1f) === NAL_IDR))
    units = [...sets, ...units.filter((nal) => ![NAL_SPS, NAL_PPS].includes((nal[0] as number) & 0x1f))];
  const room = maxPacketBytes - RTP_HEADER_BYTES;
  const packets: Buffer[] = [];
  let group: Buffer[] = [];
  let groupBytes = 1;
  const flush = (): void => {
    if (group.length === 1) packets.push(singlePacket(group[0] as Buffer));
    else if (group.length > 1) packets.push(aggregate(group, groupBytes));
    group = [];
    groupBytes = 1;
  };
  for (const nal of units) {
    if (nal.length > room) {
      flush();
      fragment(nal, room, packets);
      continue;
    }
    if (groupBytes + 2 + nal.length > room) flush();
    group.push(nal);
    groupBytes += 2 + nal.length;
  }
  flush();
  const last = packets[packets.length - 1];
  if (last) writeRtpMarker(last, true);
  return packets;
}

/** An Opus packet as RTP (RFC 7587): one packet, marker unset (no talk spurts). */
export function packetiseOpus(packet: Buffer): Buffer {
  return singlePacket(packet);
}

function newPacket(payloadBytes: number): Buffer {
  const packet = Buffer.allocUnsafe(RTP_HEADER_BYTES + payloadBytes);
  writeRtpMarker(packet, false);
  return packet;
}

function singlePacket(payload: Buffer): Buffer {
  const packet = newPacket(payload.length);
  payload.copy(packet, RTP_HEADER_BYTES);
  return packet;
}

function aggregate(group: readonly Buffer[], payloadBytes: number): Buffer {
  const packet = newPacket(payloadBytes);
  let importance = 0;
  let at = RTP_HEADER_BYTES + 1;
  for (const nal of group) {
    importance = Math.max(importance, (nal[0] as number) & 0x60);
    packet.writeUInt16BE(nal.length, at);
    nal.copy(packet, at + 2);
    at += 2 + nal.length;
  }
  packet[RTP_HEADER_BYTES] = importance | STAP_A;
  return packet;
}

function fragment(nal: Buffer, room: number, packets: Buffer[]): void {
  const head = nal[0] as number;
  const bytes = nal.length - 1;
  const count = Math.ceil(bytes / (room - 2));
  const each = Math.ceil(bytes / count);
  for (let from = 0; from < bytes; from += each) {
    const length = Math.min(each, bytes - from);
    const packet = newPacket(2 + length);
    packet[RTP_HEADER_BYTES] = (head & 0x60) | FU_A;
    packet[RTP_HEADER_BYTES + 1] = (from === 0 ? 0x80 : 0) | (from + length === bytes ? 0x40 : 0) | (head & 0x1f);
    nal.copy(packet, RTP_HEADER_BYTES + 2, 1 + from, 1 + from + length);
    packets.push(packet);
  }
}
