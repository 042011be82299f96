import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NS_PER_MS } from '../domain/programme-time.ts';
import { SoundLine } from './sound-line.ts';

function line(fromMs: number) {
  const out: { sample: bigint; frames: number; silent: boolean }[] = [];
  const sound = new SoundLine(BigInt(fromMs) * NS_PER_MS, (samples, sample) =>
    out.push({ sample, frames: samples.length / 4, silent: samples.every((b) => b === 0) }),
  );
  return { sound, out };
}
const block = () => Buffer.alloc(1920, 1);

describe('SoundLine', () => {
  it('starts where an AAC frame begins', () => {
    const { sound, out } = line(200);
    for (let ms = 200; ms < 400; ms += 10) sound.write(BigInt(ms) * NS_PER_MS, block());
    expect(out[0]?.sample).toBe(10240n);
  });

  it('leaves no hole and no overlap, whatever comes', () => {
    const { sound, out } = line(0);
    for (const ms of [0, 10, 20, 100, 110, 105, 50, 120, 130]) sound.write(BigInt(ms) * NS_PER_MS, block());
    let at = 0n;
    for (const piece of out) {
      expect(piece.sample).toBe(at);
      at += BigInt(piece.frames);
    }
    expect(at).toBe(BigInt(140 * 48));
    expect(sound.filledSamples).toBe(70 * 48);
    expect(sound.cutSamples).toBe(480 + 480 + 0);
  });

  it('cuts what silence already stands for', () => {
    const { sound, out } = line(0);
    sound.write(0n, block());
    sound.silenceUpTo(960n);
    sound.write(15n * NS_PER_MS, block());
    expect(out.map((p) => [Number(p.sample), p.frames, p.silent])).toEqual([
      [0, 480, false],
      [480, 480, true],
      [960, 240, false],
    ]);
  });

  it('does not cut for a timestamp that is off by its rounding', () => {
    const { sound, out } = line(0);
    sound.write(0n, block());
    sound.write(10_000_400n, block());
    sound.write(19_999_000n, block());
    expect(out.map((p) => Number(p.sample))).toEqual([0, 480, 960]);
  });

  it('fills a long hole a piece per call, and takes the sound again where it belongs', () => {
    const { sound, out } = line(0);
    sound.write(0n, block());
    sound.write(7000n * NS_PER_MS, block());
    expect(out.reduce((sum, p) => sum + p.frames, 0)).toBe(480 + 96_000);
    for (let ms = 7010; ms < 7100; ms += 10) sound.write(BigInt(ms) * NS_PER_MS, block());
    const heard = out.filter((p) => !p.silent && p.sample > 0n);
    expect(heard[0]?.sample).toBe(BigInt(7030 * 48));
    expect(heard).toHaveLength(7);
    expect(sound.cutSamples).toBe(3 * 480);
  });

  it('puts every sound that is not cut where its time is, whatever is late, lost or doubled', () => {
    const arrivals = fc.array(fc.record({ skipMs: fc.integer({ min: -60, max: 400 }), blockMs: fc.constantFrom(10, 20), jitterNs: fc.integer({ min: -400_000, max: 400_000 }) }), { maxLength: 60 });
    fc.assert(
      fc.property(arrivals, (list) => {
        const pieces: { sample: bigint; samples: Buffer }[] = [];
        const sound = new SoundLine(0n, (samples, sample) => pieces.push({ samples: Buffer.from(samples), sample }));
        let atMs = 0;
        for (const { skipMs, blockMs, jitterNs } of list) {
          atMs = Math.max(0, atMs + skipMs);
          // each sample says where it belongs: its number, never 0
          const samples = Buffer.alloc(blockMs * 48 * 4);
          for (let i = 0; i < blockMs * 48; i++) samples.writeUInt32LE(atMs * 48 + i + 1, i * 4);
          sound.write(BigInt(atMs) * NS_PER_MS + BigInt(atMs === 0 ? 0 : jitterNs), samples);
          atMs += blockMs;
        }
        let next = 0n;
        for (const { sample, samples } of pieces) {
          expect(sample).toBe(next);
          next += BigInt(samples.length / 4);
          for (let i = 0; i < samples.length; i += 4 * 97) {
            const belongs = samples.readUInt32LE(i) - 1;
            // 1 ms of tolerance and the jitter itself
            if (belongs >= 0) expect(Math.abs(Number(sample) + i / 4 - belongs)).toBeLessThanOrEqual(48 + 20);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
