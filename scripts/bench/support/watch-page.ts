/** Watching in Chromium: WHEP or LL-HLS (hls.js), with the drawn clock read from each picture that is shown. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { repoRoot } from '../../../src/config/paths.ts';
import { ROOM, type Product } from './product.ts';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

export interface Watched {
  /** Age of each picture in ms when it was shown, in order. Empty unless clocks are read. */
  agesMs: number[];
  pictures: number;
  /** From asking to the first picture. */
  firstPictureMs: number | undefined;
  /** WHEP only: sums of the receiver's statistics so far. */
  receiver?: { jitterBufferMs: number; jitterBufferPictures: number; decodeMs: number; decoded: number; freezes: number; lost: number; nacks: number };
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
}

export interface WatchPage {
  take(): Promise<Watched>;
  /** Forgets what was seen so far. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function watch(browser: Browser, product: Product, kind: 'whep' | 'hls', options: { readClock: boolean; rendition?: string }): Promise<WatchPage> {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${product.url}/healthz`);
  await page.evaluate(clockReader());
  if (kind === 'hls') await page.evaluate(readFileSync(join(repoRoot, 'node_modules/hls.js/dist/hls.min.js'), 'utf8'));
  await page.evaluate(inPage, { kind, room: ROOM, token: product.token, readClock: options.readClock, rendition: options.rendition ?? 'auto' });
  return {
    take: () => read(page),
    reset: () => page.evaluate(() => (globalThis as unknown as { watched: Watched }).watched.agesMs.splice(0)).then(() => undefined),
    close: () => context.close(),
  };
}

function read(page: Page): Promise<Watched> {
  return page.evaluate(async () => {
    const here = globalThis as unknown as { watched: Watched; statistics?(): Promise<void> };
    await here.statistics?.();
    return here.watched;
  });
}

/** drawn-clock.ts for the page, as `drawnClock`; and a helper that transpiled functions expect. */
export function clockReader(): string {
  const { outputFiles } = buildSync({ entryPoints: [join(repoRoot, 'scripts/synthetic/drawn-clock.ts')], bundle: true, write: false, format: 'iife', globalName: 'drawnClock' });
  return `${outputFiles[0]?.text ?? ''};globalThis.drawnClock = drawnClock;globalThis.__name = (named) => named;0`;
}

interface InPage {
  kind: 'whep' | 'hls';
  room: string;
  token: string;
  readClock: boolean;
  rendition: string;
}

/** Runs in the page. */
async function inPage({ kind, room, token, readClock, rendition }: InPage): Promise<void> {
  interface Here {
    watched: Watched;
    statistics?(): Promise<void>;
    drawnClock: { readClock(luma: { data: Uint8Array; stride: number; width: number; height: number }): number | undefined; clockAgeMs(reading: number, nowMs: number): number };
    Hls: new (config: object) => { loadSource(url: string): void; attachMedia(video: HTMLVideoElement): void };
  }
  const here = globalThis as unknown as Here;
  here.watched = { agesMs: [], pictures: 0, firstPictureMs: undefined };
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  video.width = 640;
  document.body.append(video);
  const width = 320;
  const height = 180;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  const luma = new Uint8Array(width * height);
  const started = performance.now();
  const shown = (): void => {
    const nowMs = performance.timeOrigin + performance.now();
    here.watched.pictures++;
    here.watched.firstPictureMs ??= performance.now() - started;
    video.requestVideoFrameCallback(shown);
    if (!readClock) return;
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    for (let i = 0; i < luma.length; i++) luma[i] = ((data[4 * i] as number) + 2 * (data[4 * i + 1] as number) + (data[4 * i + 2] as number)) >> 2;
    const reading = here.drawnClock.readClock({ data: luma, stride: width, width, height });
    if (reading !== undefined) here.watched.agesMs.push(here.drawnClock.clockAgeMs(reading, nowMs));
  };
  video.requestVideoFrameCallback(shown);
  if (kind === 'hls') {
    const hls = new here.Hls({ lowLatencyMode: true, enableWorker: false });
    hls.loadSource(`/hls/${room}/index.m3u8`);
    hls.attachMedia(video);
    return;
  }
  const pc = new RTCPeerConnection();
  pc.addTransceiver('video', { direction: 'recvonly' });
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.ontrack = (event) => {
    video.srcObject = event.streams[0] ?? null;
  };
  here.statistics = async () => {
    (await pc.getStats()).forEach((report: Record<string, number> & { type: string; kind?: string }) => {
      if (report.type !== 'inbound-rtp' || report.kind !== 'video') return;
      const value = (name: string): number => report[name] ?? 0;
      here.watched.receiver = {
        jitterBufferMs: 1000 * value('jitterBufferDelay'),
        jitterBufferPictures: value('jitterBufferEmittedCount'),
        decodeMs: 1000 * value('totalDecodeTime'),
        decoded: value('framesDecoded'),
        freezes: value('freezeCount'),
        lost: value('packetsLost'),
        nacks: value('nackCount'),
      };
    });
  };
  await pc.setLocalDescription();
  const response = await fetch(`/whep/${room}?rendition=${rendition}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
    body: pc.localDescription?.sdp,
  });
  if (response.status !== 201) throw new Error(`WHEP answered ${response.status} ${await response.text()}`);
  await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
}
