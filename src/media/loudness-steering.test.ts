import { describe, expect, it } from 'vitest';
import { LoudnessFilter, lufs } from './loudness.ts';
import { LoudnessSteering, MEDIA, VOICE, type SteeringRule } from './loudness-steering.ts';
import { speech } from '../../test/support/speech.ts';

const BLOCK = 480;

function stereo(samples: Float32Array, block: number): Float32Array {
  return Float32Array.from({ length: BLOCK * 2 }, (_, i) => 32_768 * (samples[block * BLOCK + (i >> 1)] as number));
}

const tone = (hz: number, dbfs: number, seconds: number): Float32Array => Float32Array.from({ length: seconds * 48_000 }, (_, i) => 10 ** (dbfs / 20) * Math.sin((2 * Math.PI * hz * i) / 48_000));
const noise = (dbfs: number, seconds: number): Float32Array => Float32Array.from({ length: seconds * 48_000 }, () => 10 ** (dbfs / 20) * Math.sqrt(3) * (2 * Math.random() - 1));

/** Gains (dB) at the end of each 100 ms. */
function steer(parts: readonly Float32Array[], rule: SteeringRule = VOICE, steering = new LoudnessSteering(rule)): number[] {
  const filter = new LoudnessFilter();
  const gains: number[] = [];
  let blocks = 0;
  for (const samples of parts)
    for (let k = 0; (k + 1) * BLOCK <= samples.length; k++) {
      steering.step(filter.power(stereo(samples, k), true));
      if (++blocks % 10 === 0) gains.push(steering.gainDb);
    }
  return gains;
}

/** Loudness of all of it, without gates. */
function loudness(samples: Float32Array): number {
  const filter = new LoudnessFilter();
  let power = 0;
  const blocks = Math.floor(samples.length / BLOCK);
  for (let k = 0; k < blocks; k++) power += filter.power(stereo(samples, k), false);
  return lufs(power / blocks);
}

describe('loudness', () => {
  it('of a full-scale sine of 997 Hz in one channel is −3.01 LUFS, in both 0 (BS.1770-4)', () => {
    expect(loudness(tone(997, 0, 2))).toBeCloseTo(0, 1);
    const filter = new LoudnessFilter();
    const samples = tone(997, 0, 2);
    let power = 0;
    for (let k = 0; k < 200; k++) power += filter.power(stereo(samples, k).map((v, i) => (i % 2 === 0 ? v : 0)), false) / 200;
    expect(lufs(power)).toBeCloseTo(-3.01, 1);
  });
});

describe('a microphone is brought to the programme\'s loudness', () => {
  for (const dbfs of [-38, -30, -20, -12])
    it(`speech at ${dbfs} dBFS within 3 s, and kept there`, () => {
      const said = speech(dbfs, 12);
      const wantedDb = -16 - loudness(said);
      const gains = steer([said]);
      expect(Math.abs((gains[30] as number) - wantedDb)).toBeLessThan(3);
      for (const gain of gains.slice(40)) expect(Math.abs(gain - wantedDb)).toBeLessThan(2);
    });

  it('pauses with noise leave the gain where it is', () => {
    const gains = steer([speech(-30, 10), noise(-60, 20)]);
    expect(Math.abs((gains.at(-1) as number) - (gains[99] as number))).toBeLessThan(0.5);
  });

  it('noise, silence and steady tones alone are not raised, also when they begin and end again and again', () => {
    expect(steer([noise(-45, 8)]).at(-1)).toBe(0);
    expect(steer([new Float32Array(48_000 * 5)]).at(-1)).toBe(0);
    const beginsAgain = Array.from({ length: 6 }, () => [new Float32Array(48_000), tone(440, -30, 3)]).flat();
    expect(Math.max(...steer(beginsAgain).map(Math.abs))).toBe(0);
    expect(Math.abs(steer([tone(440, -12, 5)]).at(-1) as number)).toBe(0);
  });

  it('clicks of keys in a quiet room are no speech', () => {
    const keys = Float32Array.from({ length: 48_000 * 10 }, (_, i) => (i % 9600 < 1200 ? 0.05 * (2 * Math.random() - 1) : 0.00002 * (2 * Math.random() - 1)));
    expect(steer([keys]).at(-1)).toBe(0);
  });

  it('a steady sound that is far too loud is lowered, no further than −10 LUFS', () => {
    expect(steer([tone(997, -1, 6)]).at(-1)).toBeCloseTo(-9, 0);
  });

  it('follows a talker who moves away from the microphone', () => {
    const gains = steer([speech(-20, 12), speech(-34, 20)]);
    expect((gains.at(-1) as number) - (gains[119] as number)).toBeGreaterThan(12);
  });

  it('changes slowly: never faster than its rule says', () => {
    const gains = steer([speech(-38, 10), speech(-14, 10)]);
    for (let i = 1; i < gains.length; i++) expect(Math.abs((gains[i] as number) - (gains[i - 1] as number))).toBeLessThanOrEqual(2.01);
    for (let i = 60; i < gains.length; i++) expect((gains[i] as number) - (gains[i - 1] as number)).toBeLessThanOrEqual(0.41);
  });
});

describe('the sound of a shared screen', () => {
  it('keeps what is nearly right, and its dynamics', () => {
    const right = speech(-20.5, 20);
    const offDb = -16 - loudness(right);
    expect(Math.abs(offDb)).toBeLessThan(1.5);
    expect(steer([right], MEDIA).at(-1)).toBe(0);
    const gains = steer([speech(-20, 15), speech(-32, 10)], MEDIA);
    expect(Math.abs((gains.at(-1) as number) - (gains[149] as number))).toBeLessThan(1.5);
  });

  it('is brought near when it is far off, also music without pauses', () => {
    const gains = steer([noise(-35, 30)], MEDIA);
    expect(gains.at(-1)).toBeGreaterThan(11);
  });
});
