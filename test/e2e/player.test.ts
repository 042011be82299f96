/** The player in a real browser: watched by LL-HLS, by WebRTC, and in a frame of another site. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  [service, browser] = await Promise.all([startService(), launchBrowser()]);
  site = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(`<iframe width=640 height=360 allow="autoplay" src="${service.url}/embed/room?muted=1"></iframe>`));
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve));
  await service.api('POST', '/api/rooms', { id: 'room', access: 'open' });
  watch = await open(`${service.url}/watch/room`);
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

  it('comes by LL-HLS where WebRTC finds no way', async () => {
    // neither side knows an address of the other that is reached by UDP
    const page = await (await browser.newContext()).newPage();
    await page.route('**/whep/**', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      const answer = await route.fetch({ postData: (route.request().postData() ?? '').replace(/a=candidate.*\r\n/g, '') });
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/(a=candidate:\S+ 1 udp \d+ \S+) \d+/gi, '$1 9') });
    });
    await page.goto(`${service.url}/watch/room?mode=webrtc`);
    await live(page);
    expect(await data(page, 'mode')).toBe('hls');
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
