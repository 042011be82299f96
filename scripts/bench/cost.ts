/**
 * What the whole product costs: N synthetic publishers at 640×360@30, both renditions, HLS being read and one WHEP viewer.
 * Processor and memory are those of the process tree under the supervisor: publishers, browser and the HLS reader are not in
 * it. `npx tsx scripts/bench/cost.ts [--publishers 4] [--seconds 60]`; one JSON object on stdout.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NodeClient } from '../../src/node-api/client.ts';
import { HlsReader } from './support/hls-reader.ts';
import { processorSeconds, processTitle, processTree, proportionalBytes } from './support/process-cost.ts';
import { percentile, ROOM, rounded, startProduct, until, type Product } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';
import { launch, watch } from './support/watch-page.ts';

const { values } = parseArgs({ options: { publishers: { type: 'string', default: '4' }, seconds: { type: 'string', default: '60' } } });
const WARM_UP_MS = 5000;
const FRAME_MS = 1000 / 30;

const product = await startProduct();
const browser = await launch();
try {
  const probe = new ProgrammeProbe(product.runDir, ROOM);
  void probe.follow();
  const publishers = await product.publish(Number(values.publishers), 'moving');
  await until('the first picture', () => probe.firstPictureAtMs !== undefined, 20_000);
  const hls = new HlsReader(`${product.url}/hls/${ROOM}/index.m3u8`);
  void hls.run();
  const page = await watch(browser, product, 'whep', { readClock: false, rendition: 'high' });
  await delay(WARM_UP_MS);

  const filledBefore = await originMetric(product, 'filled_frames');
  const viewerBefore = await page.take();
  const partsBefore = hls.parts;
  probe.reset();
  const before = seconds(product.pid);
  const startedMs = performance.now();
  await delay(Number(values.seconds) * 1000);
  const elapsed = (performance.now() - startedMs) / 1000;
  const after = seconds(product.pid);
  const arrivals = probe.arrivals;
  const viewer = await page.take();
  const filled = (await originMetric(product, 'filled_frames')) - filledBefore;

  const gaps = arrivals.slice(1).map((a, i) => a.atMs - (arrivals[i] as { atMs: number }).atMs);
  const offGrid = arrivals.filter(({ ptsMs }) => Math.abs(ptsMs / FRAME_MS - Math.round(ptsMs / FRAME_MS)) > 0.01).length;
  const byRole: Record<string, { cores: number; pssMegabytes: number }> = {};
  let cores = 0;
  let pssBytes = 0;
  for (const [pid, used] of after) {
    const role = processTitle(pid).split(' ')[0]?.split('/').pop() ?? '';
    const row = (byRole[role] ??= { cores: 0, pssMegabytes: 0 });
    const share = (used - (before.get(pid) ?? 0)) / elapsed;
    const memory = proportionalBytes(pid);
    row.cores = rounded(row.cores + share, 3);
    row.pssMegabytes = rounded(row.pssMegabytes + memory / 1e6, 1);
    cores += share;
    pssBytes += memory;
  }
  console.log(
    JSON.stringify({
      benchmark: 'cost',
      publishers: Number(values.publishers),
      seconds: rounded(elapsed, 1),
      cores: rounded(cores, 3),
      pssMegabytes: rounded(pssBytes / 1e6, 1),
      byRole,
      programme: {
        framesPerSecond: rounded(arrivals.length / elapsed, 3),
        filledFrames: filled,
        framesOffGrid: offGrid,
        arrivalGapP99Ms: rounded(percentile(gaps, 0.99), 1),
        arrivalGapMaxMs: rounded(Math.max(...gaps), 1),
      },
      whepPicturesPerSecond: rounded((viewer.pictures - viewerBefore.pictures) / elapsed, 2),
      hls: { partsPerSecond: rounded((hls.parts - partsBefore) / elapsed, 2), errors: hls.errors },
      limits: { cores: 1.2, pssMegabytes: 900, framesPerSecond: [29.85, 30.15] },
    }),
  );
  hls.close();
  probe.close();
  await page.close();
  await publishers.close();
} finally {
  await browser.close();
  await product.close();
}
process.exit(0);

/** Processor time of each process of the tree; the threads of native libraries are in it. */
function seconds(root: number): Map<number, number> {
  const tree = processTree(root).filter((pid) => readdirSync('/proc').includes(String(pid)));
  return new Map(tree.map((pid) => [pid, processorSeconds(pid)]));
}

async function originMetric(of: Product, name: string): Promise<number> {
  const client = new NodeClient({ internalSecret: undefined });
  const response = await client.open(`unix:${of.runDir}/origin.sock`, { method: 'GET', path: '/metrics' });
  let text = '';
  for await (const part of response) text += String(part);
  client.close();
  return Number(new RegExp(`^tessera_origin_${name}\\{[^}]*\\} (.+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}
