/**
 * Somebody joins in data-saver mode from behind 300 kbit/s each way that lose 5 % of the packets: what of sound and picture arrives, and what it
 * takes, and what the others have of it. The complete product, the page in Chromium, and the link between them in network namespaces
 * (needs root). `npm run bench:data-saver [-- --seconds 40 --bps 300000 --loss 5 --rtt-ms 0 --join saving|offered|plain --pictures folder]`; one JSON
 * object on stdout. `saving` is chosen before joining, `offered` is taken when the page offers it, `plain` is for comparison.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { startService } from '../../test/support/service.ts';
import { FlashSpeaker } from './support/flash-speaker.ts';
import { inOwnNetwork, NarrowNetwork, SERVICE_ADDRESS } from './support/narrow-network.ts';
import { percentile, rounded, until } from './support/product.ts';
import { prepareSaverPage, saverPage, type SaverSeen } from './support/saver-page.ts';
import { soundReport, type SoundReport } from './support/sound-gaps.ts';
import { TileWatch } from './support/tile-watch.ts';
import { Voice } from './support/voice.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '40' },
    bps: { type: 'string', default: '300000' },
    loss: { type: 'string', default: '5' },
    'rtt-ms': { type: 'string', default: '0' },
    join: { type: 'string', default: 'saving' },
    pictures: { type: 'string' },
  },
});
inOwnNetwork();

const ROOM = 'narrow';
const SPEAKER_HZ = 120;
const SAVER_HZ = 200;
const FLASH_EACH_MS = 3000;
const SETTLE_MS = 8000;
const measureMs = Number(values.seconds) * 1000;
const link = { bitsPerSecond: Number(values.bps), lossPercent: Number(values.loss) };
/** The bars: issue of viewing at every bandwidth. */
const LIMITS = { wholeShare: 0.95, pictureDelayMs: 1000, upBps: 150_000 };
const OFFER_WITHIN_MS = 40_000;

const folder = mkdtempSync(join(tmpdir(), 'tsr-saver-'));
const network = await NarrowNetwork.open(Number(values['rtt-ms']));
const service = await startService({ env: { TESSERA_API_KEYS: `bench:${'s'.repeat(32)}`, TESSERA_LOG_LEVEL: 'warn' } });
try {
  const { config } = service;
  const address = `http://${SERVICE_ADDRESS}:${config.httpPort}`;
  const tokenOf = (who: string): Promise<string> => service.token({ room: ROOM, role: 'participant', sub: who, name: who });
  await service.api('POST', '/api/rooms', { id: ROOM });
  const speaker = new FlashSpeaker({ url: service.url, room: ROOM, token: await tokenOf('Speaker'), pitchHz: SPEAKER_HZ, flashEachMs: FLASH_EACH_MS });
  speaker.start();
  await until('the speaker', () => speaker.connected, 15_000);
  const half = { y: 0, width: 0.5, height: 1, source: 'camera', fit: 'cover' };
  const layout = await service.api('PUT', `/api/rooms/${ROOM}/layout`, { preset: 'custom', regions: [{ participant: 'Speaker', x: 0, ...half }, { participant: 'Saver', x: 0.5, ...half }] });
  if (!layout.ok) throw new Error(`layout: ${await layout.text()}`);

  const page = await openBrowser(network, address);
  network.narrow(link);
  const openedAtMs = performance.now();
  await page.goto(`${address}/join/${ROOM}?token=${await tokenOf('Saver')}`, { timeout: 40_000 });
  await page.getByTestId('join-button').waitFor({ timeout: 40_000 });
  const loadedMs = performance.now() - openedAtMs;
  if (values.join === 'saving') await page.getByTestId('data-saver').check();
  await picture(page, 'setup');
  const clickedAtMs = performance.now();
  await page.getByTestId('join-button').click();
  await page.locator('main[data-state=live]').waitFor({ timeout: 30_000 });
  const joinedMs = performance.now() - clickedAtMs;
  const offeredMs = values.join === 'offered' ? await takeOffer(page) : undefined;

  const saver = await saverPage(page);
  await delay(SETTLE_MS);
  const broadcast = new TileWatch(`${service.url}/hls/${ROOM}/index.m3u8?token=${await tokenOf('Watcher')}`, join(folder, 'programme.mp4'));
  await saver.take();
  speaker.takeLevels();
  const seconds = await measured(network, measureMs);
  const seen = await saver.take();
  const heardFromSaver = soundReport(speaker.takeLevels());
  const heardBySaver = soundReport(seen.levels);
  const delaysMs = flashDelays(seen);
  await picture(page, 'call');
  const noticeShown = await page.getByTestId('poor-connection').isVisible();
  await page.context().browser()?.close();
  await speaker.close();
  await broadcast.end();
  const motion = await broadcast.motion(0.5);
  if (values.pictures !== undefined) await broadcast.still(join(values.pictures, 'programme.png'));
  const result = {
    link: { ...link, roundTripMs: Number(values['rtt-ms']) },
    join: values.join,
    loadedMs: rounded(loadedMs),
    joinedMs: rounded(joinedMs),
    offeredMs: offeredMs === undefined ? undefined : rounded(offeredMs),
    upBps: rounded(mean(seconds.map((s) => s.up))),
    upBpsWorstSecond: Math.max(...seconds.map((s) => s.up)),
    downBps: rounded(mean(seconds.map((s) => s.down))),
    heardBySaver: shortened(heardBySaver),
    heardFromSaver: shortened(heardFromSaver),
    picture: {
      flashes: delaysMs.length,
      flashesExpected: Math.floor(measureMs / FLASH_EACH_MS),
      delayMsP50: rounded(percentile(delaysMs, 0.5)),
      delayMsP95: rounded(percentile(delaysMs, 0.95)),
      delayMsMax: rounded(Math.max(...delaysMs)),
      shownPerSecond: rounded((1000 * seen.shown.length) / measureMs, 1),
      longestPauseMs: rounded(longestPause(seen)),
    },
    pictureOfSaver: { movedPerSecond: rounded(motion.movedPerSecond, 1), longestStandstillMs: rounded(motion.longestStandstillMs), programmePerSecond: rounded(motion.picturesPerSecond, 1) },
    statistics: seen.statistics,
    noticeShown,
    ok:
      heardBySaver.wholeShare >= LIMITS.wholeShare &&
      heardFromSaver.wholeShare >= LIMITS.wholeShare &&
      delaysMs.length > 0 &&
      percentile(delaysMs, 0.95) <= LIMITS.pictureDelayMs &&
      mean(seconds.map((s) => s.up)) <= LIMITS.upBps,
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  process.exitCode = result.ok ? 0 : 1;
} finally {
  await service.stop().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  network.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

/** The page finds that the connection is poor and says so; the offer is taken with the keyboard alone. @returns how long that took, in ms */
async function takeOffer(page: Page): Promise<number> {
  const liveAtMs = performance.now();
  const button = page.getByTestId('poor-connection-save');
  await button.waitFor({ timeout: OFFER_WITHIN_MS });
  const offeredMs = performance.now() - liveAtMs;
  await picture(page, 'offer');
  for (let presses = 0; presses < 40 && !(await button.evaluate((element) => element === document.activeElement)); presses++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  if (!(await page.getByTestId('toggle-saving').evaluate((element) => element === document.activeElement))) throw new Error('the focus is lost after the offer was taken');
  await page.locator('main[data-saving=yes][data-state=live]').waitFor({ timeout: 20_000 });
  return offeredMs;
}

/** A screenshot, when wanted. */
async function picture(of: Page, name: string): Promise<void> {
  if (values.pictures === undefined) return;
  mkdirSync(values.pictures, { recursive: true });
  await of.screenshot({ path: join(values.pictures, `${name}.png`) });
}

/** Chromium at the other end, with a voice for a microphone. */
async function openBrowser(to: NarrowNetwork, address: string): Promise<Page> {
  const executablePath = join(folder, 'chromium');
  to.program('/usr/bin/chromium', executablePath);
  const wav = join(folder, 'voice.wav');
  writeFileSync(wav, voiceFile(SAVER_HZ));
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...['--autoplay-policy=no-user-gesture-required', '--use-fake-device-for-media-stream=fps=30', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${wav}`],
      `--unsafely-treat-insecure-origin-as-secure=${address}`, // camera and microphone are for https and localhost only
    ],
  });
  const page = await (await browser.newContext({ permissions: ['camera', 'microphone'], bypassCSP: true })).newPage();
  await page.addInitScript('globalThis.__name = (named) => named');
  await prepareSaverPage(page);
  return page;
}

/** Ten seconds as a WAV file, which Chromium plays over and over. */
function voiceFile(pitchHz: number): Buffer {
  const samples = new Voice(pitchHz).make(480_000);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(48_000, 24);
  header.writeUInt32LE(96_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}

/** Bits on the link, second by second. */
async function measured(of: NarrowNetwork, forMs: number): Promise<{ up: number; down: number }[]> {
  const seconds: { up: number; down: number }[] = [];
  let before = of.bytes();
  let beforeMs = performance.now();
  for (const endMs = beforeMs + forMs; beforeMs < endMs; ) {
    await delay(1000);
    const [now, nowMs] = [of.bytes(), performance.now()];
    const rate = (bytes: number): number => Math.round((8000 * bytes) / (nowMs - beforeMs));
    seconds.push({ up: rate(now.up - before.up), down: rate(now.down - before.down) });
    [before, beforeMs] = [now, nowMs];
  }
  return seconds;
}

/** From a flash at the publisher (full multiples on the wall clock) to its first picture on the viewer's screen. */
function flashDelays({ shown }: SaverSeen): number[] {
  const delays: number[] = [];
  const middle = (Math.max(...shown.map((s) => s.luma)) + Math.min(...shown.map((s) => s.luma))) / 2;
  for (const [i, { atMs, luma }] of shown.entries()) if (luma > middle && (shown[i - 1]?.luma ?? 255) <= middle) delays.push(atMs % FLASH_EACH_MS);
  return delays;
}

function longestPause({ shown }: SaverSeen): number {
  return Math.max(0, ...shown.slice(1).map(({ atMs }, i) => atMs - (shown[i]?.atMs ?? atMs)));
}

function shortened(report: SoundReport): SoundReport {
  return { ...report, wholeShare: rounded(report.wholeShare, 4), missingShare: rounded(report.missingShare, 4) };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / Math.max(1, numbers.length);
}
