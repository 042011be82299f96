import { describe, expect, it } from 'vitest';
import { slicesOnly } from './avc-strip.ts';
import { codecData, readGdp, withoutX264Offset, X264_OFFSET_NS } from './gdp.ts';

function packet(type: number, payload: Buffer, pts = 0n, flags = 0): Buffer {
  const head = Buffer.alloc(62);
  head.writeUInt16BE(type, 4);
  head.writeUInt32BE(payload.length, 6);
  head.writeBigUInt64BE(pts, 10);
  head.writeBigUInt64BE(33n, 18);
  head.writeUInt16BE(flags, 42);
  return Buffer.concat([head, payload]);
}

describe('readGdp', () => {
  it('reads events, caps and a buffer out of one chunk', () => {
    const packets = readGdp(Buffer.concat([packet(70, Buffer.alloc(3)), packet(2, Buffer.from('video/x-h264, codec_data=(buffer)0142c0\0')), packet(1, Buffer.from([9]), 7n, 0x2000)]));

    expect(packets.map((p) => p.kind)).toEqual(['other', 'caps', 'buffer']);
    expect(packets[2]).toMatchObject({ ptsNs: 7n, durationNs: 33n, key: false, data: Buffer.from([9]) });
    expect(packets[1]?.kind === 'caps' ? codecData(packets[1].caps) : undefined).toEqual(Buffer.from([1, 0x42, 0xc0]));
  });

  it('knows keyframes and missing timestamps', () => {
    expect(readGdp(packet(1, Buffer.alloc(0), 0xffffffffffffffffn))[0]).toMatchObject({ ptsNs: undefined, key: true });
  });

  it('refuses what is cut short', () => {
    expect(() => readGdp(packet(1, Buffer.alloc(5)).subarray(0, 64))).toThrow(RangeError);
    expect(() => readGdp(Buffer.alloc(10))).toThrow(RangeError);
  });

  it('takes x264enc’s 1000 hours off as a whole', () => {
    expect(withoutX264Offset(X264_OFFSET_NS + 33_333_333n)).toBe(33_333_333n);
    expect(withoutX264Offset(5n)).toBe(5n);
  });
});

describe('slicesOnly', () => {
  const nal = (type: number): Buffer => Buffer.from([0, 0, 0, 2, type, 1]);

  it('keeps slices and nothing else', () => {
    expect(slicesOnly(Buffer.concat([nal(9), nal(7), nal(8), nal(6), nal(5), nal(5)]))).toEqual(Buffer.concat([nal(5), nal(5)]));
  });
  it('hands a unit of slices back as it is', () => {
    const unit = Buffer.concat([nal(1), nal(1)]);
    expect(slicesOnly(unit)).toBe(unit);
  });
});
