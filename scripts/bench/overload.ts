/**
 * What is left of cadence and sync when both cores are taken by others: four people flash and beep, then as many busy loops as asked run
 * beside the service, and a fifth person joins meanwhile. `npx tsx scripts/bench/overload.ts [--burning 4] [--seconds 40]`; one JSON object on stdout.
 *
 * Pictures may come at 15 a second (the degrade ladder); none may be missing on the grid that is left, and beep and flash stay together.
 * The publishers share the cores too, so their own lateness is in the figures.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { burn } from '../../test/support/busy.ts';
import { encodeLoops } from '../synthetic/replay/encode-loops.ts';
import { cadence } from './support/cadence.ts';
import { FlashWatch, type Seen } from './support/flash-watch.ts';
import { percentile, ROOM, rounded, startProduct, until } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';
import { ReplayProcess } from './support/replay.ts';

const { values } = parseArgs({ options: { burning: { type: 'string', default: '4' }, seconds: { type: 'string', default: '40' } } });
const burning = Number(values.burning);
const lengthMs = Number(values.seconds) * 1000;
/** libwebrtc brings sound and picture together within some 20 s of a connection. */
const SETTLE_MS = 25_000;
const QUIET_MS = 10_000;
/** Each of the busy loops ends by itself after 30 s. */
const BURN_MS = 25_000;
const LIMIT_MS = 45;
const THERE = ['One', 'Two', 'Three', 'Four'];
const NEWCOMER = 'Newcomer';
const PEOPLE = [...THERE, NEWCOMER];
const tile = (i: number): { x: number; y: number } => ({ x: (i % 3) / 3, y: Math.floor(i / 3) / 3 });
const publisher = (name: string) => ({ name, size: '320x180', pattern: 'flash' as const, offsetMs: 400 * PEOPLE.indexOf(name), followUplink: false, listen: false });

const loops = mkdtempSync(join(tmpdir(), 'tsr-loops-'));
await encodeLoops(loops);
const product = await startProduct();
const replay = new ReplayProcess(product.url, loops);
const probe = new ProgrammeProbe(product.runDir, ROOM);
try {
  const third = 0.3333;
  const regions = PEOPLE.map((participant, i) => ({ participant, source: 'camera', ...tile(i), width: third, height: third, z: 0, fit: 'cover' }));
  await product.api('PUT', `/api/rooms/${ROOM}/layout`, { preset: 'custom', regions });
  await product.api('PUT', `/api/rooms/${ROOM}/overlays`, { labels: false, speakerBorder: false });
  void probe.follow();
  await replay.ready();
  for (const name of THERE) replay.join(publisher(name));
  await replay.connected(THERE);
  await until('the first picture', () => probe.firstPictureAtMs !== undefined, 20_000);
  await delay(SETTLE_MS);

  const watch = new FlashWatch(probe, PEOPLE.map((name, i) => ({ name, offsetMs: publisher(name).offsetMs, x: tile(i).x + third / 2, y: tile(i).y + third / 2 })));
  const programmeMs = (): number => Date.now() - probe.anchorUnixMs;
  await delay(QUIET_MS);
  probe.reset();
  const fromMs = programmeMs();
  let load = burn(burning);
  const degraded = new Set<string>();
  let joinedMs = Number.NaN;
  for (let stretchMs = performance.now(), endMs = stretchMs + lengthMs; performance.now() < endMs; await delay(500)) {
    const room = await product.api<{ mix?: { degraded?: unknown } }>('GET', `/api/rooms/${ROOM}`).catch(() => undefined);
    if (room?.mix?.degraded) degraded.add(JSON.stringify(room.mix.degraded));
    if (Number.isNaN(joinedMs) && performance.now() > endMs - 0.75 * lengthMs) {
      joinedMs = programmeMs();
      replay.join(publisher(NEWCOMER));
    }
    if (performance.now() - stretchMs < BURN_MS) continue;
    const before = load;
    load = burn(burning);
    await before.stop();
    stretchMs = performance.now();
  }
  const even = cadence(probe.arrivals);
  const toMs = programmeMs();
  await load.stop();
  await delay(2500); // the last flashes are judged
  watch.close();

  const under = (name: string): Seen[] => (watch.seen.get(name) ?? []).filter(({ atMs }) => atMs > fromMs && atMs < toMs);
  const people = Object.fromEntries(THERE.map((name) => [name, figures(under(name))]));
  const worst = Math.max(...THERE.map((name) => people[name]?.p95Ms ?? Number.NaN));
  const newcomer = under(NEWCOMER).map(({ atMs, beepAfterMs }) => ({ s: rounded((atMs - joinedMs) / 1000, 1), beepAfterMs: beepAfterMs === undefined ? null : rounded(beepAfterMs, 1) }));
  console.log(
    JSON.stringify({
      benchmark: 'overload',
      burning,
      bars: [
        { bar: 'places of the grid without a picture', limit: 0, measured: even.missing, met: even.missing === 0 },
        { bar: 'beep − flash of those who were there, p95 of the worst, ms', limit: LIMIT_MS, measured: worst, met: worst <= LIMIT_MS },
      ],
      programme: even,
      degraded: [...degraded],
      beepAfterFlash: people,
      newcomer,
    }),
  );
} finally {
  await replay.close();
  probe.close();
  await product.close().catch(() => undefined);
  rmSync(loops, { recursive: true, force: true });
}
process.exit(0);

function figures(seen: readonly Seen[]): { pairs: number; withoutBeep: number; p50Ms: number; p95Ms: number; maxMs: number } {
  const offsets = seen.flatMap(({ beepAfterMs }) => beepAfterMs ?? []);
  const absolute = offsets.map(Math.abs);
  return {
    ...{ pairs: offsets.length, withoutBeep: seen.length - offsets.length },
    ...{ p50Ms: rounded(percentile(offsets, 0.5), 1), p95Ms: rounded(percentile(absolute, 0.95), 1), maxMs: rounded(Math.max(0, ...absolute), 1) },
  };
}
