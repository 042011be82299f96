/** What a receiver tells its sender, as RTCP packets (RFC 3550 §6.4.2, RFC 4585 §6.2.1, draft-alvestrand-rmcat-remb §2.2). */
const OWN_SSRC = 1;

/** Nothing lost, no sender report seen. */
export function receiverReport(ssrc: number, highestSequence: number): Buffer {
  const out = Buffer.alloc(32);
  head(out, 1, 201);
  out.writeUInt32BE(ssrc, 8);
  out.writeUInt32BE(highestSequence >>> 0, 16);
  return out;
}

export function negativeAck(ssrc: number, sequence: number): Buffer {
  const out = Buffer.alloc(16);
  head(out, 1, 205);
  out.writeUInt32BE(ssrc, 8);
  out.writeUInt16BE(sequence, 12);
  return out;
}

export function bandwidthEstimate(ssrc: number, bitrateBps: number): Buffer {
  const out = Buffer.alloc(24);
  head(out, 15, 206);
  out.write('REMB', 12, 'latin1');
  const exponent = Math.max(0, Math.ceil(Math.log2(bitrateBps)) - 18);
  out[16] = 1;
  out.writeUIntBE((exponent << 18) | Math.floor(bitrateBps / 2 ** exponent), 17, 3);
  out.writeUInt32BE(ssrc, 20);
  return out;
}

function head(out: Buffer, count: number, type: number): void {
  out[0] = 0x80 | count;
  out[1] = type;
  out.writeUInt16BE(out.length / 4 - 1, 2);
  out.writeUInt32BE(OWN_SSRC, 4);
}
