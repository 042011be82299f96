/** The player in a real browser: watched by LL-HLS, by WebRTC, and in a frame of another site. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';
import { startSynthetic, type SyntheticProcess } from '../support/synthetic.ts';

let service: Service;
let browser: Browser;
let people: SyntheticProcess;
let site: Server;
let watch: Page;
let webrtc: Page;
const faults: string[] = [];

const open = async (url: string): Promise<Page> => {
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 760 } })).newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(url);
  return page;
};
const data = async (page: Pick<Page, 'getAttribute'>, name: string, main = 'watch'): Promise<string | null> => page.getAttribute(`main#${main}`, `data-${name}`);
const live = (page: Pick<Page, 'getAttribute'>, main = 'watch'): Promise<unknown> => waitFor('a live picture', async () => (await data(page, 'state', main)) === 'live', { timeoutMs: 25_000 });

beforeAll(async () => {
  // a small audience begins with WebRTC
  [service, browser] = await Promise.all([startService({ env: { TESSERA_PLAYER_WEBRTC_VIEWERS: '3' } }), launchBrowser()]);
  site = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(`<iframe width=640 height=360 allow="autoplay" src="${service.url}/embed/room?muted=1"></iframe>`));
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve));
  await service.api('POST', '/api/rooms', { id: 'room', access: 'open' });
  watch = await open(`${service.url}/watch/room?mode=hls`);
  people = await startSynthetic(service.url, 'room', ['--names', 'Ada', '--width', '320', '--height', '180', '--fps', '15']);
});
afterAll(async () => {
  site?.close();
  await browser?.close();
  await people?.stop();
  await service?.stop();
});

describe('the player', () => {
  it('waits for the broadcast, plays it, and obeys keys', async () => {
    await live(watch);
    expect(await data(watch, 'mode')).toBe('hls');
    await watch.getByTestId('play-pause').focus();
    await watch.keyboard.press('m');
    expect(await watch.locator('video').evaluate((v: HTMLVideoElement) => v.muted)).toBe(true);
    await watch.keyboard.press('k');
    expect(await watch.locator('video').evaluate((v: HTMLVideoElement) => v.paused)).toBe(true);
    await watch.keyboard.press('e');
    await waitFor('the live edge', async () => (await data(watch, 'at-edge')) === 'true', { timeoutMs: 8000 });
    await watch.keyboard.press('?');
    await watch.getByTestId('shortcut-help').waitFor();
    await watch.keyboard.press('Escape');
    expect(await watch.getByTestId('shortcut-help').count()).toBe(0);
    expect(await axeViolations(watch)).toEqual([]);
  });

  it('shows another rendition and the one before again, within one segment, without a hole', async () => {
    const quality = watch.getByTestId('quality');
    const part = async (name: string): Promise<number> => Number(/(\d+)\.\d+\.m4s/.exec((await watch.waitForResponse((r) => new RegExp(name).test(r.url()), { timeout: 8000 })).url())?.[1]);
    await quality.selectOption('high');
    await waitFor('the large picture', async () => (await data(watch, 'rendition')) === 'high', { timeoutMs: 8000 });
    await watch.locator('video').evaluate((v: HTMLVideoElement) => {
      v.addEventListener('waiting', () => (v.dataset.waits = `${Number(v.dataset.waits ?? 0) + 1}`));
      setInterval(() => (v.dataset.ranges = `${Math.max(v.buffered.length, Number(v.dataset.ranges ?? 0))}`), 50);
    });
    await waitFor('there and back within one segment', async () => {
      const large = await part('/high/\\d+\\.1\\.m4s');
      const smallCame = part('/low/\\d+\\.\\d\\.m4s');
      await quality.selectOption('low');
      const small = await smallCame;
      const againCame = part('/high/\\d+\\.\\d\\.m4s');
      await quality.selectOption('high');
      return small === large && (await againCame) === large;
    }, { timeoutMs: 25_000 });
    // until all of it has been shown
    const end = await watch.locator('video').evaluate((v: HTMLVideoElement) => v.currentTime + 4);
    await waitFor('the next segments', () => watch.locator('video').evaluate((v: HTMLVideoElement, s) => v.currentTime > s, end), { timeoutMs: 8000 });
    expect(await watch.locator('video').evaluate((v: HTMLVideoElement) => ({ ...v.dataset }))).toMatchObject({ ranges: '1' });
    expect(await watch.locator('video').evaluate((v: HTMLVideoElement) => v.dataset.waits)).toBeUndefined();
    expect(await data(watch, 'rendition')).toBe('high');
  });

  it('plays by WebRTC where asked, changes the rendition, and shows a poster with sound alone', async () => {
    const page = (webrtc = await open(`${service.url}/watch/room?mode=webrtc`));
    await live(page);
    expect(await data(page, 'mode')).toBe('webrtc');
    await page.getByTestId('quality').selectOption('audio');
    await page.getByTestId('poster').waitFor();
    await page.getByTestId('quality').selectOption('low');
    await waitFor('the small picture', async () => (await data(page, 'rendition')) === 'low', { timeoutMs: 8000 });
    expect(await page.getByTestId('poster').count()).toBe(0);
  });

  it('comes by LL-HLS where WebRTC finds no way, and remembers that until WebRTC works', async () => {
    // neither side knows an address of the other that is reached by UDP
    const page = await (await browser.newContext()).newPage();
    let offers = 0;
    await page.route('**/whep/**', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      offers++;
      const answer = await route.fetch({ postData: (route.request().postData() ?? '').replace(/a=candidate.*\r\n/g, '') });
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/(a=candidate:\S+ 1 udp \d+ \S+) \d+/gi, '$1 9') });
    });
    const modeOf = async (search: string): Promise<string | null> => {
      await page.goto(`${service.url}/watch/room${search}`);
      await live(page);
      return data(page, 'mode');
    };
    expect(await modeOf('')).toBe('hls');
    expect(offers).toBeGreaterThan(0);

    offers = 0;
    expect(await modeOf('')).toBe('hls');
    expect(offers).toBe(0);

    await page.unroute('**/whep/**');
    expect(await modeOf('')).toBe('hls');
    expect(await modeOf('?mode=webrtc')).toBe('webrtc');
    expect(await modeOf('')).toBe('webrtc');
    await page.close();
  });

  it('plays by the browser’s own HLS where hls.js cannot, picture and sound and sound alone', async () => {
    const page = await (await browser.newContext()).newPage();
    // as on an iPhone; Debian's Chromium plays HLS by itself as well
    await page.addInitScript(() => {
      for (const name of ['MediaSource', 'ManagedMediaSource']) Reflect.deleteProperty(window, name);
    });
    await page.goto(`${service.url}/watch/room?mode=hls`);
    await live(page);
    expect(await data(page, 'mode')).toBe('native');
    const video = page.locator('video');
    const shown = (): Promise<{ at: number; time: number; pictures: number; sound: number; width: number; source: string }> =>
      video.evaluate((v: HTMLVideoElement & { webkitAudioDecodedByteCount?: number }) => ({
        at: performance.now() / 1000,
        time: v.currentTime,
        pictures: v.getVideoPlaybackQuality().totalVideoFrames,
        sound: v.webkitAudioDecodedByteCount ?? 0,
        width: v.videoWidth,
        source: v.currentSrc,
      }));
    const playsOn = async (): Promise<Awaited<ReturnType<typeof shown>>> => {
      const before = await shown();
      await delay(3000);
      const after = await shown();
      expect((after.time - before.time) / (after.at - before.at)).toBeCloseTo(1, 1);
      return { ...after, pictures: after.pictures - before.pictures, sound: after.sound - before.sound };
    };
    const both = await playsOn();
    expect(both.pictures).toBeGreaterThan(30);
    expect(both.sound).toBeGreaterThan(0);

    await page.getByTestId('quality').selectOption('audio');
    await page.getByTestId('poster').waitFor();
    await waitFor('sound alone', async () => ((now) => now.source.endsWith('/audio.m3u8') && now.time > 0.2)(await shown()), { timeoutMs: 8000 });
    const alone = await playsOn();
    expect(alone).toMatchObject({ pictures: 0, width: 0 });
    expect(alone.sound).toBeGreaterThan(0);
    await page.close();
  });

  it('plays in a frame of another site, which no other page does', async () => {
    const page = await open(`http://localhost:${(site.address() as AddressInfo).port}/`);
    const frame = await waitFor('the frame', () => page.frame({ url: /embed/ }) ?? false, { timeoutMs: 5000 });
    if (frame) await live(frame as unknown as Page, 'embed');
    expect((await fetch(`${service.url}/watch/room`)).headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  it('tells how many watch and how it goes', async () => {
    await waitFor('three viewers', async () => Number(((await (await service.api('GET', '/api/rooms/room')).json()) as { viewers: number }).viewers) === 3, { timeoutMs: 8000, intervalMs: 500 });
    const told = (await (await service.api('GET', '/api/rooms/room/qoe')).json()) as { points: { startupMs: unknown }[] };
    expect(told.points.some((point) => point.startupMs !== null)).toBe(true);
    expect(faults).toEqual([]);
  });

  it('says that the broadcast is over, and plays it again also to who watched by WebRTC', async () => {
    await service.api('DELETE', '/api/rooms/room');
    await waitFor('the end', async () => (await data(webrtc, 'state')) === 'ended', { timeoutMs: 4000 });
    await webrtc.getByTestId('replay').click();
    await live(webrtc);
    const { position, length } = await webrtc.locator('video').evaluate((v: HTMLVideoElement) => ({ position: v.currentTime, length: v.duration }));
    expect(length).toBeGreaterThan(5);
    expect(position).toBeLessThan(length);
    expect(faults).toEqual([]);
  });
});
