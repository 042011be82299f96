/**
 * Our own watch page by LL-HLS, for each part length: start-up (a viewer who comes to a running broadcast), the age of each
 * picture on the screen by a clock drawn into it, stalls, and what the delay consists of.
 * `npx tsx scripts/bench/player.ts [--parts 16,6] [--seconds 30] [--starts 5] [--mode hls] [--no-build]`; one JSON object on stdout.
 * Ten minutes without a stall: `--parts 16 --seconds 600`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { openPlayer } from './support/player-page.ts';
import { percentile, ROOM, rounded, startProduct, until, type Product } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';
import { launch } from './support/watch-page.ts';

const { values } = parseArgs({
  options: { parts: { type: 'string', default: '16,6' }, seconds: { type: 'string', default: '30' }, starts: { type: 'string', default: '5' }, mode: { type: 'string', default: 'hls' }, 'no-build': { type: 'boolean', default: false } },
});
const WARM_UP_MS = 5000;
/** p95 in ms by part length in frames. */
const LIMIT_P95_MS: Readonly<Record<number, number>> = { 16: 2400, 6: 1500 };
const LIMIT_STARTUP_MS = 1000;

const browser = await launch();
const results: object[] = [];
let build = !values['no-build'];
try {
  for (const partFrames of values.parts.split(',').map(Number)) {
    const product = await startProduct({ settings: { TESSERA_PART_FRAMES: String(partFrames) }, build });
    build = false;
    try {
      results.push(await measure(browser, product, partFrames));
    } finally {
      await product.close();
    }
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify({ benchmark: 'player', mode: values.mode, results }));
process.exit(0);

async function measure(chromium: Browser, product: Product, partFrames: number): Promise<object> {
  const probe = new ProgrammeProbe(product.runDir, ROOM);
  void probe.follow();
  const publishers = await product.publish(1, 'clock');
  await until('the first picture', () => probe.firstPictureAtMs !== undefined, 20_000);
  probe.close();
  await delay(5000); // a playlist needs some segments
  const starts: { pageMs: number; playerMs: number }[] = [];
  for (let i = 0; i < Number(values.starts); i++) {
    const page = await openPlayer(chromium, product, `?mode=${values.mode}`);
    await until('a picture', async () => (await page.take()).firstPictureMs !== undefined && (await page.told()).startupMs > 0, 20_000);
    starts.push({ pageMs: (await page.take()).firstPictureMs ?? Number.NaN, playerMs: (await page.told()).startupMs });
    await page.close();
  }
  const page = await openPlayer(chromium, product, `?mode=${values.mode}`);
  await until('a picture', async () => (await page.take()).agesMs.length > 0, 20_000);
  const atFirst = await page.take();
  await delay(WARM_UP_MS);
  const before = await page.told();
  await page.reset();
  await delay(Number(values.seconds) * 1000);
  const [seen, told] = [await page.take(), await page.told()];
  await page.close();
  await publishers.close();
  const p95Ms = percentile(seen.agesMs, 0.95);
  const startupMaxMs = Math.max(...starts.map((s) => s.playerMs));
  const limitP95Ms = LIMIT_P95_MS[partFrames];
  return {
    partFrames,
    startup: { playerMs: starts.map((s) => rounded(s.playerMs)), firstPictureFromNavigationMs: starts.map((s) => rounded(s.pageMs)), maxMs: rounded(startupMaxMs), limitMs: LIMIT_STARTUP_MS },
    pictureToViewer: { firstMs: rounded(atFirst.agesMs[0] ?? Number.NaN), p50Ms: rounded(percentile(seen.agesMs, 0.5)), p95Ms: rounded(p95Ms), maxMs: rounded(Math.max(...seen.agesMs)), read: seen.agesMs.length, limitP95Ms },
    stalls: { told: told.stalls - before.stalls, sinceOpened: told.stalls, waits: seen.waits.slice(0, 10).map((w) => ({ atMs: rounded(w.atMs), aheadMs: rounded(1000 * w.bufferedS) })), longestGapMs: rounded(seen.longestGapMs), seconds: Number(values.seconds) },
    picturesPerSecond: rounded(seen.pictures / Number(values.seconds), 1),
    forwardBufferMs: { p5: rounded(percentile(seen.bufferMs, 0.05)), p50: rounded(percentile(seen.bufferMs, 0.5)) },
    playbackRates: seen.rates,
    toldByPlayer: { latencyMs: told.latencyMs, behindMs: told.behindMs, rendition: told.rendition, mode: told.mode },
    met: { latency: limitP95Ms === undefined || p95Ms <= limitP95Ms, startup: startupMaxMs <= LIMIT_STARTUP_MS, stalls: told.stalls === 0 },
  };
}
