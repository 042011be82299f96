import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '../domain/ids.ts';
import { toneLevelDb } from '../../test/support/tones.ts';
import { LIMITER_DELAY_FRAMES } from '../media/limiter.ts';
import { AudioBus, BusListener } from './audio-bus.ts';
import type { BusSource } from './bus-source.ts';
import { BLOCK_FRAMES, BLOCK_NS } from './bus-time.ts';

const ann = 'ann' as ParticipantId;
const bob = 'bob' as ParticipantId;
const START_NS = 1e15;

/** dBFS of a tone in 16-bit samples. */
const level = (samples: Int16Array, hz: number): number => toneLevelDb(Float32Array.from(samples, (v) => v / 32_768), 48_000, hz);

function tone(hz: number, block: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: BLOCK_FRAMES }, (_, i) => Math.round(amplitude * Math.sin((2 * Math.PI * hz * (block * BLOCK_FRAMES + i)) / 48_000)));
}

/** Feeds and mixes `blocks` blocks as they would come; returns programme (left channel) and what each listener heard. */
function run(bus: AudioBus, feed: (block: number) => void, blocks: number, onMix: (block: number) => void = () => undefined): Int16Array {
  const left = new Int16Array(blocks * BLOCK_FRAMES);
  for (let k = 0; k < blocks; k++) {
    feed(k);
    bus.mix(START_NS + (k - 2) * BLOCK_NS, true);
    bus.play();
    onMix(k);
    for (let i = 0; i < BLOCK_FRAMES; i++) left[k * BLOCK_FRAMES + i] = bus.programme[2 * i] as number;
  }
  return left;
}

function pushTone(source: BusSource, hz: number, block: number, amplitude = 8000): void {
  source.queue.push(tone(hz, block, amplitude), 48_000, 1, START_NS + block * BLOCK_NS);
}

/** Largest step between neighbouring samples: a click shows as a step that the tones cannot make. */
function largestStep(samples: Int16Array): number {
  let most = 0;
  for (let i = 1; i < samples.length; i++) most = Math.max(most, Math.abs((samples[i] as number) - (samples[i - 1] as number)));
  return most;
}

describe('AudioBus', () => {
  it('sums everyone, and gives each listener the sum without their own sound (own tone at least 50 dB down)', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    const b = bus.add(bob);
    const heard = new Int16Array(100 * BLOCK_FRAMES);
    let at = 0;
    bus.listeners.add(new BusListener(ann, (samples) => heard.set(samples, BLOCK_FRAMES * at++)));

    const programme = run(bus, (k) => (pushTone(a, 440, k), pushTone(b, 1000, k)), 100);

    const tail = programme.subarray(50 * BLOCK_FRAMES);
    expect(level(tail, 440)).toBeCloseTo(level(tail, 1000), 0);
    const own = level(heard.subarray(50 * BLOCK_FRAMES), 440);
    const other = level(heard.subarray(50 * BLOCK_FRAMES), 1000);
    expect(other).toBeGreaterThan(-20);
    expect(other - own).toBeGreaterThan(50);
  });

  it('gives a listener neither their camera\'s nor their screen\'s sound, and the others with the same gains and mutes as the programme', () => {
    const bus = new AudioBus();
    const cara = 'cara' as ParticipantId;
    const parts = [[bus.add(ann), 440], [bus.add(ann, 'screen'), 700], [bus.add(bob), 1000], [bus.add(cara), 1600], [bus.add(cara, 'screen'), 2300]] as const;
    parts[2][0].gain = 0.25;
    parts[3][0].gain = 0;
    const heard = new Int16Array(150 * BLOCK_FRAMES);
    let at = 0;
    bus.listeners.add(new BusListener(ann, (samples) => heard.set(samples, BLOCK_FRAMES * at++)));

    const programme = run(bus, (k) => parts.forEach(([source, hz]) => pushTone(source, hz, k, 3000)), 150).subarray(100 * BLOCK_FRAMES);

    const tail = heard.subarray(100 * BLOCK_FRAMES);
    for (const hz of [440, 700]) expect(level(programme, hz) - level(tail, hz)).toBeGreaterThan(50);
    for (const hz of [1000, 2300]) expect(level(tail, hz)).toBeCloseTo(level(programme, hz), 1);
    expect(level(programme, 2300) - level(programme, 1000)).toBeCloseTo(12, 0);
    for (const sound of [programme, tail]) expect(level(sound, 1600)).toBeLessThan(-75);
  });

  it('moves a source to its place in time without a click', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    const programme = run(bus, (k) => pushTone(a, 440, k), 300, (k) => {
      if (k === 50) a.delayMs = 11;
      if (k === 180) a.delayMs = 0;
    });
    expect(largestStep(programme)).toBeLessThan(2 * Math.PI * 440 * (8000 / 48_000) * 1.1);
    // 11 ms are most of five periods: the tone of the second stretch is that much later
    const shifted = (from: number, to: number): number => {
      let worst = 0;
      for (let i = 0; i < 4800; i++) worst = Math.max(worst, Math.abs((programme[from * BLOCK_FRAMES + i] as number) - (programme[to * BLOCK_FRAMES + i] as number)));
      return worst;
    };
    expect(shifted(20, 45)).toBeLessThanOrEqual(2); // 250 ms are 110 periods
    expect(shifted(20, 145)).toBeGreaterThan(2000);
  });

  it('lets sound that is missing die away, and come back, without a click', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    const programme = run(bus, (k) => (k < 60 || k >= 75 ? pushTone(a, 440, k) : undefined), 200);
    expect(largestStep(programme)).toBeLessThan(2 * Math.PI * 440 * (8000 / 48_000) * 1.1);
    expect(level(programme.subarray(150 * BLOCK_FRAMES), 440)).toBeGreaterThan(-14);
  });

  it('ramps gain changes, joins and leaves over 20 ms without a click', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    const steepest = 2 * Math.PI * 440 * (8000 / 48_000);
    const programme = run(bus, (k) => pushTone(a, 440, k), 80, (k) => {
      if (k === 30) a.gain = 0;
      if (k === 45) a.gain = 1;
      if (k === 60) bus.remove(a);
    });

    expect(largestStep(programme)).toBeLessThan(steepest * 1.2);
    const block = (k: number): number => largestStep(programme.subarray(k * BLOCK_FRAMES, (k + 1) * BLOCK_FRAMES));
    expect(block(29)).toBeGreaterThan(0.9 * steepest);
    expect(block(34)).toBe(0);
    expect(block(55)).toBeGreaterThan(0.9 * steepest);
    expect(block(66)).toBe(0);
    expect(bus.sources.size).toBe(0);
  });

  it('follows changes of rate and channels without a gap or another anchor', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    const formats = [[16_000, 1], [48_000, 1], [48_000, 2], [8000, 1], [16_000, 1]] as const;
    const programme = run(bus, (k) => {
      const [rateHz, channels] = formats[Math.floor(k / 30)] ?? [48_000, 1];
      const frames = rateHz / 100;
      const samples = Int16Array.from({ length: frames * channels }, (_, i) => Math.round(8000 * Math.sin((2 * Math.PI * 440 * (k * frames + Math.floor(i / channels))) / rateHz)));
      a.queue.push(samples, rateHz, channels, START_NS + k * BLOCK_NS);
    }, 150);

    const body = programme.subarray(6 * BLOCK_FRAMES, 148 * BLOCK_FRAMES);
    expect(largestStep(body)).toBeLessThan(2 * Math.PI * 440 * (8000 / 48_000) * 1.2);
    for (let k = 0; k < 5; k++) expect(level(programme.subarray((30 * k + 8) * BLOCK_FRAMES, (30 * k + 28) * BLOCK_FRAMES), 440)).toBeCloseTo(20 * Math.log10(8000 / 32_768), 0);
    expect([a.queue.reanchored, a.queue.missedFrames]).toEqual([0, 0]);
  });

  it('puts a burst after a stall where it belongs', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    for (let k = 0; k < 50; k++) pushTone(a, 440, k);
    // 300 ms of JavaScript standing still: 30 blocks come at once, late by up to 300 ms
    for (let k = 50; k < 80; k++) a.queue.push(tone(440, k, 8000), 48_000, 1, START_NS + 80 * BLOCK_NS);
    const out = new Int16Array(20 * BLOCK_FRAMES);
    for (let k = 50; k < 70; k++) {
      bus.mix(START_NS + k * BLOCK_NS, false);
      for (let i = 0; i < BLOCK_FRAMES; i++) out[(k - 50) * BLOCK_FRAMES + i] = bus.programme[2 * i] as number;
    }
    const wanted = Array.from({ length: 20 }, (_, i) => [...tone(440, 50 + i, 8000)]).flat();
    const worst = Math.max(...[...out.subarray(4 * BLOCK_FRAMES)].map((value, i) => Math.abs(value - (wanted[i + 4 * BLOCK_FRAMES - LIMITER_DELAY_FRAMES] as number))));
    expect(worst).toBeLessThanOrEqual(1);
    expect(a.queue.reanchored).toBe(0);
  });

  it('anchors again when the sound pauses for longer than blocks may be late', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    const offsetNs = 200e6;
    const programme = run(bus, (k) => {
      if (k < 40) pushTone(a, 440, k);
      else if (k >= 60) a.queue.push(tone(440, k - 20, 8000), 48_000, 1, START_NS + 40 * BLOCK_NS + offsetNs + (k - 60) * BLOCK_NS);
    }, 220);
    expect(a.queue.reanchored).toBe(1);
    expect(level(programme.subarray(180 * BLOCK_FRAMES), 440)).toBeGreaterThan(-20);
  });

  it('keeps a sum of loud voices below full scale', () => {
    const bus = new AudioBus();
    const sources = Array.from({ length: 6 }, (_, i) => bus.add(`p${i}` as ParticipantId));
    const programme = run(bus, (k) => sources.forEach((s) => pushTone(s, 440, k, 30_000)), 60);
    const peak = Math.max(...[...programme.subarray(10 * BLOCK_FRAMES)].map(Math.abs));
    expect(peak).toBeGreaterThan(20_000);
    expect(peak).toBeLessThan(32_767);
  });

  it('measures levels: a full-scale sine is −3 dBFS, a muted one nothing', () => {
    const bus = new AudioBus();
    const a = bus.add(ann);
    const b = bus.add(bob);
    b.gain = 0;
    run(bus, (k) => (pushTone(a, 440, k, 32_767), pushTone(b, 440, k, 32_767)), 60);
    expect(a.levelDbfs).toBeCloseTo(-3, 0);
    expect(b.levelDbfs).toBeLessThan(-70);
  });
});
