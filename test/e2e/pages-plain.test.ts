/** The pages without media: titles, empty states, errors in words, narrow screens, names for what a screen reader meets. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayoutChoice, Overlays } from '../../src/domain/room.ts';
import { axeViolations } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';

let service: Service;
let browser: Browser;
let page: Page;
const faults: string[] = [];
const onePixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), launchBrowser()]);
  page = await (await browser.newContext({ viewport: { width: 360, height: 740 }, permissions: ['camera', 'microphone'] })).newPage();
  page.setDefaultTimeout(10_000);
  page.on('pageerror', (error) => faults.push(error.message));
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

const overflow = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
/** Buttons, links and fields that have no name. */
const nameless = (): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('a, button, input, select, video, [role=meter]')]
      .filter((e) => !(e.innerText?.trim() || e.textContent?.trim() || e.getAttribute('aria-label') || e.closest('label')?.textContent?.trim() || (e as HTMLInputElement).labels?.length))
      .map((e) => e.outerHTML.slice(0, 120)),
  );

describe('the pages', () => {
  it('say that there are no rooms and no recordings yet', async () => {
    await page.goto(`${service.url}/`);
    await page.getByText('No rooms yet').waitFor();
    expect(await page.title()).toBe('Tessera');
    await page.getByRole('link', { name: 'Recordings' }).click();
    await page.getByText('Nothing recorded yet').waitFor();
    expect(await page.title()).toContain('Recordings');
  });

  it('create a room, and say in words why an id cannot be taken twice', async () => {
    await page.goto(`${service.url}/`);
    const create = async (): Promise<void> => {
      await page.fill('input[name=id]', 'plain');
      await page.fill('input[name=name]', 'Plain room');
      await page.getByRole('button', { name: 'Create the room' }).click();
    };
    await create();
    await page.getByTestId('room-plain').waitFor();
    expect(await page.getByTestId('room-plain').getAttribute('data-status')).toBe('idle');
    await create();
    expect(await page.getByTestId('error').textContent()).toMatch(/room with this id exists/i);
  });

  it('fit a phone and name every control', async () => {
    for (const path of ['/', '/join/plain', '/watch/plain', '/studio/plain', '/recordings', '/status']) {
      await page.goto(service.url + path);
      await page.locator('main h1').waitFor();
      await waitFor('what is loaded', async () => (await page.getByText(/^Loading/).count()) === 0, { timeoutMs: 10_000 });
      expect(await page.locator('h1').count(), `headings of ${path}`).toBe(1);
      expect(await overflow(), `overflow of ${path}`).toBeLessThanOrEqual(0);
      expect(await nameless(), `controls without a name on ${path}`).toEqual([]);
      expect(await axeViolations(page), path).toEqual([]);
    }
  });

  it('say that a room does not exist, and that a broadcast has not begun', async () => {
    for (const path of ['/join/nowhere', '/watch/nowhere', '/studio/nowhere']) {
      await page.goto(service.url + path);
      await page.locator('main[data-state=error]').waitFor();
      expect(await page.getByTestId('error').textContent(), path).toMatch(/no such room/i);
    }
    await page.goto(`${service.url}/watch/plain`);
    await page.getByTestId('state').getByText('Starting soon').waitFor({ state: 'attached' });
    expect(await page.locator('main').getAttribute('data-state')).toBe('connecting');
  });

  it('ask for an invitation when a token is refused, and take the token out of the address', async () => {
    await page.goto(`${service.url}/join/plain?token=not-a-token`);
    await page.getByTestId('invitation').waitFor();
    expect(page.url()).toBe(`${service.url}/join/plain`);
    const invitation = await service.token({ room: 'plain', role: 'participant', name: 'Invited Ida' });
    await page.getByLabel('Link or token').fill(`${service.url}/join/plain?token=${invitation}`);
    await page.getByRole('button', { name: 'Continue' }).click();
    expect(await page.locator('input[name=name]').inputValue()).toBe('Invited Ida');
    await page.evaluate(() => sessionStorage.clear());
  });

  it('change the layout and refuse an impossible restream address in words', async () => {
    await page.goto(`${service.url}/studio/plain`);
    await page.getByTestId('tab-layout').click();
    await page.getByTestId('layout-speaker').check();
    await page.locator('[data-testid=layouts][data-layout=speaker]').waitFor();
    await page.getByTestId('tab-restream').click();
    await page.fill('input[name=restream-url]', 'srt://example.com:9000?mode=listener');
    await page.getByTestId('start-restream').click();
    expect((await page.getByTestId('restreams').getByTestId('error').textContent())?.length).toBeGreaterThan(10);
  });

  it('change overlays and layout through the API as it is, upload a picture, and say what it refuses', async () => {
    const room = async (): Promise<{ overlays: Overlays; layout: LayoutChoice }> => (await (await service.api('GET', '/api/rooms/plain')).json()) as { overlays: Overlays; layout: LayoutChoice };
    await page.goto(`${service.url}/studio/plain`);
    await page.getByTestId('tab-overlays').click();
    await page.getByTestId('labels-switch').uncheck();
    await page.getByTestId('border-switch').check();
    await page.getByTestId('overlay-watermark').locator('summary').click();
    const file = page.getByTestId('watermark-image-file');
    await file.setInputFiles({ name: 'fake.png', mimeType: 'image/png', buffer: Buffer.from('not a picture') });
    await page.getByTestId('overlays').getByTestId('error').waitFor();
    await file.setInputFiles({ name: 'Our logo.png', mimeType: 'image/png', buffer: onePixel });
    await waitFor('the upload', async () => (await page.getByTestId('watermark-image').inputValue()) === 'Our-logo', { timeoutMs: 5000 });
    await page.getByTestId('watermark-show').click();
    await page.getByTestId('overlay-slate').locator('summary').click();
    await page.fill('input[name=slate-text]', 'Soon');
    await page.fill('input[name=slate-minutes]', '5');
    await page.getByTestId('slate-show').click();
    await waitFor('what was chosen', async () => (await room()).overlays.slate !== undefined, { timeoutMs: 5000 });
    const { slate, ...others } = (await room()).overlays;
    expect(others).toEqual({ labels: false, speakerBorder: true, watermark: { image: 'Our-logo', corner: 'topRight', opacity: 0.8, scale: 0.12 } });
    expect(slate?.text).toBe('Soon');
    expect(Math.abs(Date.parse(slate?.until ?? '') - Date.now() - 5 * 60_000)).toBeLessThan(10_000);

    await page.getByTestId('tab-layout').click();
    await page.getByTestId('auto-presentation').uncheck();
    await page.getByTestId('layout-custom').check();
    await page.getByLabel('Start from an arrangement').selectOption({ label: 'Large with a corner' });
    await page.getByTestId('region-1').focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+ArrowUp');
    await page.getByTestId('apply-regions').click();
    await page.getByText('This is on air.').waitFor();
    const { layout } = await room();
    expect(layout).toMatchObject({ preset: 'custom', autoPresentation: false });
    expect(layout.regions?.[1]).toMatchObject({ slot: 1, x: 0.69, y: 0.66, width: 0.28, height: 0.29, z: 1 });
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await nameless()).toEqual([]);
  });

  it('threw nothing', () => {
    expect(faults).toEqual([]);
  });
});
