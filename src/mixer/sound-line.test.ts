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
});
