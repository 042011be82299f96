import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ParticipantId } from '../domain/ids.ts';
import { AudioBus, BusListener } from './audio-bus.ts';
import { BusClock } from './bus-clock.ts';
import { BLOCK_NS, MIX_DELAY_NS, OUTPUT_DELAY_NS } from './bus-time.ts';
import { SOUND_LAG_NS } from './sync-correction.ts';

const START_MS = 5_000_000;
/** The fake system clock counts from 1970: taken as the monotonic one. */
const now = (): number => Date.now() * 1e6;

let blocks: { ptsNs: bigint; firstSample: bigint; delayMs: number }[];
let played: number;
let clock: BusClock;

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
  blocks = [];
  played = 0;
  const bus = new AudioBus();
  bus.listeners.add(new BusListener('ann' as ParticipantId, () => played++));
  clock = new BusClock(bus, (ptsNs, firstSample) => blocks.push({ ptsNs, firstSample, delayMs: (now() - Number(ptsNs) - SOUND_LAG_NS - OUTPUT_DELAY_NS) / 1e6 }), now);
  clock.start();
});
afterEach(() => {
  clock.close();
  vi.useRealTimers();
});

function gaps(): number[] {
  return blocks.slice(1).map((b, i) => Number(b.ptsNs - (blocks[i]?.ptsNs ?? 0n)));
}

describe('mix-minus', () => {
  it('leaves 60 ms at the latest after the sound came, also when that waits for its picture', () => {
    const bus = new AudioBus();
    const source = bus.add('bob' as ParticipantId);
    source.delayMs = 11;
    const latest: number[] = [];
    let cameAtMs = 0;
    bus.listeners.add(
      new BusListener('ann' as ParticipantId, (samples) => {
        if (cameAtMs > 0 && samples.some((value) => Math.abs(value) > 2000)) {
          latest.push(Date.now() - cameAtMs);
          cameAtMs = 0;
        }
      }),
    );
    const listening = new BusClock(bus, () => undefined, now);
    vi.advanceTimersByTime(7);
    listening.start();
    const click = new Int16Array(480);
    click.fill(9000, 470); // the last of a block waits longest
    for (let k = 0; k < 400; k++) {
      const clicks = k > 50 && k % 23 === 0;
      if (clicks) cameAtMs = Date.now();
      source.queue.push(clicks ? click : new Int16Array(480), 48_000, 1, now());
      vi.advanceTimersByTime(10);
    }
    listening.close();
    expect(latest.length).toBeGreaterThan(10);
    expect(Math.max(...latest)).toBeLessThanOrEqual(60);
  });
});

describe('BusClock', () => {
  it('makes a block each 10 ms, each stamped with the time of its picture', () => {
    vi.advanceTimersByTime(10_000);
    expect(blocks.length).toBeGreaterThanOrEqual(996);
    expect(blocks.length).toBeLessThanOrEqual(1000);
    expect(new Set(gaps())).toEqual(new Set([BLOCK_NS]));
    expect(Math.max(...blocks.map((b) => b.delayMs))).toBeLessThanOrEqual(MIX_DELAY_NS / 1e6 + 2);
    expect(blocks[500]?.firstSample).toBe(240_000n);
  });

  it('mixes two blocks at once, 10 ms later, while nobody listens, and one by one again for who comes', () => {
    const heard: { ptsNs: bigint; atMs: number }[] = [];
    const bus = new AudioBus();
    const unheard = new BusClock(bus, (ptsNs) => heard.push({ ptsNs, atMs: Date.now() }), now);
    unheard.start();
    vi.advanceTimersByTime(1000);
    expect(heard.length).toBeGreaterThanOrEqual(94);
    expect(heard.length % 2).toBe(0);
    for (let i = 0; i < heard.length; i += 2) expect(heard[i + 1]?.atMs).toBe(heard[i]?.atMs);
    const delays = heard.map(({ ptsNs, atMs }) => atMs - (Number(ptsNs) + SOUND_LAG_NS + OUTPUT_DELAY_NS) / 1e6);
    expect(Math.max(...delays)).toBeLessThanOrEqual(MIX_DELAY_NS / 1e6 + 12);
    bus.listeners.add(new BusListener('ann' as ParticipantId, () => undefined));
    const from = heard.length + 2;
    vi.advanceTimersByTime(1000);
    unheard.close();
    const times = heard.slice(from).map(({ atMs }) => atMs);
    expect(new Set(times).size).toBe(times.length);
    expect(new Set(heard.slice(1).map(({ ptsNs }, i) => ptsNs - (heard[i]?.ptsNs ?? 0n)))).toEqual(new Set([BigInt(BLOCK_NS)]));
  });

  it('makes up for a stall of 300 ms without a hole, and spares the listeners the old part', () => {
    vi.advanceTimersByTime(1000);
    const before = played;
    vi.setSystemTime(START_MS + 1300);
    vi.advanceTimersByTime(30);
    expect(new Set(gaps())).toEqual(new Set([BLOCK_NS]));
    expect(blocks.at(-1)?.delayMs).toBeLessThan(45);
    expect(played - before).toBeLessThanOrEqual(14);
    expect(clock.skippedBlocks).toBe(0);
  });

  it('skips what is older than a second after a longer stall, with stamps that stay true', () => {
    vi.advanceTimersByTime(1000);
    vi.setSystemTime(START_MS + 6000);
    vi.advanceTimersByTime(50);
    expect(clock.skippedBlocks).toBeGreaterThan(350);
    expect(blocks.at(-1)?.delayMs).toBeLessThan(45);
    for (const b of blocks) expect(b.ptsNs - (blocks[0]?.ptsNs ?? 0n)).toBe(((b.firstSample - (blocks[0]?.firstSample ?? 0n)) / 480n) * BigInt(BLOCK_NS));
  });
});
