import { describe, expect, it } from 'vitest';
import { decodePcm } from '../media/feed-protocol.ts';
import { FRAME_HEADER_BYTES } from '../media/framing.ts';
import { SoundPairs } from './sound-pairs.ts';

const block = (value: number): Int16Array => new Int16Array(960).fill(value);

function sent(push: (pairs: SoundPairs) => void): { ptsNs: bigint; firstSample: bigint; values: number[] }[] {
  const messages: { ptsNs: bigint; firstSample: bigint; values: number[] }[] = [];
  push(
    new SoundPairs((message) => {
      const { ptsNs, firstSample, samples } = decodePcm(message.subarray(FRAME_HEADER_BYTES));
      const values = Array.from({ length: samples.length / 1920 }, (_, i) => samples.readInt16LE(i * 1920 + 1918));
      messages.push({ ptsNs, firstSample, values });
    }),
  );
  return messages;
}

describe('SoundPairs', () => {
  it('puts two blocks into a message, stamped as the first, whatever becomes of the array afterwards', () => {
    const messages = sent((pairs) => {
      const samples = block(0);
      for (let k = 0; k < 5; k++) pairs.push(BigInt(k) * 10_000_000n, BigInt(k) * 480n, samples.fill(k));
    });
    expect(messages).toEqual([
      { ptsNs: 0n, firstSample: 0n, values: [0, 1] },
      { ptsNs: 20_000_000n, firstSample: 960n, values: [2, 3] },
    ]);
  });

  it('puts nothing together that was not one behind the other', () => {
    const messages = sent((pairs) => {
      for (const k of [0, 50, 51, 52, 53, 55, 56, 57]) pairs.push(BigInt(k) * 10_000_000n, BigInt(k) * 480n, block(k));
    });
    expect(messages.map(({ values }) => values)).toEqual([[0], [50, 51], [52, 53], [55], [56, 57]]);
    expect(messages.map(({ firstSample }) => firstSample)).toEqual([0n, 24_000n, 24_960n, 26_400n, 26_880n]);
  });
});
