/**
 * What a room costs by the number of people in it: the whole service on loopback with N replayed publishers, with and without
 * the uplink rule, against plain GStreamer decoding, composing and encoding the same sizes right afterwards.
 * `npx tsx scripts/bench/mix.ts [--participants 1,4,9,16,25] [--uplink both|on|off] [--seconds 20] [--settle 30] [--rounds 1] [--mix-minus] [--no-plain]
 * [--plain-scaling pads|videoscale] [--plain-rtp]`; one JSON object on stdout, a line per run on stderr. A minute and a half a run. Bars are judged by the
 * median of the rounds: a virtual machine is up to 10 % faster in one minute than in the next.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { computeLayout } from '../../src/domain/layout/layout-engine.ts';
import type { FeedId, ParticipantId } from '../../src/domain/ids.ts';
import { encodeLoops } from '../synthetic/replay/encode-loops.ts';
import { cadence, type Cadence } from './support/cadence.ts';
import { mixBars } from './support/mix-bars.ts';
import { FlashWatch } from './support/flash-watch.ts';
import { plainGStreamer, type PlainCost } from './support/plain-gstreamer.ts';
import { percentile, ROOM, rounded, startProduct, until } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';
import { ReplayProcess } from './support/replay.ts';
import { CostMeter, type ServiceCost } from './support/service-cost.ts';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    participants: { type: 'string', default: '1,4,9,16,25' },
    uplink: { type: 'string', default: 'both' },
    seconds: { type: 'string', default: '20' },
    settle: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '1' },
    'mix-minus': { type: 'boolean', default: false },
    plain: { type: 'boolean', default: true },
    'plain-scaling': { type: 'string', default: 'pads' },
    'plain-rtp': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const IDLE_MS = 3000;
/**
 * For sizes to settle (less is asked for after 2 s), encoders to find their rates, and V8 to compile what it runs often: in a room's
 * first half minute its compilers and collections take 0.03 core. Meetings last longer.
 */
const settleMs = Number(values.settle) * 1000;
const HOPS_MS = 9000;
/** A new subscriber gets the units since the last keyframe at once; what comes live is looked at after that. */
const CAUGHT_UP_MS = 1500;
const CANVAS = { width: 1280, height: 720 };
/** Cameras open at 720p and send 640×360 until they are told, as the page does. */
const CAMERA_SIZE = '1280x720';
const FIRST_SIZE = '640x360';

export interface MixRun {
  participants: number;
  uplink: 'on' | 'off';
  /** Sizes sent while it was measured, with how many sent each. */
  sizes: Record<string, number>;
  service: ServiceCost;
  idle: ServiceCost;
  /** Of the room, over the idle service. */
  overIdle: { rssMegabytes: number; pssMegabytes: number };
  programme: Cadence;
  /** From a picture's place in the programme to its unit at the programme socket. */
  latenessMs: { p50: number; p95: number };
  /**
   * Of a picture, by flashes of one publisher after the measured time: from its sending to its place in the programme (a place may begin
   * before the picture comes: it lasts 33 ms), from there to the programme socket, and all of it.
   */
  hopsMs: Record<'sendToProgramme' | 'programmeToSocket' | 'sendToSocket', { p50: number; p95: number }> | undefined;
  degraded: unknown;
  /** Not part of the service. */
  publishersCores: number;
  plain: PlainCost | undefined;
  /** The same, receiving RTP; only for comparison. */
  plainRtp: PlainCost | undefined;
  ratioToPlain: number | undefined;
}

const loops = mkdtempSync(join(tmpdir(), 'tsr-loops-'));
const runs: MixRun[] = [];
const failures: string[] = [];
const modes = values.uplink === 'both' ? (['off', 'on'] as const) : [values.uplink as 'on' | 'off'];
try {
  await encodeLoops(loops);
  for (const [uplink, participants] of cases()) {
    const run = await measure(participants, uplink).catch((error: unknown) => {
      failures.push(`${participants} people, uplink rule ${uplink}: ${String(error)}`); // the other runs count all the same
    });
    if (!run) continue;
    runs.push(run);
    const { service, plain, programme } = run;
    process.stderr.write(
      `${participants} people, uplink rule ${uplink}: ${service.all.cores} cores (plain GStreamer ${plain?.cores ?? '–'}), ${programme.framesPerSecond} fps, ${programme.missing} missing, +${run.overIdle.rssMegabytes} MB\n`,
    );
  }
  console.log(JSON.stringify({ benchmark: 'mix', seconds, mixMinus: values['mix-minus'], bars: mixBars(runs), failures, runs }));
} finally {
  rmSync(loops, { recursive: true, force: true });
}
process.exit(0);

function cases(): ['on' | 'off', number][] {
  const round = modes.flatMap((uplink) => values.participants.split(',').map((participants): ['on' | 'off', number] => [uplink, Number(participants)]));
  return Array.from({ length: Number(values.rounds) }, () => round).flat();
}

async function measure(participants: number, uplink: 'on' | 'off'): Promise<MixRun> {
  const product = await startProduct();
  const replay = new ReplayProcess(product.url, loops);
  const first = new ProgrammeProbe(product.runDir, ROOM);
  const probe = new ProgrammeProbe(product.runDir, ROOM);
  try {
    await replay.ready();
    await delay(IDLE_MS);
    const idle = new CostMeter(product.pid);
    await delay(1000);
    const idleCost = idle.read();

    void first.follow();
    const names = Array.from({ length: participants }, (_, i) => `Person-${i + 1}`);
    for (const [i, name] of names.entries()) {
      replay.join({ name, size: uplink === 'on' ? CAMERA_SIZE : FIRST_SIZE, first: FIRST_SIZE, pattern: 'person', offsetMs: i * 137, followUplink: uplink === 'on', listen: values['mix-minus'] });
      await delay(100); // a rush of joins is another benchmark
    }
    await replay.connected(names);
    await until('the first picture', () => first.firstPictureAtMs !== undefined, 20_000);
    first.close(); // a reader that plain GStreamer has not: the cadence has a time of its own
    await delay(settleMs);

    const meter = new CostMeter(product.pid);
    const publishersFrom = replay.cpuSeconds();
    const fromMs = performance.now();
    await delay(seconds * 1000);
    const publishersCores = (replay.cpuSeconds() - publishersFrom) / ((performance.now() - fromMs) / 1000);
    const service = meter.read();

    void probe.follow();
    await until('a picture after the measured time', () => probe.firstPictureAtMs !== undefined, 20_000);
    await delay(CAUGHT_UP_MS);
    probe.reset();
    await delay(seconds * 1000);
    const programme = cadence(probe.arrivals);
    const lateness = probe.lateness['video:high'] ?? [];
    const reports = await replay.report();
    const room = await product.api<{ mix?: { degraded?: unknown } }>('GET', `/api/rooms/${ROOM}`);
    const hopsMs = await hops(replay, probe, names, participants).catch(() => undefined);
    await replay.close();
    probe.close();
    await product.close();

    const sources = tiles(names).map((tile, i) => ({ tile, size: reports[i]?.size ?? FIRST_SIZE }));
    const scaling = values['plain-scaling'] as PlainCost['scaling'];
    const plain = values.plain ? await plainGStreamer(loops, sources, seconds, { scaling, input: 'files' }) : undefined;
    const plainRtp = values['plain-rtp'] ? await plainGStreamer(loops, sources, seconds, { scaling, input: 'rtp' }) : undefined;
    const sizes: Record<string, number> = {};
    for (const { size } of reports) sizes[size] = (sizes[size] ?? 0) + 1;
    return {
      ...{ participants, uplink, sizes, service, idle: idleCost, programme, hopsMs, degraded: room.mix?.degraded ?? null },
      overIdle: {
        rssMegabytes: rounded(service.all.rssMegabytes - idleCost.all.rssMegabytes, 1),
        pssMegabytes: rounded(service.all.pssMegabytes - idleCost.all.pssMegabytes, 1),
      },
      latenessMs: spread(lateness),
      publishersCores: rounded(publishersCores, 3),
      plain,
      plainRtp,
      ratioToPlain: plain && rounded(service.all.cores / plain.cores, 3),
    };
  } finally {
    await replay.close();
    first.close();
    probe.close();
    await product.close();
  }
}

/** Where the grid puts people: as the mixer's own rule says. */
function tiles(names: readonly string[]): { x: number; y: number; width: number; height: number }[] {
  const feeds = names.map((name) => ({ feed: name as FeedId, participant: name as ParticipantId, source: 'camera' as const, pinned: false, hidden: false }));
  const { regions } = computeLayout({ choice: { preset: 'grid' }, ...CANVAS, feeds });
  return names.map((name) => regions.find((region) => region.feed === name) ?? { x: 0, y: 0, width: 160, height: 90 });
}

/** The last of the people goes and comes back with flashes in the same place of the grid. */
async function hops(replay: ReplayProcess, probe: ProgrammeProbe, names: readonly string[], participants: number): Promise<MixRun['hopsMs']> {
  const last = names[names.length - 1] as string;
  const size = (await replay.report()).find((report) => report.name === last)?.size ?? FIRST_SIZE;
  replay.leave(last);
  await until('the last person has left', () => replay.left.has(last), 5000);
  const tile = tiles(names)[participants - 1] as { x: number; y: number; width: number; height: number };
  const watch = new FlashWatch(probe, [{ name: 'Flash', offsetMs: 0, x: (tile.x + tile.width / 2) / CANVAS.width, y: (tile.y + tile.height / 2) / CANVAS.height }]);
  try {
    replay.join({ name: 'Flash', size, pattern: 'flash', offsetMs: 0, followUplink: false, listen: false });
    await replay.connected(['Flash']);
    await delay(1500 + HOPS_MS);
    const seen = watch.seen.get('Flash') ?? [];
    const settled = seen.slice(1);
    if (settled.length === 0) return undefined;
    return {
      sendToProgramme: spread(settled.map((s) => s.toProgrammeMs)),
      programmeToSocket: spread(settled.map((s) => s.toSocketMs)),
      sendToSocket: spread(settled.map((s) => s.toProgrammeMs + s.toSocketMs)),
    };
  } finally {
    watch.close();
  }
}

function spread(list: readonly number[]): { p50: number; p95: number } {
  return { p50: rounded(percentile(list, 0.5), 1), p95: rounded(percentile(list, 0.95), 1) };
}
