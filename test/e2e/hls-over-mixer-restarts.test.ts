/**
 * architecture.md §6, risk 3: the origin is fed by a mixer that is killed every ten seconds; hls.js in Chromium plays a
 * minute of it without a stall.
 */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { hlsScript } from '../support/hls-script.ts';
import { OriginRig, sleep, until } from '../support/origin-rig.ts';
import { encodeClip, type Clip, type ProgrammeSource } from '../support/programme-source.ts';

const ROOM = 'minute';
const PLAY_MS = 60_000;
const EPOCH_MS = 10_000;
/** What a mixer worker needs to start the next epoch with a warm spare. */
const RESTART_MS = 700;

const PAGE = `<!doctype html><title>player</title><video muted autoplay playsinline width=320></video>
<script src="/hls.js"></script><script>
const video = document.querySelector('video');
const seen = window.seen = { waiting: [], errors: [], playing: 0, levels: 0, latencies: [] };
const hls = new Hls({ lowLatencyMode: true });
avoidFaults(hls);
hls.on(Hls.Events.ERROR, (_, d) => seen.errors.push(d.details + (d.fatal ? ' fatal' : '')));
hls.on(Hls.Events.LEVEL_UPDATED, () => { seen.levels++; });
video.addEventListener('playing', () => { seen.playing ||= performance.now(); });
// hls.js seeks to where it begins, and waits for that too
video.addEventListener('waiting', () => { if (seen.playing && !video.seeking) seen.waiting.push(video.currentTime); });
setInterval(() => { if (seen.playing) seen.latencies.push(hls.latency); }, 1000);
hls.loadSource('/hls/${ROOM}/index.m3u8');
hls.attachMedia(video);
</script>`;

let rig: OriginRig;
let server: Server;
let browser: Browser;
let clips: Clip[];
let source: ProgrammeSource;

beforeAll(async () => {
  clips = [await encodeClip(12, 5), await encodeClip(12, 40)];
  rig = new OriginRig();
  await rig.start();
  const script = await hlsScript();
  server = createServer((req, res) => {
    if (req.url === '/') res.setHeader('content-type', 'text/html').end(PAGE);
    else if (req.url === '/hls.js') res.setHeader('content-type', 'text/javascript').end(script);
    else {
      const upstream = request({ socketPath: rig.httpSocket, path: req.url, headers: req.headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      upstream.on('error', () => res.destroy());
      res.on('close', () => upstream.destroy());
      upstream.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await launchBrowser();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  source?.kill();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rig.close();
}, 20_000);

it('hls.js plays a minute without a stall while the mixer is killed every ten seconds', async () => {
  let epochs = 0;
  source = await rig.source(ROOM, clips[0] as Clip);
  await until(async () => (await rig.call('GET', `/hls/${ROOM}/index.m3u8`)).status === 200, 5000, 'the first playlist');
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction('window.seen.playing > 0', undefined, { timeout: 15_000 });

  const began = Date.now();
  const startTime = (await page.evaluate('document.querySelector("video").currentTime')) as number;
  while (Date.now() - began < PLAY_MS) {
    await sleep(EPOCH_MS - RESTART_MS);
    source.kill();
    await sleep(RESTART_MS);
    epochs++;
    source = await rig.source(ROOM, clips[epochs % 2] as Clip);
  }
  const elapsed = (Date.now() - began) / 1000;
  const result = (await page.evaluate(`({
    time: document.querySelector('video').currentTime, seen: window.seen,
    frames: document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames,
  })`)) as { time: number; frames: number; seen: { waiting: number[]; errors: string[]; latencies: number[]; levels: number } };

  expect(epochs).toBeGreaterThanOrEqual(5);
  expect(result.seen.waiting).toEqual([]);
  expect(result.seen.errors.filter((e) => /fatal|Stalled|NudgeOnStall|Append/.test(e))).toEqual([]);
  expect(result.time - startTime).toBeGreaterThan(elapsed - 1.5);
  expect(result.frames / elapsed).toBeGreaterThan(25);
}, 100_000);
