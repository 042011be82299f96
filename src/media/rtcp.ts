/** RTCP (RFC 3550 §6, RFC 4585, REMB draft-alvestrand-rmcat-remb): what viewers tell us, and our sender reports. */

const RTCP_SR = 200;
const RTCP_RR = 201;
const RTCP_SDES = 202;
const RTCP_BYE = 203;
const RTCP_RTPFB = 205;
const RTCP_PSFB = 206;
/** Seconds between 1900 and 1970. */
const NTP_UNIX_OFFSET_SECONDS = 2_208_988_800;

export interface ReceptionReport {
  kind: 'report';
  /** The stream it is about. */
  ssrc: number;
  /** 0…1 since the report before. */
  fractionLost: number;
  /** Since the beginning; signed (duplicates count against it). */
  cumulativeLost: number;
  /** Extended: with the count of wraps in its upper half. */
  highestSequence: number;
  /** Middle 32 bits of the last sender report's NTP time, 0 when none came yet. */
  lastSenderReport: number;
  /** Since that report came, in units of 1/65536 s. */
  delaySinceLastSenderReport: number;
}

export type RtcpFeedback =
  | ReceptionReport
  | { kind: 'nack'; ssrc: number; sequences: number[] }
  | { kind: 'keyframe'; ssrc: number }
  | { kind: 'remb'; bitrateBps: number }
  | { kind: 'bye' };

export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1];
  return packet.length >= 8 && type !== undefined && type >= 192 && type <= 223;
}

/** Everything we act on in a compound packet; the rest, and what is cut short, is passed over. */
export function parseRtcp(compound: Buffer): RtcpFeedback[] {
  const out: RtcpFeedback[] = [];
  let at = 0;
  while (at + 8 <= compound.length) {
    const count = (compound[at] as number) & 0x1f;
    const type = compound[at + 1] as number;
    const end = at + 4 * (compound.readUInt16BE(at + 2) + 1);
    if ((compound[at] as number) >> 6 !== 2 || end > compound.length) break;
    const packet = compound.subarray(at, end);
    at = end;
    if (type === RTCP_SR || type === RTCP_RR) parseReports(packet, type === RTCP_SR ? 28 : 8, count, out);
    else if (type === RTCP_BYE) out.push({ kind: 'bye' });
    else if (type === RTCP_RTPFB && count === 1) parseNack(packet, out);
    else if (type === RTCP_PSFB) parsePayloadFeedback(packet, count, out);
  }
  return out;
}

function parseReports(packet: Buffer, from: number, count: number, out: RtcpFeedback[]): void {
  for (let at = from, i = 0; i < count && at + 24 <= packet.length; i++, at += 24)
    out.push({
      kind: 'report',
      ssrc: packet.readUInt32BE(at),
      fractionLost: (packet[at + 4] as number) / 256,
      cumulativeLost: packet.readIntBE(at + 5, 3),
      highestSequence: packet.readUInt32BE(at + 8),
      lastSenderReport: packet.readUInt32BE(at + 16),
      delaySinceLastSenderReport: packet.readUInt32BE(at + 20),
    });
}

function parseNack(packet: Buffer, out: RtcpFeedback[]): void {
  if (packet.length < 12) return;
  const sequences: number[] = [];
  for (let at = 12; at + 4 <= packet.length; at += 4) {
    const first = packet.readUInt16BE(at);
    const mask = packet.readUInt16BE(at + 2);
    sequences.push(first);
    for (let bit = 0; bit < 16; bit++) if ((mask >> bit) & 1) sequences.push((first + bit + 1) & 0xffff);
  }
  out.push({ kind: 'nack', ssrc: packet.readUInt32BE(8), sequences });
}

function parsePayloadFeedback(packet: Buffer, format: number, out: RtcpFeedback[]): void {
  if (packet.length < 12) return;
  if (format === 1) out.push({ kind: 'keyframe', ssrc: packet.readUInt32BE(8) });
  else if (format === 4 && packet.length >= 16) out.push({ kind: 'keyframe', ssrc: packet.readUInt32BE(12) });
  else if (format === 15 && packet.length >= 20 && packet.toString('latin1', 12, 16) === 'REMB') {
    const packed = packet.readUIntBE(17, 3);
    out.push({ kind: 'remb', bitrateBps: (packed & 0x3ffff) * 2 ** (packed >> 18) });
  }
}

/** NTP's seconds and fraction for a wall clock time in ms since 1970 (fractions of a ms count). */
export function ntpTime(unixMs: number): { seconds: number; fraction: number } {
  const whole = Math.floor(unixMs / 1000);
  return { seconds: (whole + NTP_UNIX_OFFSET_SECONDS) % 2 ** 32, fraction: Math.floor(((unixMs - whole * 1000) / 1000) * 2 ** 32) };
}

/** Round trip from a reception report, in ms; undefined when the viewer had no sender report yet. */
export function roundTripMs(report: ReceptionReport, nowUnixMs: number): number | undefined {
  if (report.lastSenderReport === 0) return undefined;
  const now = ntpTime(nowUnixMs);
  const middle = ((now.seconds & 0xffff) * 65536 + Math.floor(now.fraction / 65536)) >>> 0;
  const units = (middle - report.lastSenderReport - report.delaySinceLastSenderReport) >>> 0;
  return units > 0x7fffffff ? 0 : (units * 1000) / 65536;
}

/** A sender report with SDES CNAME (RFC 3550 §6.4.1, §6.5): `ticks` is the stream's RTP time at `unixMs`. */
export function senderReport(ssrc: number, unixMs: number, ticks: number, packets: number, octets: number, cname: string): Buffer {
  const name = Buffer.from(cname, 'latin1');
  const sdesBytes = 8 + Math.ceil((2 + name.length + 1) / 4) * 4;
  const out = Buffer.alloc(28 + sdesBytes);
  const ntp = ntpTime(unixMs);
  out[0] = 0x80;
  out[1] = RTCP_SR;
  out.writeUInt16BE(6, 2);
  out.writeUInt32BE(ssrc, 4);
  out.writeUInt32BE(ntp.seconds, 8);
  out.writeUInt32BE(ntp.fraction, 12);
  out.writeUInt32BE(ticks % 0x1_0000_0000, 16);
  out.writeUInt32BE(packets % 0x1_0000_0000, 20);
  out.writeUInt32BE(octets % 0x1_0000_0000, 24);
  out[28] = 0x81;
  out[29] = RTCP_SDES;
  out.writeUInt16BE(sdesBytes / 4 - 1, 30);
  out.writeUInt32BE(ssrc, 32);
  out[36] = 1;
  out[37] = name.length;
  name.copy(out, 38);
  return out;
}
