/**
 * From a publisher's picture to a viewer's screen on loopback, by a clock drawn into the picture, over WHEP and over LL-HLS
 * in Chromium; and how soon the first programme frame is there. `npx tsx scripts/bench/latency.ts [--seconds 20]`; one JSON
 * object on stdout.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile, ROOM, rounded, startProduct, until, type Product } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';
import { launch, watch } from './support/watch-page.ts';
import type { Browser } from 'playwright-core';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } });
const WARM_UP_MS = 6000;

const product = await startProduct();
const browser = await launch();
try {
  const probe = new ProgrammeProbe(product.runDir, ROOM);
  void probe.follow();
  const publishers = await product.publish(1, 'clock');
  await until('the first picture', () => probe.firstPictureAtMs !== undefined, 20_000);
  const firstFrameMs = (probe.firstPictureAtMs ?? Number.NaN) - publishers.firstConnectedAtMs;
  probe.reset();
  await delay(3000); // a playlist needs some segments
  const latenessMs = Object.fromEntries(Object.entries(probe.lateness).map(([track, list]) => [track, rounded(percentile(list, 0.5), 1)]));
  probe.close();

  const whep = await measure(browser, product, 'whep');
  const hls = await measure(browser, product, 'hls');
  console.log(
    JSON.stringify({
      benchmark: 'latency',
      firstProgrammeFrameMs: rounded(firstFrameMs),
      unitLatenessP50Ms: latenessMs,
      whep,
      hls,
      limits: { firstProgrammeFrameMs: 3000, whepP95Ms: 500, hlsP95Ms: 3000 },
    }),
  );
  await publishers.close();
} finally {
  await browser.close();
  await product.close();
}
process.exit(0);

async function measure(browser: Browser, product: Product, kind: 'whep' | 'hls'): Promise<object> {
  const page = await watch(browser, product, kind, { readClock: true });
  await until(`a clock over ${kind}`, async () => (await page.take()).agesMs.length > 0, 20_000);
  await delay(WARM_UP_MS);
  await page.reset();
  const before = await page.take();
  await delay(Number(values.seconds) * 1000);
  const { agesMs, pictures, firstPictureMs, receiver } = await page.take();
  const since = before.receiver;
  await page.close();
  return {
    firstPictureMs: rounded(firstPictureMs ?? Number.NaN),
    p50Ms: rounded(percentile(agesMs, 0.5)),
    p95Ms: rounded(percentile(agesMs, 0.95)),
    maxMs: rounded(Math.max(...agesMs)),
    picturesRead: agesMs.length,
    ...(receiver && since
      ? {
          jitterBufferMs: rounded((receiver.jitterBufferMs - since.jitterBufferMs) / (receiver.jitterBufferPictures - since.jitterBufferPictures), 1),
          decodeMs: rounded((receiver.decodeMs - since.decodeMs) / (receiver.decoded - since.decoded), 1),
          freezes: receiver.freezes - since.freezes,
          lost: receiver.lost - since.lost,
        }
      : {}),
    picturesPerSecond: rounded((pictures - before.pictures) / Number(values.seconds), 1),
  };
}
