/** The studio changes the mix: layouts, overlays and pictures appear in the programme, and a publisher sends what its place needs. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepPeers, launchBrowser, sentVideo } from '../support/browser.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';
import { colourIn } from '../support/viewer.ts';

const ROOM = 'studio';
let service: Service;
let browser: Browser;
let ann: Page;
let host: Page;
let identity: string;
const faults: string[] = [];

async function newPage(width: number): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width, height: 800 }, permissions: ['camera', 'microphone'] })).newPage();
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => faults.push(error.message));
  return page;
}

type Rgb = { r: number; g: number; b: number };
const isRed = ({ r, g, b }: Rgb): boolean => r > 150 && g < 80 && b < 80;
const isBlue = ({ r, g, b }: Rgb): boolean => b > 150 && r < 80 && g < 80;
/** Chromium's own fake camera is a green field with a light green dial. */
const isFakeCamera = ({ r, g, b }: Rgb): boolean => g > 70 && g > 2 * r && g > 2 * b;
/** Area in sixteenths by ninths of the programme that the studio shows. */
const programme = (area: [number, number, number, number]): Promise<Rgb> => colourIn(host.locator('video#programme'), area);
const shows = (what: string, area: [number, number, number, number], judge: (colour: Rgb) => boolean): Promise<unknown> =>
  waitFor(what, async () => judge(await programme(area)), { timeoutMs: 5000, intervalMs: 30 });

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), launchBrowser()]);
  expect((await service.api('POST', '/api/rooms', { id: ROOM, name: 'Studio' })).status).toBe(201);
  [ann, host] = await Promise.all([newPage(700), newPage(1280)]);
  await keepPeers(ann);
  await ann.goto(`${service.url}/join/${ROOM}`);
  await ann.fill('input[name=name]', 'Ann');
  await ann.getByTestId('join-button').click();
  await ann.locator('main[data-state=live]').waitFor();
  identity = (await ann.locator('main').getAttribute('data-identity')) as string;
  await host.goto(`${service.url}/studio/${ROOM}`);
  await host.locator('main[data-state=live]').waitFor();
  await shows('her picture', [3, 2, 10, 5], isFakeCamera);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

describe('the studio', () => {
  it('puts a layout of one’s own on air, and a colour behind it', async () => {
    await host.getByTestId('tab-overlays').click();
    await host.getByTestId('overlay-background').locator('summary').click();
    await host.locator('input[name=background-colour]').fill('#d01010');
    await host.getByTestId('tab-layout').click();
    await host.getByTestId('layout-custom').check();
    await host.getByLabel('Start from an arrangement').selectOption({ label: 'Two side by side' });
    await host.getByTestId('region-1').focus();
    await host.keyboard.press('Delete');
    await host.getByTestId('apply-regions').click();
    await host.locator('[data-testid=layouts][data-layout=custom]').waitFor();
    await shows('her picture on the left', [1, 3, 6, 3], isFakeCamera);
    await shows('the colour on the right', [9, 1, 6, 7], isRed);
  });

  it('shows an uploaded picture as watermark in the corner that is chosen', async () => {
    const blue = await host.evaluate(() => {
      const canvas = document.createElement('canvas');
      canvas.width = 64;
      canvas.height = 36;
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.fillStyle = '#1010e0';
      context.fillRect(0, 0, 64, 36);
      return canvas.toDataURL('image/png').split(',')[1] as string;
    });
    await host.getByTestId('tab-overlays').click();
    const section = host.getByTestId('overlay-watermark');
    await section.locator('summary').click();
    await host.getByTestId('watermark-image-file').setInputFiles({ name: 'Blue mark.png', mimeType: 'image/png', buffer: Buffer.from(blue, 'base64') });
    await waitFor('the upload', async () => (await host.getByTestId('watermark-image').inputValue()) === 'Blue-mark', { timeoutMs: 5000 });
    await section.getByLabel('Bottom right').check();
    await section.getByLabel('Opacity of the watermark').fill('1');
    await section.getByLabel('Width of the watermark').fill('0.5');
    await host.getByTestId('watermark-show').click();
    await shows('the watermark', [13, 7, 2, 1], isBlue);
    expect(isRed(await programme([9, 1, 6, 2]))).toBe(true);
    await section.getByLabel('Top right').check();
    await shows('the watermark above', [13, 1, 2, 1], isBlue);
    await host.getByTestId('watermark-hide').click();
    await shows('no watermark', [13, 1, 2, 1], isRed);
  });

  it('covers everything with a slate, and takes it away', async () => {
    await host.getByTestId('overlay-slate').locator('summary').click();
    await host.fill('input[name=slate-text]', 'Back at three');
    await host.getByTestId('slate-show').click();
    const covered = (colour: Rgb): boolean => !isFakeCamera(colour) && !isRed(colour);
    await shows('the slate', [1, 3, 6, 3], covered);
    await shows('the slate', [9, 1, 6, 7], covered);
    await host.getByTestId('slate-hide').click();
    await shows('her picture again', [1, 3, 6, 3], isFakeCamera);
  });

  it('draws a lower third and a line of captions', async () => {
    const plain = ({ r, g, b }: Rgb): boolean => r < 20 && g > 125 && b < 20; // the camera's field below its dial
    await shows('the slate gone', [0.8, 7.5, 2.4, 0.8], plain);
    await host.getByTestId('overlay-lower-third').locator('summary').click();
    await host.fill('input[name=lower-third-title]', 'Ada Lovelace');
    await host.fill('input[name=lower-third-subtitle]', 'Analytical engines');
    await host.getByTestId('lower-third-show').click();
    await shows('the lower third', [0.8, 7.5, 2.4, 0.8], ({ g }) => g < 100);
    await host.getByTestId('lower-third-hide').click();
    await shows('none', [0.8, 7.5, 2.4, 0.8], plain);
    await host.getByTestId('overlay-captions').locator('summary').click();
    await host.getByTestId('captions-switch').check();
    await host.fill('input[name=caption-text]', 'The engine weaves algebraical patterns as the loom weaves flowers and leaves');
    await host.getByTestId('caption-send').click();
    await shows('the caption', [8, 7, 2, 1], (colour) => !isRed(colour));
  });

  it('says in words what the service refuses, and shows what is on air', async () => {
    await host.route('**/overlays', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Not now', code: 'notReady' }) }));
    await host.getByTestId('labels-switch').click(); // not uncheck(): it is taken back at once
    await host.getByTestId('overlays').getByTestId('error').getByText('The overlays were not changed. Not now.').waitFor();
    expect(await host.getByTestId('labels-switch').isChecked()).toBe(true);
    await host.unroute('**/overlays');
  });
});

describe('a publisher', () => {
  it('sends little while it is shown small, and more within a second of being put on stage', async () => {
    const box = { participant: identity, source: 'camera', x: 0, y: 0, width: 0.3333, height: 0.3333 };
    expect((await service.api('PUT', `/api/rooms/${ROOM}/layout`, { preset: 'custom', regions: [box] })).status).toBe(200);
    await waitFor('a small picture', async () => (await sentVideo(ann)).width <= 430, { timeoutMs: 8000, intervalMs: 50 });
    const small = await sentVideo(ann);
    expect(small.width / small.height).toBeCloseTo(16 / 9, 1);

    expect((await service.api('PATCH', `/api/rooms/${ROOM}/participants/${identity}`, { pinned: true })).status).toBe(200);
    const started = performance.now();
    expect((await service.api('PUT', `/api/rooms/${ROOM}/layout`, { preset: 'speaker' })).status).toBe(200);
    await waitFor('a large picture', async () => (await sentVideo(ann)).width >= 1270, { timeoutMs: 8000, intervalMs: 20 });
    const tookMs = performance.now() - started;
    console.info('from the stage to the large picture, ms:', Math.round(tookMs));
    expect(tookMs).toBeLessThan(1000);
  });

  it('threw nothing', () => {
    expect(faults).toEqual([]);
  });
});
