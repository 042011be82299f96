import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nalUnits, packetiseH264, packetiseOpus, parameterSets } from './rtp-h264.ts';
import { MAX_RTP_PACKET_BYTES, RTP_HEADER_BYTES } from './rtp.ts';

const nal = (type: number, length: number, importance = 0x60): Buffer => {
  const out = Buffer.alloc(length, type);
  out[0] = importance | type;
  return out;
};
const avc = (...nals: Buffer[]): Buffer =>
  Buffer.concat(
    nals.flatMap((n) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(n.length);
      return [length, n];
    }),
  );

/** What a receiver does (RFC 6184 §5): payloads back to NAL units. */
function depacketise(packets: readonly Buffer[]): Buffer[] {
  const out: Buffer[] = [];
  let open: Buffer[] = [];
  for (const packet of packets) {
    const payload = packet.subarray(RTP_HEADER_BYTES);
    const type = (payload[0] as number) & 0x1f;
    if (type === 24)
      for (let at = 1; at < payload.length; ) {
        const length = payload.readUInt16BE(at);
        out.push(payload.subarray(at + 2, at + 2 + length));
        at += 2 + length;
      }
    else if (type === 28) {
      const head = payload[1] as number;
      if (head & 0x80) open = [Buffer.from([((payload[0] as number) & 0xe0) | (head & 0x1f)])];
      open.push(payload.subarray(2));
      if (head & 0x40) out.push(Buffer.concat(open));
    } else out.push(payload);
  }
  return out;
}

describe('packetiseH264', () => {
  it('gives back every NAL unit, in packets that fit, with one marker at the end', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(1, 5, 6), fc.integer({ min: 1, max: 9000 })), { minLength: 1, maxLength: 5 }), (shape) => {
        const nals = shape.map(([type, length]) => nal(type, length));

        const packets = packetiseH264(avc(...nals), []);

        expect(depacketise(packets)).toEqual(nals);
        expect(Math.max(...packets.map((packet) => packet.length))).toBeLessThanOrEqual(MAX_RTP_PACKET_BYTES);
        expect(packets.map((p) => (p[1] as number) >> 7)).toEqual(packets.map((_, i) => (i === packets.length - 1 ? 1 : 0)));
      }),
    );
  });

  it('puts the parameter sets in one STAP-A before an IDR, and nowhere else', () => {
    const sets = [nal(7, 20), nal(8, 5)];

    const idr = packetiseH264(avc(nal(7, 30), nal(5, 5000)), sets);
    const other = packetiseH264(avc(nal(1, 5000)), sets);

    expect((idr[0]?.[RTP_HEADER_BYTES] as number) & 0x1f).toBe(24);
    expect(depacketise(idr)).toEqual([...sets, nal(5, 5000)]);
    expect(depacketise(other)).toEqual([nal(1, 5000)]);
  });

  it('leaves delimiters and filler out', () => {
    expect(nalUnits(avc(nal(9, 2), nal(1, 10), nal(12, 100)))).toEqual([nal(1, 10)]);
  });

  it('refuses a unit whose length runs over its end', () => {
    expect(() => packetiseH264(avc(nal(1, 10)).subarray(0, 9), [])).toThrow(RangeError);
  });
});

describe('parameterSets', () => {
  it('reads SPS and PPS from an avcC and refuses one that is cut', () => {
    const sps = nal(7, 6);
    const pps = nal(8, 4);
    const avcC = Buffer.concat([Buffer.from([1, 0x42, 0xc0, 31, 0xff, 0xe1, 0, 6]), sps, Buffer.from([1, 0, 4]), pps]);

    expect(parameterSets(avcC)).toEqual([sps, pps]);
    for (let length = 0; length < avcC.length; length++) expect(() => parameterSets(avcC.subarray(0, length))).toThrow(RangeError);
  });
});

describe('packetiseOpus', () => {
  it('is the packet behind a header, without marker', () => {
    const packet = packetiseOpus(Buffer.from([1, 2, 3]));

    expect(packet.subarray(RTP_HEADER_BYTES)).toEqual(Buffer.from([1, 2, 3]));
    expect(packet[1]).toBe(0);
  });
});
