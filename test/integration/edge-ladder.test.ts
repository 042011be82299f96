/** The rungs below `mid`, and a viewer whose link gets thin and wide again, in real Chromium. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rendition } from '../../src/domain/rendition.ts';
import { NODE_PATHS } from '../../src/node-api/contract.ts';
import { startEdgeRig, startWatchHost, type EdgeRig, type Watcher, type WatchHost, type WatchState } from '../support/edge-rig.ts';
import { waitFor } from '../support/process.ts';
import { startUdpLink } from '../support/udp-link.ts';

let rig: EdgeRig;
let host: WatchHost;

beforeAll(async () => {
  rig = await startEdgeRig({ ladder: true });
  host = await startWatchHost(rig);
});
afterAll(async () => {
  await host?.close();
  await rig?.close();
});

const isRed = ([r, g, b]: WatchState['rgb']): boolean => r > 200 && g < 60 && b < 60;
const isBlue = ([r, g, b]: WatchState['rgb']): boolean => b > 200 && r < 60 && g < 60;
const isGreen = ([r, g, b]: WatchState['rgb']): boolean => g > 200 && r < 60 && b < 60;

function seen(watcher: Watcher, what: string, is: (rgb: WatchState['rgb']) => boolean, timeoutMs = 5000): Promise<WatchState> {
  const look = async (): Promise<WatchState | false> => {
    const state = await watcher.state();
    return is(state.rgb) && state;
  };
  return waitFor(what, look, { timeoutMs, intervalMs: 50 });
}
async function choose(watcher: Watcher, rendition: Rendition | 'auto'): Promise<void> {
  await rig.client.call(rig.edgeUrl, 'POST', NODE_PATHS.rendition(watcher.session), { rendition });
}
async function end(watcher: Watcher): Promise<void> {
  await rig.client.call(rig.edgeUrl, 'DELETE', NODE_PATHS.session(watcher.session));
  await watcher.page.close();
}
/** What comes in 1.5 s. */
async function comes(watcher: Watcher): Promise<{ pictures: number; soundPackets: number }> {
  const before = await watcher.state();
  await delay(1500);
  const after = await watcher.state();
  return { pictures: after.framesDecoded - before.framesDecoded, soundPackets: after.audioPackets - before.audioPackets };
}

describe('the small rungs', () => {
  it('has half the pictures and half the sound packets on low, and changes to mid and to sound alone without a break', async () => {
    const watcher = await host.watch({ rendition: 'low' });
    const first = await seen(watcher, 'green', isGreen);
    await delay(1000);
    const onLow = await comes(watcher);
    const before = await watcher.state();
    await choose(watcher, 'mid');
    await seen(watcher, 'blue', isBlue);
    const onMid = await comes(watcher);
    await choose(watcher, 'audio');
    await delay(300);
    const onSound = await comes(watcher);
    const after = await watcher.state();
    await end(watcher);

    expect(first.width).toBe(320);
    expect(onLow.pictures).toBeGreaterThan(17);
    expect(onLow.pictures).toBeLessThan(29);
    expect(onLow.soundPackets).toBeGreaterThan(30);
    expect(onLow.soundPackets).toBeLessThan(46);
    expect(onMid.soundPackets).toBeGreaterThan(60);
    expect(onSound.pictures).toBe(0);
    expect(onSound.soundPackets).toBeGreaterThan(30);
    expect(onSound.soundPackets).toBeLessThan(46);
    expect(after).toMatchObject({ freezes: 0, packetsLost: 0 });
    // a track of larger packets is later by half of one: that much may be stretched at the change
    expect((after.concealedSamples - before.concealedSamples) / 48).toBeLessThan(150);
  });
});

describe('auto behind a link that gets thin', () => {
  it('begins on mid, is on low soon, and comes up to the top when there is room', async () => {
    const link = await startUdpLink(rig.udpPort, { rateBps: 5_000_000 });
    const watcher = await host.watch({ viaPort: link.port });
    const first = await seen(watcher, 'blue', isBlue);
    await delay(1500);
    const keyframes = await rig.metric('keyframe_requests');
    const probesBefore = await rig.metric('probes_total');

    link.rateBps = 300_000;
    const thinAt = performance.now();
    await seen(watcher, 'green', isGreen, 8000);
    const downMs = performance.now() - thinAt;
    const forced = (await rig.metric('keyframe_requests')) - keyframes;
    link.rateBps = 5_000_000;
    const wideAt = performance.now();
    await seen(watcher, 'red', isRed, 25_000);
    const upMs = performance.now() - wideAt;
    const ballast = await rig.metric('probe_bytes_total');
    const probes = (await rig.metric('probes_total')) - probesBefore;
    await end(watcher);
    link.close();

    expect(first.width).toBe(640);
    // two seconds for deciding and the keyframe; the rest is what waits in the link's queue, and this machine's other load
    expect(downMs).toBeLessThan(4500);
    expect(forced).toBeLessThanOrEqual(2);
    // a probe that meets a busy moment of this machine finds a queue, and is made again six seconds later, once
    expect(probes).toBeLessThanOrEqual(2);
    expect(upMs).toBeLessThan(probes === 1 ? 15_000 : 24_000);
    expect(ballast).toBeGreaterThan(20_000);
  });
});
