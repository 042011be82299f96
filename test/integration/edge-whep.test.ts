/** The edge as its own process, fed with a ready-made programme, watched by real Chromium and by many counting viewers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ViewerTotals } from '../../scripts/bench/support/whep-viewers.ts';
import { repoRoot } from '../../src/config/paths.ts';
import type { ParticipantId, RoomId, SessionId } from '../../src/domain/ids.ts';
import { NODE_PATHS } from '../../src/node-api/contract.ts';
import { ROOM, startEdgeRig, startWatchHost, type EdgeRig, type Watcher, type WatchHost } from '../support/edge-rig.ts';
import { waitFor } from '../support/process.ts';
import { startUdpLossRelay } from '../support/udp-loss.ts';

let rig: EdgeRig;
let host: WatchHost;

beforeAll(async () => {
  rig = await startEdgeRig({ maxViewers: 25 });
  host = await startWatchHost(rig);
});
afterAll(async () => {
  await host?.close();
  await rig?.close();
});

const isBlue = ([r, g, b]: [number, number, number]): boolean => b > 200 && r < 60 && g < 60;
const isRed = ([r, g, b]: [number, number, number]): boolean => r > 200 && b < 60 && g < 60;
const viewersGone = (): Promise<unknown> => waitFor('all viewers gone', async () => (await rig.metric('viewers')) === 0);
/** The end of those that vanish while the tests in between watch, one at a time. The last test looks at it. */
let twentyGone: Promise<unknown>;
let reporterGone: Promise<Watcher>;

async function end(watcher: Watcher): Promise<void> {
  const ended = (): Promise<unknown> => rig.client.call(rig.edgeUrl, 'DELETE', NODE_PATHS.session(watcher.session));
  await ended();
  await watcher.page.close();
  await expect(ended()).rejects.toMatchObject({ code: 'sessionNotFound' });
}

describe('sessions', () => {
  it('answers a room without programme with 409 and a time to come back', async () => {
    const process = await startCounting(rig, 0);
    const offer = await process.offer();

    await expect(rig.open({ room: 'nobody' as RoomId, offer })).rejects.toMatchObject({ code: 'noLiveProgramme', retryAfterSeconds: 2 });
    await expect(rig.open({ offer: 'v=0 nonsense' })).rejects.toMatchObject({ code: 'malformedSdp' });
    await expect(rig.open({ offer: offer.replace(/H264/g, 'VP8') })).rejects.toMatchObject({ code: 'unacceptableOffer' });
    await expect(rig.client.call(rig.edgeUrl, 'POST', NODE_PATHS.whep, { room: '../x' })).rejects.toMatchObject({ code: 'validationFailed' });
    process.kill();
    expect(await rig.metric('viewers')).toBe(0);
  });

  it('answers with all candidates, takes trickled ones, and keeps the session when asked to restart ICE', async () => {
    const process = await startCounting(rig, 0);
    const offer = await process.offer();
    const { session, answer, etag } = await rig.open({ offer });
    const patch = (fragment: string, ifMatch: string): Promise<unknown> => rig.client.call(rig.edgeUrl, 'PATCH', NODE_PATHS.session(session), { fragment, ifMatch });
    const candidates = 'm=video 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=candidate:2 1 udp 1 abc.local 9 typ host\r\n';

    expect(answer).toContain(`127.0.0.1 ${rig.udpPort} typ host`);
    expect(answer.match(/^a=rtcp-mux-only\r?$/gm)).toHaveLength(2);
    expect(new Set([...answer.matchAll(/^a=msid:(\S+)/gm)].map((m) => m[1])).size).toBe(1);
    expect(answer.match(/^a=sendonly\r?$/gm)).toHaveLength(2);
    expect(await patch(candidates, etag)).toBeUndefined();
    await expect(patch(candidates, '')).rejects.toMatchObject({ code: 'preconditionRequired' });
    await expect(patch(candidates, '"old"')).rejects.toMatchObject({ code: 'preconditionFailed' });
    await expect(patch('a=ice-ufrag:new1\r\na=ice-pwd:0123456789012345678901\r\n', '*')).rejects.toMatchObject({ code: 'iceRestartUnsupported' });
    expect(await patch(candidates, etag)).toBeUndefined();
    await rig.client.call(rig.edgeUrl, 'DELETE', NODE_PATHS.session(session));
    await expect(patch(candidates, etag)).rejects.toMatchObject({ code: 'sessionNotFound' });
    process.kill();
    await viewersGone();
  });
});

describe('many viewers', () => {
  it('serves twenty from one port without a hole, and refuses the one too many', async () => {
    const process = await startCounting(rig, 20);
    await delay(1000);
    const early = await process.report();
    await delay(5000);
    const late = await process.report();
    const more: Promise<unknown>[] = [];
    for (let i = 0; i < 6; i++) more.push(rig.open({ offer: process.anOffer() }).then((answer) => answer.session, (error: unknown) => error));
    const answers = await Promise.all(more);
    for (const session of answers) if (typeof session === 'string') await rig.client.call(rig.edgeUrl, 'DELETE', NODE_PATHS.session(session as SessionId));
    process.kill(); // without a word: the last test waits for their end, which ICE consent tells within 30 s
    twentyGone = waitFor('the twenty gone', async () => (await rig.metric('viewers')) <= 2, { timeoutMs: 35_000, intervalMs: 500 });
    twentyGone.catch(() => undefined);

    expect(late).toMatchObject({ viewers: 20, connected: 20, missing: 0 });
    // 30 pictures and 50 sound packets a second each
    expect(late.leastPackets - early.leastPackets).toBeGreaterThan(0.8 * 5 * 80);
    expect(answers.filter((answer) => typeof answer === 'string')).toHaveLength(5);
    expect(answers.find((answer) => typeof answer !== 'string')).toMatchObject({ code: 'overloaded', retryAfterSeconds: 5 });
  });

  it('loses one more, who had a record and told how it went', async () => {
    const watcher = await host.watch({ rendition: 'mid' });
    await waitFor('first picture', async () => (await watcher.state()).firstPictureMs);
    await rig.sessions.put({ id: watcher.session, kind: 'whep', room: ROOM, nodeUrl: rig.edgeUrl, nodeId: 'edge', identity: 'anna' as ParticipantId, createdAt: new Date().toISOString() });
    await delay(3000); // it reports by then, so its silence tells; before, only ICE consent does (30 s)

    await watcher.page.close();
    expect(await rig.sessions.list(ROOM)).toHaveLength(1);
    reporterGone = waitFor('its record gone', async () => (await rig.sessions.list(ROOM)).length === 0, { timeoutMs: 20_000, intervalMs: 500 }).then(() => watcher);
    reporterGone.catch(() => undefined);
  });
});

describe('a viewer in Chromium', () => {
  it('sees the picture soon, hears the sound, in step, and without growing delay', async () => {
    const watcher = await host.watch({ rendition: 'mid' });

    const first = await waitFor('first picture', async () => (await watcher.state()).firstPictureMs);
    await delay(2000);
    const early = await watcher.state();
    await delay(4000);
    const late = await watcher.state();
    await end(watcher);

    expect(first).toBeLessThan(1500);
    expect(isBlue(late.rgb), String(late.rgb)).toBe(true);
    const frames = late.framesDecoded - early.framesDecoded;
    expect(frames).toBeGreaterThan(108);
    expect(frames).toBeLessThan(135);
    expect(late.audioEnergy).toBeGreaterThan(early.audioEnergy + 0.005);
    expect(late.freezes).toBe(0);
    expect(late.packetsLost).toBe(0);
    expect(late.videoDelayMs).toBeLessThan(150);
    expect(late.audioDelayMs).toBeLessThan(150);
    expect(Math.abs(late.soundAheadMs ?? Infinity)).toBeLessThan(80);
  });

  it('changes rendition at a keyframe without losing a picture', async () => {
    const watcher = await host.watch({ rendition: 'mid' });
    await waitFor('blue', async () => isBlue((await watcher.state()).rgb));

    await rig.client.call(rig.edgeUrl, 'POST', NODE_PATHS.rendition(watcher.session), { rendition: 'high' });
    const high = await waitFor('red', async () => {
      const state = await watcher.state();
      return isRed(state.rgb) && state;
    });
    await rig.client.call(rig.edgeUrl, 'POST', NODE_PATHS.rendition(watcher.session), { rendition: 'audio' });
    await delay(500);
    const still = await watcher.state();
    await delay(500);
    const stillLater = await watcher.state();
    await rig.client.call(rig.edgeUrl, 'POST', NODE_PATHS.rendition(watcher.session), { rendition: 'mid' });
    await waitFor('blue again', async () => isBlue((await watcher.state()).rgb));
    await end(watcher);

    expect(high).toMatchObject({ width: 1280, freezes: 0, packetsLost: 0 });
    expect(stillLater.framesDecoded).toBe(still.framesDecoded);
    expect(stillLater.audioEnergy).toBeGreaterThan(still.audioEnergy);
  });

  it('gets what it lost again', async () => {
    const relay = await startUdpLossRelay(rig.udpPort, 0.05);
    const resentBefore = await rig.metric('resent_total');
    const watcher = await host.watch({ rendition: 'high', viaPort: relay.port });
    await waitFor('first picture', async () => (await watcher.state()).firstPictureMs);
    const early = await watcher.state();
    await delay(6000);
    const late = await watcher.state();
    await end(watcher);
    relay.close();

    expect(relay.dropped).toBeGreaterThan(5);
    expect(late.nacks).toBeGreaterThan(0);
    expect(late.retransmitted).toBeGreaterThanOrEqual(0.8 * (relay.dropped - 3));
    expect(await rig.metric('resent_total')).toBeGreaterThan(resentBefore);
    expect(late.framesDecoded - early.framesDecoded).toBeGreaterThan(160);
  });

  it('hears left and right apart when it asks for stereo as our pages do', async () => {
    const watcher = await host.watch({ rendition: 'mid', stereo: true });
    await waitFor('first picture', async () => (await watcher.state()).firstPictureMs);

    const { left, right } = await watcher.sides();
    await end(watcher);

    expect(left.at440Db - right.at440Db).toBeGreaterThan(20);
    expect(right.at660Db - left.at660Db).toBeGreaterThan(20);
  });

  it('goes on over a restart of the origin', async () => {
    const watcher = await host.watch({ rendition: 'mid' });
    await waitFor('first picture', async () => (await watcher.state()).firstPictureMs);

    await rig.source.interrupt();
    await delay(700);
    const before = await watcher.state();
    await rig.source.listen();
    const after = await waitFor('more pictures', async () => {
      const state = await watcher.state();
      return state.framesDecoded > before.framesDecoded + 60 && state;
    });
    await end(watcher);

    expect(after.connection).toBe('connected');
    expect(isBlue(after.rgb)).toBe(true);
  });
});

describe('viewers that vanish', () => {
  it('are noticed: one that reported soon, so that nothing it sent keeps its session, the twenty by ICE consent', async () => {
    const { session } = await reporterGone;
    await expect(rig.client.call(rig.edgeUrl, 'DELETE', NODE_PATHS.session(session))).rejects.toMatchObject({ code: 'sessionNotFound' });
    await twentyGone;
    await viewersGone();
  });
});

interface Counting {
  report(): Promise<ViewerTotals>;
  /** A fresh offer of a viewer that is not connected. */
  offer(): Promise<string>;
  /** One of the offers made so far. */
  anOffer(): string;
  kill(): void;
}

async function startCounting(to: EdgeRig, count: number): Promise<Counting> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'scripts/bench/support/whep-viewers.ts'], { cwd: repoRoot, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const offers: string[] = [];
  let totals: ViewerTotals | undefined;
  let ready = false;
  let answered = 0;
  child.on('message', (message: { ready?: true; offer?: number; sdp?: string; totals?: ViewerTotals }) => {
    if (message.ready) ready = true;
    if (message.totals) totals = message.totals;
    if (message.offer === undefined || !message.sdp) return;
    const index = message.offer;
    offers.push(message.sdp);
    if (index >= count) return;
    void to.open({ offer: message.sdp, rendition: 'mid' }).then(({ answer }) => {
      child.send({ answer: index, sdp: answer });
      answered++;
    });
  });
  const report = async (): Promise<ViewerTotals> => {
    totals = undefined;
    child.send({ report: true });
    return waitFor('report', () => totals);
  };
  await waitFor('counting process', () => ready);
  for (let i = 0; i < count; i++) child.send({ join: i });
  await waitFor('answers', () => answered === count);
  if (count > 0) await waitFor('connections', async () => (await report()).connected === count);
  return {
    report,
    offer: async () => {
      const before = offers.length;
      child.send({ join: before });
      return waitFor('offer', () => offers[before]);
    },
    anOffer: () => offers[0] as string,
    kill: () => child.kill('SIGKILL'),
  };
}
