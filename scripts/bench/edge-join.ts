/**
 * What somebody who joins notices, in Chromium at an edge with a ready-made programme: how soon the first picture is there, and
 * by how much the picture two seconds after joining is later than in steady state (a start from the packets since the last
 * keyframe must not leave the jitter buffer long).
 *
 * `npm run bench:edge-join -- [--joins 12] [--at-once 3]`; one JSON object on stdout. Joins fall on any place between keyframes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startEdgeRig, startWatchHost, type Watcher } from '../../test/support/edge-rig.ts';
import { percentile } from './support/product.ts';

const { values } = parseArgs({ options: { joins: { type: 'string', default: '12' }, 'at-once': { type: 'string', default: '3' } } });
const joins = Number(values.joins);
const atOnce = Number(values['at-once']);
const EARLY_MS = 2000;
const STEADY_MS = 8000;
/** Samples 70 ms apart around a moment: one alone is off by up to a frame. */
const SAMPLES = 8;
const SAMPLE_MS = 70;

interface Join {
  firstPictureMs: number;
  earlyMs: number;
  steadyMs: number;
  freezes: number;
}

const rig = await startEdgeRig({ ladder: true });
const host = await startWatchHost(rig);
const found: Record<string, unknown> = {};
try {
  await join('mid'); // the browser's first decoder
  for (const rendition of ['mid', 'high'] as const) {
    const all: Join[] = [];
    while (all.length < joins)
      all.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, joins - all.length) }, async (_, i) => {
        await delay(i * 700 + Math.random() * 700);
        return join(rendition);
      }))));
    const list = (read: (join: Join) => number): { p50: number; p95: number; max: number } => {
      const numbers = all.map(read);
      return { p50: Math.round(percentile(numbers, 0.5)), p95: Math.round(percentile(numbers, 0.95)), max: Math.round(Math.max(...numbers)) };
    };
    found[rendition] = { joins: all.length, firstPictureMs: list((j) => j.firstPictureMs), steadyMs: list((j) => j.steadyMs), laterAfterTwoSecondsMs: list((j) => j.earlyMs - j.steadyMs), freezes: all.reduce((sum, j) => sum + j.freezes, 0) };
  }
  found['keyframesForced'] = rig.source.keyframeRequests;
} finally {
  await host.close();
  await rig.close();
}
console.log(JSON.stringify({ benchmark: 'edge-join', ...found, bars: { firstPictureP95Ms: { mid: 500, high: 1000 }, laterAfterTwoSecondsMs: 50 } }));
process.exit(0);

async function join(rendition: 'mid' | 'high'): Promise<Join> {
  const watcher = await host.watch({ rendition });
  for (;;) {
    const { firstPictureMs } = await watcher.state();
    if (firstPictureMs !== undefined) {
      const beganMs = performance.now();
      const earlyMs = await lateness(watcher, beganMs + EARLY_MS);
      const steadyMs = await lateness(watcher, beganMs + STEADY_MS);
      const { freezes } = await watcher.state();
      await watcher.page.close();
      return { firstPictureMs, earlyMs, steadyMs, freezes };
    }
    await delay(50);
  }
}

async function lateness(watcher: Watcher, aroundMs: number): Promise<number> {
  await delay(Math.max(0, aroundMs - (SAMPLES * SAMPLE_MS) / 2 - performance.now()));
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const { pictureLateMs } = await watcher.state();
    if (pictureLateMs !== undefined) samples.push(pictureLateMs);
    await delay(SAMPLE_MS);
  }
  return percentile(samples, 0.5);
}
