/**
 * Whether the programme stays even and in sync whatever publishers do: nine of them that flash and beep in turn, of which one is
 * stopped (SIGSTOP), one vanishes and comes back, one joins and leaves a hundred times, and one sends over a line with 5 % loss and
 * 50 ms of jitter. Then 200 joins and leaves, with the memory, threads and files of the room's processes before and after.
 * `npx tsx scripts/bench/steadiness.ts [--minutes 10] [--flaps 100] [--joins 200]`, `--minutes 1` for a quick look; one JSON object on stdout. Everything is
 * analysed as it comes, with bounded memory.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { encodeLoops } from '../synthetic/replay/encode-loops.ts';
import { AudioClock } from './support/audio-clock.ts';
import { cadence } from './support/cadence.ts';
import { FlashWatch, type Seen } from './support/flash-watch.ts';
import { joinsAndLeaves } from './support/joins-and-leaves.ts';
import { commonSlope } from './support/line-fit.ts';
import { percentile, ROOM, rounded, startProduct, until, type Product } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';
import { ReplayProcess } from './support/replay.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, flaps: { type: 'string', default: '100' }, joins: { type: 'string' } } });
const lengthMs = Number(values.minutes) * 60_000;
/** A join and a leave take about 2.5 s. */
const flaps = Math.min(Number(values.flaps), Math.floor(lengthMs / 2600));
const joins = Number(values.joins ?? (lengthMs >= 300_000 ? 200 : 40));
/** A look, not a measurement: too short to tell drift from settling. */
const SHORT_MS = 180_000;
/** libwebrtc brings sound and picture together within some 20 s of a connection; a short look does not wait for that. */
const SETTLE_MS = lengthMs >= SHORT_MS ? 25_000 : 8000;
const STOPPED_MS = 5000;
const FIRST_STOP_MS = 12_000;
const STOP_EVERY_MS = 60_000;
const AWAY_MS = 10_000;
const FIRST_VANISH_MS = 25_000;
const VANISH_EVERY_MS = 90_000;
const MS_PER_HOUR = 3_600_000;

const STEADY = ['Steady-1', 'Steady-2', 'Steady-3', 'Steady-4', 'Steady-5'];
const PEOPLE = [...STEADY, 'Stopped', 'Vanishing', 'Flapping', 'Lossy'];
const tile = (i: number): { x: number; y: number } => ({ x: (i % 3) / 3, y: Math.floor(i / 3) / 3 });
/**
 * Cameras are not in step with the programme's pictures: of the steady ones each stands a fifth of a picture behind the one before. All in
 * step, the same few ms would move every flash by a whole picture or none, and what is taken for drift would be that.
 */
const clockBehindMs = (name: string): number => (Math.max(0, STEADY.indexOf(name)) * 1000) / 30 / STEADY.length;
const publisher = (name: string) => ({ name, size: '320x180', pattern: 'flash' as const, offsetMs: 200 * PEOPLE.indexOf(name), clockBehindMs: clockBehindMs(name), followUplink: false, listen: false });

const loops = mkdtempSync(join(tmpdir(), 'tsr-loops-'));
await encodeLoops(loops);
const product = await startProduct();
const processes: ReplayProcess[] = [];
const start = async (...names: string[]): Promise<ReplayProcess> => {
  const replay = new ReplayProcess(product.url, loops);
  processes.push(replay);
  await replay.ready();
  for (const name of names) replay.join({ ...publisher(name), ...(name === 'Lossy' ? { link: { loss: 0.05, jitterMs: 50 } } : {}) });
  await replay.connected(names);
  return replay;
};
const probe = new ProgrammeProbe(product.runDir, ROOM);
try {
  // Everybody has a place of his own, whoever is there: what is measured is the sync, not the layout.
  const third = 0.3333;
  const regions = PEOPLE.map((participant, i) => ({ participant, source: 'camera', ...tile(i), width: third, height: third, z: 0, fit: 'cover' }));
  await product.api('PUT', `/api/rooms/${ROOM}/layout`, { preset: 'custom', regions });
  await product.api('PUT', `/api/rooms/${ROOM}/overlays`, { labels: false, speakerBorder: false });
  void probe.follow();
  const steady = await start(...STEADY, 'Lossy');
  const stopped = await start('Stopped');
  let vanishing = await start('Vanishing');
  await until('the first picture', () => probe.firstPictureAtMs !== undefined, 20_000);
  await delay(SETTLE_MS);

  const watch = new FlashWatch(probe, PEOPLE.map((name, i) => ({ name, offsetMs: publisher(name).offsetMs + clockBehindMs(name), x: tile(i).x + third / 2, y: tile(i).y + third / 2 })));
  const sound = new AudioClock(probe);
  probe.reset();
  const startedMs = performance.now();
  const left = (): number => lengthMs - (performance.now() - startedMs);
  const stops: { fromMs: number; toMs: number }[] = [];
  let vanishings = 0;
  let notBack = 0;
  const flapped = { joins: 0, failures: 0 };

  const stopping = async (): Promise<void> => {
    await delay(FIRST_STOP_MS);
    while (left() > STOPPED_MS) {
      const fromMs = Date.now() - probe.anchorUnixMs;
      stopped.signal('SIGSTOP');
      await delay(STOPPED_MS);
      stopped.signal('SIGCONT');
      stops.push({ fromMs, toMs: Date.now() - probe.anchorUnixMs });
      await delay(Math.max(0, Math.min(STOP_EVERY_MS, left())));
    }
  };
  const vanish = async (): Promise<void> => {
    await delay(FIRST_VANISH_MS);
    while (left() > AWAY_MS) {
      vanishing.signal('SIGKILL');
      vanishings++;
      await delay(AWAY_MS);
      await start('Vanishing').then(
        (again) => (vanishing = again),
        () => notBack++,
      );
      await delay(Math.max(0, Math.min(VANISH_EVERY_MS, left())));
    }
  };
  const flap = async (): Promise<void> => {
    // long enough for a flash, when there is time
    const stayMs = lengthMs >= SHORT_MS ? 2600 : 1200;
    const pauseMs = Math.max(300, Math.min(3000, lengthMs / flaps - stayMs - 800));
    for (let i = 0; i < flaps && left() > 3000; i++) {
      steady.connections.delete('Flapping');
      steady.join(publisher('Flapping'));
      await steady.connected(['Flapping'], 10_000).then(
        () => flapped.joins++,
        () => flapped.failures++,
      );
      await delay(stayMs);
      steady.leave('Flapping');
      await until('it has left', () => steady.left.has('Flapping'), 8000).catch(() => flapped.failures++);
      await delay(pauseMs);
    }
  };
  await Promise.all([stopping(), vanish(), flap(), delay(lengthMs)]);
  const elapsedS = (performance.now() - startedMs) / 1000;
  const even = cadence(probe.arrivals);
  const late = probe.lateness['video:high'] ?? [];
  await delay(2000); // the last flashes are judged
  const lossy = (await steady.report()).find((report) => report.name === 'Lossy');
  sound.close();
  watch.close();

  const sync = Object.fromEntries(PEOPLE.map((name) => [name, inStep(watch.seen.get(name) ?? [])]));
  const drift = commonSlope(STEADY.map((name) => (watch.seen.get(name) ?? []).flatMap(({ atMs, beepAfterMs: y }) => (y === undefined ? [] : [{ x: atMs / MS_PER_HOUR, y }]))));
  const driftBound = Math.abs(drift.slope) + drift.slopeError;
  const delays = stoppedAgainstRunning(STEADY.flatMap((name) => watch.seen.get(name) ?? []), stops);
  const audio = sound.figures();
  process.stderr.write(`steady part done: ${even.framesPerSecond} fps, ${even.missing} missing; joining and leaving ${joins} times\n`);
  const leaks = await joinsAndLeaves(product, await start(), joins);

  const worstP95 = Math.max(...PEOPLE.filter((name) => (sync[name]?.pairs ?? 0) > 5).map((name) => sync[name]?.p95Ms ?? Number.NaN));
  console.log(
    JSON.stringify({
      benchmark: 'steadiness',
      seconds: rounded(elapsedS, 1),
      bars: [
        { bar: 'pictures per second', limit: [29.95, 30.05], measured: even.framesPerSecond, met: Math.abs(even.framesPerSecond - 30) <= 0.05 },
        { bar: 'missing and repeated timestamps', limit: 0, measured: even.missing + even.repeated, met: even.missing + even.repeated === 0 },
        { bar: 'flash to beep, p95 of the worst participant, ms', limit: 45, measured: worstP95, met: worstP95 <= 45 },
        { bar: 'drift of flash to beep with its confidence interval, ms/h', limit: 40, measured: rounded(driftBound, 1), met: lengthMs < SHORT_MS ? undefined : driftBound <= 40 },
        { bar: 'sound against the monotonic clock, ms', limit: 2, measured: audio.shiftMs, met: audio.shiftMs <= 2 && audio.missing === 0 },
        { bar: 'picture to programme p95 with a stalled camera, over all running, ms', limit: 20, measured: delays.differenceMs, met: delays.differenceMs === undefined ? undefined : delays.differenceMs <= 20 },
        { bar: 'level after joins and leaves', limit: true, measured: leaks.level, met: leaks.level },
      ],
      programme: even,
      latenessMs: { p50: rounded(percentile(late, 0.5), 1), p95: rounded(percentile(late, 0.95), 1), p99: rounded(percentile(late, 0.99), 1), max: rounded(late.reduce((a, b) => Math.max(a, b), 0), 1) },
      flashToBeep: sync,
      drift: { slopeMsPerHour: rounded(drift.slope, 1), confidence95MsPerHour: rounded(drift.slopeError, 1), points: drift.points, byMinute: Object.fromEntries(STEADY.map((name) => [name, byMinute(watch.seen.get(name) ?? [])])) },
      audio,
      pictureToProgrammeMs: delays,
      disturbances: { stops: stops.length, vanishings, notBack, flaps: flapped, lossy: lossy && { lostOnLink: lossy.lostOnLink, resent: lossy.resent, keyframesAsked: lossy.keyframesAsked } },
      leaks,
    }),
  );
} finally {
  await Promise.all(processes.map((replay) => replay.close()));
  probe.close();
  await closeQuietly(product);
  rmSync(loops, { recursive: true, force: true });
}
process.exit(0);

/** Beep − flash of one participant; after a join the first flash may come before the sound does. */
function inStep(seen: readonly Seen[]): { pairs: number; withoutBeep: number; medianMs: number; p95Ms: number; maxMs: number } {
  const offsets = seen.flatMap(({ beepAfterMs }) => (beepAfterMs === undefined ? [] : [beepAfterMs]));
  const absolute = offsets.map(Math.abs);
  return {
    ...{ pairs: offsets.length, withoutBeep: seen.length - offsets.length },
    ...{ medianMs: rounded(percentile(offsets, 0.5), 1), p95Ms: rounded(percentile(absolute, 0.95), 1), maxMs: rounded(absolute.reduce((a, b) => Math.max(a, b), 0), 1) },
  };
}

/** Mean of beep − flash in each minute, ms. */
function byMinute(seen: readonly Seen[]): number[] {
  const first = seen[0]?.atMs ?? 0;
  const minutes: number[][] = [];
  for (const { atMs, beepAfterMs } of seen) if (beepAfterMs !== undefined) (minutes[Math.floor((atMs - first) / 60_000)] ??= []).push(beepAfterMs);
  return minutes.map((offsets) => rounded(offsets.reduce((sum, ms) => sum + ms, 0) / offsets.length, 1));
}

/** From sending to the programme socket, of the steady ones: while one is stopped, and otherwise. */
function stoppedAgainstRunning(seen: readonly Seen[], stops: readonly { fromMs: number; toMs: number }[]): { runningP50: number; runningP95: number; stoppedP50: number; stoppedP95: number; differenceMs: number | undefined; whileStopped: number } {
  const during = (s: Seen): boolean => stops.some(({ fromMs, toMs }) => s.atMs > fromMs && s.atMs < toMs);
  const share = (list: readonly Seen[], p: number): number => rounded(percentile(list.map((s) => s.toProgrammeMs + s.toSocketMs), p), 1);
  const whileStopped = seen.filter(during);
  const running = seen.filter((s) => !during(s));
  const runningP95 = share(running, 0.95);
  const stoppedP95 = share(whileStopped, 0.95);
  return { runningP50: share(running, 0.5), runningP95, stoppedP50: share(whileStopped, 0.5), stoppedP95, differenceMs: whileStopped.length < 5 ? undefined : rounded(stoppedP95 - runningP95, 1), whileStopped: whileStopped.length };
}

async function closeQuietly(of: Product): Promise<void> {
  await of.close().catch(() => undefined);
}
