/** Our own watch page in Chromium, with the drawn clock read from each picture that its player shows. */
import type { Browser } from 'playwright-core';
import { ROOM, type Product } from './product.ts';
import { clockReader } from './watch-page.ts';

export interface PlayerSeen {
  /** Age of each picture in ms when it was shown, in order. */
  agesMs: number[];
  pictures: number;
  /** From the beginning of the navigation to the first picture: page, scripts and player. */
  firstPictureMs?: number;
  /** Longest time between two pictures. */
  longestGapMs: number;
  /** Each time the element had nothing to play: when (ms since the navigation) and how far behind it was then. */
  waits: { atMs: number; currentS: number; bufferedS: number }[];
  /** Pictures shown at each playback rate. */
  rates: Record<string, number>;
  /** Forward buffer at each picture, ms. */
  bufferMs: number[];
}

export interface PlayerPage {
  /** What the player says of itself: the page's data attributes. */
  told(): Promise<{ state: string; mode: string; startupMs: number; stalls: number; latencyMs: number; behindMs: number; rendition: string }>;
  take(): Promise<PlayerSeen>;
  /** Forgets what was seen so far, but the first picture. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** @param query such as `?mode=hls` @param size of the window; hls.js takes no rendition larger than the picture's place */
export async function openPlayer(browser: Browser, product: Product, query: string, size = { width: 1500, height: 1000 }): Promise<PlayerPage> {
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  await page.addInitScript(`${clockReader()};(${inPage.toString()})()`);
  await page.goto(`${product.url}/watch/${ROOM}${query}`);
  return {
    told: () =>
      page.locator('main#watch').evaluate((main) => {
        const { state = '', mode = '', rendition = '', startupMs, stalls, latencyMs, behindMs } = (main as HTMLElement).dataset;
        return { state, mode, rendition, startupMs: Number(startupMs), stalls: Number(stalls), latencyMs: Number(latencyMs), behindMs: Number(behindMs) };
      }),
    take: () => page.evaluate(() => (globalThis as unknown as { seen: PlayerSeen }).seen),
    reset: () =>
      page.evaluate(() => {
        const here = globalThis as unknown as { seen: PlayerSeen };
        here.seen = { agesMs: [], pictures: 0, firstPictureMs: here.seen.firstPictureMs, longestGapMs: 0, waits: [], rates: {}, bufferMs: [] };
      }),
    close: () => context.close(),
  };
}

/** Runs before the page's own scripts, and waits for its video element. */
function inPage(): void {
  interface Here {
    seen: PlayerSeen;
    drawnClock: { readClock(luma: { data: Uint8Array; stride: number; width: number; height: number }): number | undefined; clockAgeMs(reading: number, nowMs: number): number };
  }
  const here = globalThis as unknown as Here;
  here.seen = { agesMs: [], pictures: 0, longestGapMs: 0, waits: [], rates: {}, bufferMs: [] };
  const width = 320;
  const height = 180;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  const luma = new Uint8Array(width * height);
  const ahead = (video: HTMLVideoElement): number => (video.buffered.length === 0 ? 0 : video.buffered.end(video.buffered.length - 1) - video.currentTime);
  const follow = (video: HTMLVideoElement): void => {
    let lastMs = 0;
    const shown = (): void => {
      const nowMs = performance.now();
      const { seen } = here;
      seen.pictures++;
      seen.firstPictureMs ??= nowMs;
      if (lastMs > 0 && seen.pictures > 1) seen.longestGapMs = Math.max(seen.longestGapMs, nowMs - lastMs);
      lastMs = nowMs;
      const rate = String(video.playbackRate);
      seen.rates[rate] = (seen.rates[rate] ?? 0) + 1;
      seen.bufferMs.push(1000 * ahead(video));
      video.requestVideoFrameCallback(shown);
      context.drawImage(video, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      for (let i = 0; i < luma.length; i++) luma[i] = ((data[4 * i] as number) + 2 * (data[4 * i + 1] as number) + (data[4 * i + 2] as number)) >> 2;
      const reading = here.drawnClock.readClock({ data: luma, stride: width, width, height });
      if (reading !== undefined) seen.agesMs.push(here.drawnClock.clockAgeMs(reading, performance.timeOrigin + nowMs));
    };
    video.requestVideoFrameCallback(shown);
    video.addEventListener('waiting', () => {
      if (here.seen.firstPictureMs !== undefined && !video.seeking) here.seen.waits.push({ atMs: performance.now(), currentS: video.currentTime, bufferedS: ahead(video) });
    });
  };
  const find = (): void => {
    const video = document.querySelector('video');
    if (video) follow(video);
    else requestAnimationFrame(find);
  };
  find();
}
