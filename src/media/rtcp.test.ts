import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRtcp, ntpTime, parseRtcp, roundTripMs, senderReport } from './rtcp.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('parseRtcp', () => {
  it('reads a NACK with its mask', () => {
    expect(parseRtcp(hex('81cd0003 00000001 000000aa fffe0005'))).toEqual([{ kind: 'nack', ssrc: 0xaa, sequences: [0xfffe, 0xffff, 1] }]);
  });

  it('reads PLI, FIR and REMB', () => {
    expect(parseRtcp(hex('81ce0002 00000001 000000aa'))).toEqual([{ kind: 'keyframe', ssrc: 0xaa }]);
    expect(parseRtcp(hex('84ce0004 00000001 00000000 000000bb 01000000'))).toEqual([{ kind: 'keyframe', ssrc: 0xbb }]);
    expect(parseRtcp(hex('8fce0005 00000001 00000000 52454d42 010927c0 000000aa'))).toEqual([{ kind: 'remb', bitrateBps: 75_712 * 4 }]);
  });

  it('reads the reports of a compound packet and goes on behind them', () => {
    const compound = Buffer.concat([hex('81c90007 00000001 000000aa 40000005 00001000 00000010 12345678 00010000'), hex('81ce0002 00000001 000000aa')]);

    expect(parseRtcp(compound)).toEqual([
      { kind: 'report', ssrc: 0xaa, fractionLost: 0.25, cumulativeLost: 5, highestSequence: 0x1000, lastSenderReport: 0x12345678, delaySinceLastSenderReport: 65536 },
      { kind: 'keyframe', ssrc: 0xaa },
    ]);
  });

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseRtcp(Buffer.from(bytes))));
  });
});

describe('senderReport', () => {
  it('pairs wall clock and RTP time and names the source', () => {
    const report = senderReport(0xaa, 1_700_000_000_500, 0x1_0000_0007, 12, 3456, 'tessera');

    expect(isRtcp(report)).toBe(true);
    expect(report.length % 4).toBe(0);
    expect(report.readUInt32BE(8)).toBe(1_700_000_000 + 2_208_988_800);
    expect(report.readUInt32BE(12)).toBe(0x80000000);
    expect(report.readUInt32BE(16)).toBe(7);
    expect(report.toString('latin1', 38, 45)).toBe('tessera');
    expect(4 * (report.readUInt16BE(30) + 1)).toBe(report.length - 28);
  });

  it('lets the round trip be told from the answer', () => {
    const sentAt = 1_700_000_000_000;
    const { seconds, fraction } = ntpTime(sentAt);
    const lastSenderReport = ((seconds & 0xffff) * 65536 + (fraction >>> 16)) >>> 0;
    const answer = { kind: 'report', ssrc: 1, fractionLost: 0, cumulativeLost: 0, highestSequence: 0, lastSenderReport, delaySinceLastSenderReport: 6554 } as const;

    expect(roundTripMs(answer, sentAt + 150)).toBeCloseTo(50, 0);
    expect(roundTripMs({ ...answer, lastSenderReport: 0 }, sentAt)).toBeUndefined();
  });
});
