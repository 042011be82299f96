/** The programme's loudness as FFmpeg's ebur128 measures it. The bus is fed faster than real time. */
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '../../src/domain/ids.ts';
import { AudioBus, BusListener } from '../../src/ingest/audio-bus.ts';
import type { BusSource } from '../../src/ingest/bus-source.ts';
import { BLOCK_FRAMES, BLOCK_NS, MIX_DELAY_NS } from '../../src/ingest/bus-time.ts';
import { speech } from '../support/speech.ts';

const START_NS = 1e15;

interface Loudness {
  integratedLufs: number;
  rangeLu: number;
  peakDbfs: number;
}

/** @param pcm s16le, 48 kHz */
async function ebur128(pcm: Buffer, channels: 1 | 2): Promise<Loudness> {
  const child = spawn('ffmpeg', ['-hide_banner', '-nostats', '-f', 's16le', '-ar', '48000', '-ac', String(channels), '-i', 'pipe:0', '-af', 'ebur128=peak=sample:framelog=verbose', '-f', 'null', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stdin.end(pcm);
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  const summary = text.slice(text.lastIndexOf('Summary'));
  const read = (pattern: RegExp): number => Number(pattern.exec(summary)?.[1]);
  return { integratedLufs: read(/I:\s+(-?[\d.]+) LUFS/), rangeLu: read(/LRA:\s+(-?[\d.]+) LU/), peakDbfs: read(/Peak:\s+(-?[\d.]+) dBFS/) };
}

interface Talker {
  source: BusSource;
  samples: Float32Array;
  /** Which seconds they speak in. */
  speaks?: (second: number) => boolean;
}

/** Feeds the talkers into the bus; returns the programme, and what listeners keep by themselves. */
function programme(bus: AudioBus, talkers: readonly Talker[], seconds: number): Buffer {
  const out = Buffer.alloc(seconds * 48_000 * 4);
  const block = new Int16Array(BLOCK_FRAMES);
  for (let k = 0; k < seconds * 100; k++) {
    for (const { source, samples, speaks } of talkers) {
      const on = speaks?.(Math.floor(k / 100)) ?? true;
      for (let i = 0; i < BLOCK_FRAMES; i++) block[i] = on ? Math.max(-32_768, Math.min(32_767, Math.round(32_768 * (samples[(k * BLOCK_FRAMES + i) % samples.length] as number)))) : 0;
      source.queue.push(block, 48_000, 1, START_NS + (k + 1) * BLOCK_NS);
    }
    bus.mix(START_NS + (k + 1) * BLOCK_NS - MIX_DELAY_NS, true);
    bus.play();
    Buffer.from(bus.programme.buffer).copy(out, k * BLOCK_FRAMES * 4);
  }
  return out;
}

const id = (name: string): ParticipantId => name as ParticipantId;

describe('the programme is at −16 LUFS', () => {
  for (const [who, dbfs] of [['a quiet talker', -38], ['a loud talker', -12]] as const)
    it(`with ${who} (${dbfs} dBFS)`, async () => {
      const bus = new AudioBus();
      const pcm = programme(bus, [{ source: bus.add(id('ann')), samples: speech(dbfs, 30) }], 30);
      const measured = await ebur128(pcm, 2);
      console.info(who, JSON.stringify(measured));
      expect(Math.abs(measured.integratedLufs + 16)).toBeLessThan(2);
      expect(measured.peakDbfs).toBeLessThanOrEqual(-1);
    });

  it('with both taking turns, for the audience and for a third participant', async () => {
    const bus = new AudioBus();
    const heard: Buffer[] = [];
    bus.listeners.add(new BusListener(id('cleo'), (samples) => heard.push(Buffer.from(Buffer.from(samples.buffer)))));
    const talkers = [
      { source: bus.add(id('ann')), samples: speech(-38, 60), speaks: (second: number) => Math.floor(second / 6) % 2 === 0 },
      { source: bus.add(id('bob')), samples: speech(-12, 60, 11), speaks: (second: number) => Math.floor(second / 6) % 2 === 1 },
    ];
    const pcm = programme(bus, talkers, 60);
    const [both, third, ann, bob] = [
      await ebur128(pcm, 2),
      await ebur128(Buffer.concat(heard), 1),
      // the last turn of each
      await ebur128(pcm.subarray(49 * 192_000, 53 * 192_000), 2),
      await ebur128(pcm.subarray(55 * 192_000, 59 * 192_000), 2),
    ];
    console.info('turns', JSON.stringify({ both, third, ann, bob }));
    expect(Math.abs(both.integratedLufs + 16)).toBeLessThan(2);
    expect(Math.abs(ann.integratedLufs + 16)).toBeLessThan(2);
    expect(Math.abs(bob.integratedLufs + 16)).toBeLessThan(2);
    // one channel instead of two equal ones: 3 LU less for the same sound
    expect(Math.abs(third.integratedLufs + 19)).toBeLessThan(2);
  });

  it('and 25 talkers at once are never clipped', async () => {
    const bus = new AudioBus();
    const talkers = Array.from({ length: 25 }, (_, i) => ({ source: bus.add(id(`p${i}`)), samples: speech(-14, 12, 100 + i) }));
    const measured = await ebur128(programme(bus, talkers, 12), 2);
    console.info('25', JSON.stringify(measured));
    expect(measured.peakDbfs).toBeLessThanOrEqual(-1);
    expect(measured.integratedLufs).toBeGreaterThan(-14);
  });
});
