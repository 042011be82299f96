/** What is seen in the mix: the right pictures in the right places, in time, and no delay from slots that are silent. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { percentile, risingEdges } from '../support/flash-beep.ts';
import { decodeUnitPictures, MixerRig, plainPicture, type MixChild, type Picture, type ReceivedUnit } from '../support/mixer-rig.ts';

const WIDTH = 320;
const HEIGHT = 180;
const red = plainPicture(640, 360, 81, 90, 240);
const blue = plainPicture(640, 360, 41, 240, 110);
const white = plainPicture(640, 360, 235);
const black = plainPicture(640, 360, 16);

let rig: MixerRig;
let mix: MixChild;

beforeEach(async () => {
  rig = new MixerRig();
  await rig.open();
  mix = await rig.spare();
});
afterEach(() => rig.close());

async function pictures(): Promise<{ units: ReceivedUnit[]; pictures: Buffer[] }> {
  const units = rig.programme.track('video:high');
  const init = rig.programme.inits.get('video:high');
  if (!init) throw new Error('no init');
  return { units, pictures: await decodeUnitPictures(init, units, WIDTH, HEIGHT) };
}

/** Name of the colour at a place given in fractions of the canvas. */
function colourAt(picture: Buffer | undefined, x: number, y: number): string {
  if (!picture) return 'nothing';
  const at = (Math.floor(y * HEIGHT) * WIDTH + Math.floor(x * WIDTH)) * 3;
  const [r, g, b] = [picture[at] ?? 0, picture[at + 1] ?? 0, picture[at + 2] ?? 0];
  if (r > 160 && g > 160 && b > 160) return 'white';
  if (r > 150 && g < 90 && b < 90) return 'red';
  if (b > 150 && r < 90 && g < 90) return 'blue';
  if (r < 40 && g < 40 && b < 40) return 'black';
  return `rgb(${r},${g},${b})`;
}

describe('the mix', () => {
  it('puts two cameras side by side, follows a layout within 500 ms, and closes up when one leaves', async () => {
    rig.feeds.add(() => red);
    const second = rig.feeds.add(() => blue);
    rig.start(mix);
    await mix.until('ready');
    await pause(1500);
    const changedNs = process.hrtime.bigint();
    mix.send({ type: 'room', room: rig.room({ preset: 'single' }) });
    await pause(1200);
    mix.send({ type: 'room', room: rig.room() });
    await pause(1000);
    const leftNs = process.hrtime.bigint();
    rig.feeds.remove(second);
    await pause(1200);

    const { units, pictures: seen } = await pictures();
    const at = (ns: bigint): number => units.findIndex((u) => u.arrivedNs >= ns);

    const before = seen[at(changedNs) - 1];
    expect([colourAt(before, 0.25, 0.5), colourAt(before, 0.75, 0.5), colourAt(before, 0.25, 0.1), colourAt(before, 0.75, 0.9)]).toEqual(['red', 'blue', 'black', 'black']);

    const single = seen.findIndex((p, i) => i >= at(changedNs) && colourAt(p, 0.95, 0.05) === 'red' && colourAt(p, 0.05, 0.95) === 'red');
    const tookMs = Number((units[single] as ReceivedUnit).arrivedNs - changedNs) / 1e6;
    console.info('layout change shown after ms:', Math.round(tookMs));
    expect(tookMs).toBeLessThanOrEqual(500);

    expect(colourAt(seen[at(leftNs) - 1], 0.75, 0.5)).toBe('blue');
    expect([colourAt(seen.at(-1), 0.05, 0.05), colourAt(seen.at(-1), 0.95, 0.95)]).toEqual(['red', 'red']);
  });

  it('turns, crops and fits pictures, draws names, and shows an avatar for a camera that is off', async () => {
    // a phone held upright: landscape pixels that must be turned; white on what becomes the top
    const phone: Picture = plainPicture(640, 360, 235);
    phone.pixels.fill(16, 0, 640 * 360);
    for (let y = 0; y < 360; y++) phone.pixels.fill(235, y * 640, y * 640 + 320);
    rig.feeds.add(() => phone, { rotation: 90, name: 'phone' });
    rig.feeds.add(() => undefined, { video: false, name: 'Ada Lovelace' });
    rig.feeds.add(() => red, { source: 'screen', name: 'share' });
    rig.start(mix, 1, rig.room({ preset: 'grid' }, true));
    await mix.until('ready');
    await pause(2000);

    const { pictures: seen } = await pictures();
    const last = seen.at(-1);

    // presentation: screen 1024 px wide on the left, fitted to 1024×576; a strip of two on the right
    expect(colourAt(last, 0.4, 0.5)).toBe('red');
    expect(colourAt(last, 0.4, 0.05)).toBe('black');
    expect(colourAt(last, 0.9, 0.33)).toBe('white');
    expect(colourAt(last, 0.9, 0.45)).toBe('black');
    expect(colourAt(last, 0.9, 0.56)).not.toBe('black');
    // the name stands at the lower left of the screen: darker than the red around it
    expect(colourAt(last, 0.0135, 0.865)).not.toBe('red');
    expect(colourAt(last, 0.4, 0.865)).toBe('red');
  });

  it('is not delayed by a feed that falls silent', async () => {
    let silent = false;
    rig.feeds.add((at) => (at % 500_000_000n < 100_000_000n ? white : black));
    rig.feeds.add(() => (silent ? undefined : blue));
    rig.feeds.add(() => undefined);
    rig.start(mix);
    await mix.until('ready');
    await pause(5000);
    silent = true;
    const silentNs = process.hrtime.bigint();
    await pause(5000);

    const { units, pictures: seen } = await pictures();
    const brightness = seen.map((p) => p[(Math.floor(HEIGHT * 0.25) * WIDTH + Math.floor(WIDTH * 0.25)) * 3] ?? 0);
    const seconds = units.map((u) => Number(u.arrivedNs) / 1e9);
    const delays = risingEdges(seconds, brightness, 0.3).map((t) => ({ t, delayMs: (t % 0.5) * 1000 }));
    const median = (list: typeof delays): number => percentile(list.map((d) => d.delayMs), 0.5);
    const busy = median(delays.filter((d) => d.t < Number(silentNs) / 1e9));
    const quiet = median(delays.filter((d) => d.t > Number(silentNs) / 1e9 + 0.5));

    console.info('picture to unit, ms: all slots busy', busy.toFixed(0), 'one silent', quiet.toFixed(0));
    expect(delays.length).toBeGreaterThan(15);
    expect(busy).toBeLessThan(130);
    expect(quiet).toBeLessThan(busy + 25);
  });

  it('goes on with silence when the sound stops, and with the sound when it comes back', async () => {
    rig.feeds.startSound(() => 0.1);
    rig.start(mix);
    await mix.until('ready');
    await pause(1000);
    rig.feeds.stopSound();
    await pause(1500);
    const countNs = process.hrtime.bigint();
    const during = rig.programme.track('audio:aac').filter((u) => u.arrivedNs < countNs);
    rig.feeds.startSound(() => 0.1);
    await pause(1000);

    const units = rig.programme.track('audio:aac');
    for (let i = 1; i < units.length; i++)
      expect(Number((units[i] as ReceivedUnit).ptsNs - (units[i - 1] as ReceivedUnit).ptsNs) / 1e6).toBeCloseTo(21.333, 2);
    const behindMs = Number(countNs - rig.programme.anchorNs - (during.at(-1) as ReceivedUnit).ptsNs) / 1e6;
    expect(behindMs).toBeLessThan(500);
    expect(units.length).toBeGreaterThan(during.length + 30);
  });
});
