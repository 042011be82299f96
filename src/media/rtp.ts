/** RTP packets (RFC 3550 §5.1): our own writer and the arithmetic around sequence numbers and timestamps. */
import { NS_PER_SECOND } from '../domain/programme-time.ts';

export const RTP_HEADER_BYTES = 12;
export const VIDEO_CLOCK_HZ = 90_000;
export const AUDIO_CLOCK_HZ = 48_000;
/** Largest RTP packet made: 1200 bytes of UDP payload less SRTP's tag (10) and an RTX sequence number (2), rounded down. */
export const MAX_RTP_PACKET_BYTES = 1184;

/** What one byte can count, rounded down to whole words. */
const MAX_PADDING_BYTES = 252;

/**
 * Programme time as RTP ticks, not wrapped: subtract and compare freely, wrap when writing.
 * Rounded to the nearest tick, so the frames of a grid keep whole distances (3000 ticks at 30 fps).
 */
export function rtpTicks(timeNs: bigint, clockHz: number): number {
  return Number((timeNs * BigInt(clockHz) + NS_PER_SECOND / 2n) / NS_PER_SECOND);
}

/** Room for the header at the front of `packet`; only the marker bit is set now, the rest by {@link stampRtpHeader}. */
export function writeRtpMarker(packet: Buffer, marker: boolean): void {
  packet[0] = 0x80;
  packet[1] = marker ? 0x80 : 0;
}

/** Puts one viewer's numbers into a shared packet, in place; the marker bit stays. `sequence` and `ticks` may be unwrapped, `ticks` not negative. */
export function stampRtpHeader(packet: Buffer, payloadType: number, sequence: number, ticks: number, ssrc: number): void {
  packet[1] = ((packet[1] as number) & 0x80) | payloadType;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(ticks % 0x1_0000_0000, 4);
  packet.writeUInt32BE(ssrc, 8);
}

/** The unwrapped number nearest below or at `next` whose low 16 bits are `sequence`. */
export function unwrapSequence(sequence: number, next: number): number {
  return next - ((next - sequence) & 0xffff);
}

/**
 * A retransmission packet (RFC 4588 §4): the original's header with RTX's numbers, the original sequence number, the payload.
 * @returns a view of `out`, which must hold 2 bytes more than `packet`
 */
export function writeRtx(out: Buffer, packet: Buffer, originalSequence: number, payloadType: number, sequence: number, ticks: number, ssrc: number): Buffer {
  packet.copy(out, 0, 0, RTP_HEADER_BYTES);
  stampRtpHeader(out, payloadType, sequence, ticks, ssrc);
  out.writeUInt16BE(originalSequence & 0xffff, RTP_HEADER_BYTES);
  packet.copy(out, RTP_HEADER_BYTES + 2, RTP_HEADER_BYTES);
  return out.subarray(0, packet.length + 2);
}

/**
 * A packet of nothing but padding on a retransmission stream (RFC 3550 §5.1: the last byte counts the padding): ballast that no decoder sees.
 * @returns a view of `out`
 */
export function writePadding(out: Buffer, payloadType: number, sequence: number, ticks: number, ssrc: number): Buffer {
  out.fill(0, 0, RTP_HEADER_BYTES + MAX_PADDING_BYTES);
  out[0] = 0xa0;
  stampRtpHeader(out, payloadType, sequence, ticks, ssrc);
  out[RTP_HEADER_BYTES + MAX_PADDING_BYTES - 1] = MAX_PADDING_BYTES;
  return out.subarray(0, RTP_HEADER_BYTES + MAX_PADDING_BYTES);
}
