/** A real edge process fed by a ready-made programme (red `high`, blue `mid`, 440 Hz on the left and 660 Hz on the right), and a page that watches it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { encodeOpusLoop, encodeVideoLoop } from '../../scripts/bench/support/encoded-loop.ts';
import { ProgrammeSource } from '../../scripts/bench/support/programme-source.ts';
import type { RoomId, SessionId } from '../../src/domain/ids.ts';
import { programmeSocketPath } from '../../src/media/programme-protocol.ts';
import { NodeClient } from '../../src/node-api/client.ts';
import type { SessionAnswer, WhepOpen } from '../../src/node-api/contract.ts';
import { connectRedis } from '../../src/state/redis.ts';
import { SessionStore } from '../../src/state/session-store.ts';
import { withOpusStereo } from '../../web/media/opus-stereo.ts';
import { launchBrowser } from './browser.ts';
import { startTestRedis, type TestRedis } from './redis.ts';

export const ROOM = 'room-1' as RoomId;

const NOISE = 'noise=alls=24:allf=t';

export interface EdgeRig {
  source: ProgrammeSource;
  edge: ChildProcess;
  edgeUrl: string;
  udpPort: number;
  client: NodeClient;
  /** The edge's Redis. */
  sessions: SessionStore;
  open(request: Partial<WhepOpen> & { offer: string }): Promise<SessionAnswer & { session: SessionId }>;
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

/** @param options.ladder with a green `low` at 15 fps and its sound, mono in packets of 40 ms */
export async function startEdgeRig(options: { cache?: boolean; maxViewers?: number; ladder?: boolean; logLevel?: string } = {}): Promise<EdgeRig> {
  const runDir = mkdtempSync(join(tmpdir(), 'tsr-edge-'));
  const udpPort = randomInt(45_000, 60_000);
  const sound = 'aevalsrc=0.125*sin(2*PI*440*t)|0.125*sin(2*PI*660*t):c=stereo:s=48000';
  const [high, mid, low, opus, opusLow, redis] = await Promise.all([
    encodeVideoLoop('color=red', 1280, 720, 2_500_000, NOISE),
    encodeVideoLoop('color=blue', 640, 360, 600_000, NOISE),
    options.ladder ? encodeVideoLoop('color=lime', 320, 180, 120_000, NOISE, 15) : undefined,
    encodeOpusLoop(sound, 64_000),
    options.ladder ? encodeOpusLoop(sound, 28_000, true) : undefined,
    startTestRedis(),
  ]);
  const source = new ProgrammeSource({
    path: programmeSocketPath(runDir),
    room: ROOM,
    high: { video: high, width: 1280, height: 720, bitrateBps: 2_500_000 },
    mid: { video: mid, width: 640, height: 360, bitrateBps: 600_000 },
    ...(low ? { low: { video: low, width: 320, height: 180, bitrateBps: 120_000 } } : {}),
    opus,
    ...(opusLow ? { opusLow } : {}),
    cache: options.cache,
  });
  await source.start();
  const edge = await startEdge(runDir, redis, udpPort, options.maxViewers, options.logLevel);
  const client = new NodeClient({ internalSecret: undefined });
  const state = connectRedis(redis.url);
  const edgeUrl = `unix:${runDir}/edge.sock`;
  return {
    source,
    edge,
    edgeUrl,
    udpPort,
    client,
    sessions: new SessionStore(state),
    async open(request) {
      const session = randomBytes(12).toString('hex') as SessionId;
      const answer = await client.call<SessionAnswer>(edgeUrl, 'POST', '/whep', { session, room: ROOM, rendition: 'auto', audio: true, ...request });
      return { session, ...answer };
    },
    async metric(name) {
      const response = await client.open(edgeUrl, { method: 'GET', path: '/metrics' });
      let text = '';
      for await (const part of response) text += String(part);
      return Number(new RegExp(`^tessera_edge_${name}\\{[^}]*\\} (.+)$`, 'm').exec(text)?.[1]);
    },
    async close() {
      client.close();
      state.disconnect();
      const exited = edge.exitCode !== null || edge.signalCode !== null ? undefined : new Promise((resolve) => edge.once('exit', resolve));
      edge.kill('SIGTERM');
      const timer = setTimeout(() => edge.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(timer);
      await source.close();
      await redis.close();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}

async function startEdge(runDir: string, redis: TestRedis, udpPort: number, maxViewers = 400, logLevel = process.env['TESSERA_LOG_LEVEL'] ?? 'warn'): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'workers/edge.ts'], {
    env: {
      ...process.env,
      TESSERA_RUN_DIR: runDir,
      TESSERA_DATA_DIR: runDir,
      TESSERA_REDIS_URL: redis.url,
      TESSERA_EDGE_UDP_PORT: String(udpPort),
      TESSERA_EDGE_MAX_VIEWERS: String(maxViewers),
      TESSERA_LOG_LEVEL: logLevel,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`edge ended with ${code}`)));
  });
  return child;
}

export interface WatchOptions {
  rendition?: WhepOpen['rendition'];
  /** Offers as our own pages do. */
  stereo?: boolean;
  /** Replaces the edge's port in the answer: a relay in between. */
  viaPort?: number;
}

/** What a watching page tells about itself. */
export interface WatchState {
  connection: string;
  /** From the POST to the first picture shown, ms. */
  firstPictureMs: number | undefined;
  /** Of the picture's middle, 0…255. */
  rgb: [number, number, number];
  width: number;
  framesDecoded: number;
  freezes: number;
  packetsLost: number;
  nacks: number;
  retransmitted: number;
  audioEnergy: number;
  /** Sound made up because none was there, of all sound so far, in samples of 48 kHz; the beginning is left out by comparing two states. */
  concealedSamples: number;
  audioPackets: number;
  freezeSeconds: number;
  /** Mean time in the jitter buffers since the last call, ms. */
  videoDelayMs: number;
  audioDelayMs: number;
  /** Between sound and picture now shown, by the sender reports; undefined before both have one. */
  soundAheadMs: number | undefined;
  /** From the picture's programme time to now, with what is still in the player: how far behind live it is. Both clocks are this machine's. */
  pictureLateMs: number | undefined;
  soundLateMs: number | undefined;
}

export interface Watcher {
  page: Page;
  session: SessionId;
  etag: string;
  state(): Promise<WatchState>;
  /** What is heard on the left and on the right. */
  sides(): Promise<Record<'left' | 'right', { at440Db: number; at660Db: number }>>;
}

export interface WatchHost {
  browser: Browser;
  watch(options?: WatchOptions): Promise<Watcher>;
  close(): Promise<void>;
}

/** A browser and a page that plays an edge's answers; control's part of WHEP is a few lines here. */
export async function startWatchHost(rig: EdgeRig): Promise<WatchHost> {
  const server = await serve();
  const browser = await launchBrowser();
  return {
    browser,
    async watch(options = {}) {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      let opened: (SessionAnswer & { session: SessionId }) | undefined;
      await page.exposeFunction('whep', async (offer: string) => {
        opened = await rig.open({ offer, rendition: options.rendition ?? 'auto' });
        return options.viaPort ? opened.answer.replaceAll(` 127.0.0.1 ${rig.udpPort} `, ` 127.0.0.1 ${options.viaPort} `) : opened.answer;
      });
      await page.exposeFunction('adjusted', (offer: string) => (options.stereo ? withOpusStereo(offer) : offer));
      await page.evaluate('globalThis.__name = (named) => named'); // a helper that transpiled functions expect
      await page.evaluate(watchInPage);
      if (!opened) throw new Error('no answer');
      const sides: Watcher['sides'] = () => page.evaluate(() => (globalThis as unknown as { sides: Watcher['sides'] }).sides());
      return { page, session: opened.session, etag: opened.etag, sides, state: () => page.evaluate(() => (globalThis as unknown as { state(): Promise<WatchState> }).state()) };
    },
    async close() {
      await browser.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(): Promise<Server> {
  const server = createServer((_req, res) => {
    res.setHeader('content-type', 'text/html');
    res.end('<!doctype html><video autoplay playsinline></video>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Runs in the page. */
async function watchInPage(): Promise<void> {
  const here = globalThis as unknown as { whep(offer: string): Promise<string>; adjusted(offer: string): Promise<string>; state(): Promise<unknown>; sides(): Promise<unknown> };
  const NTP_UNIX_OFFSET_MS = 2_208_988_800_000;
  const video = document.querySelector('video') as HTMLVideoElement;
  const pc = new RTCPeerConnection();
  pc.addTransceiver('video', { direction: 'recvonly' });
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.ontrack = (event) => {
    video.srcObject = event.streams[0] ?? null;
  };
  await pc.setLocalDescription({ type: 'offer', sdp: await here.adjusted((await pc.createOffer()).sdp ?? '') });
  const started = performance.now();
  let firstPictureMs: number | undefined;
  video.requestVideoFrameCallback(() => {
    firstPictureMs = performance.now() - started;
  });
  await pc.setRemoteDescription({ type: 'answer', sdp: await here.whep(pc.localDescription?.sdp ?? '') });
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 16;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const before: Record<string, { delay: number; count: number }> = {};
  const mean = (kind: string, delay: number, count: number): number => {
    const last = before[kind] ?? { delay: 0, count: 0 };
    before[kind] = { delay, count };
    return count > last.count ? (1000 * (delay - last.delay)) / (count - last.count) : 0;
  };
  here.state = async () => {
    const found: Record<string, Record<string, number>> = {};
    (await pc.getStats()).forEach((report: { type: string; kind?: string }) => {
      if (report.type === 'inbound-rtp') found[report.kind ?? ''] = report as unknown as Record<string, number>;
    });
    const v = found['video'] ?? {};
    const a = found['audio'] ?? {};
    context?.drawImage(video, 0, 0, 16, 16);
    const [r = 0, g = 0, b = 0] = context?.getImageData(8, 8, 1, 1).data ?? [];
    const soundAt = a['estimatedPlayoutTimestamp'];
    const pictureAt = v['estimatedPlayoutTimestamp'];
    return {
      connection: pc.connectionState,
      firstPictureMs,
      rgb: [r, g, b],
      width: video.videoWidth,
      framesDecoded: v['framesDecoded'] ?? 0,
      freezes: v['freezeCount'] ?? 0,
      packetsLost: v['packetsLost'] ?? 0,
      nacks: v['nackCount'] ?? 0,
      retransmitted: v['retransmittedPacketsReceived'] ?? 0,
      audioEnergy: a['totalAudioEnergy'] ?? 0,
      concealedSamples: (a['concealedSamples'] ?? 0) - (a['silentConcealedSamples'] ?? 0),
      audioPackets: a['packetsReceived'] ?? 0,
      freezeSeconds: v['totalFreezesDuration'] ?? 0,
      videoDelayMs: mean('video', v['jitterBufferDelay'] ?? 0, v['jitterBufferEmittedCount'] ?? 0),
      audioDelayMs: mean('audio', a['jitterBufferDelay'] ?? 0, a['jitterBufferEmittedCount'] ?? 0),
      soundAheadMs: soundAt && pictureAt ? soundAt - pictureAt : undefined,
      pictureLateMs: pictureAt ? Date.now() + NTP_UNIX_OFFSET_MS - pictureAt : undefined,
      soundLateMs: soundAt ? Date.now() + NTP_UNIX_OFFSET_MS - soundAt : undefined,
    };
  };
  here.sides = async () => {
    const sound = new AudioContext();
    await sound.resume();
    const split = sound.createMediaStreamSource(video.srcObject as MediaStream).connect(sound.createChannelSplitter(2));
    const ears = [0, 1].map((side) => {
      const ear = sound.createAnalyser();
      ear.fftSize = 4096;
      ear.smoothingTimeConstant = 0;
      split.connect(ear, side);
      return ear;
    });
    const spectrum = new Float32Array(2048);
    const level = (ear: AnalyserNode, hz: number): number => {
      ear.getFloatFrequencyData(spectrum);
      return Math.max(...spectrum.subarray(Math.round((hz * 4096) / sound.sampleRate) - 2).subarray(0, 5));
    };
    for (let tries = 0; tries < 100 && !(level(ears[0] as AnalyserNode, 440) > -50); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 300)); // a window with the sound's beginning in it shows every frequency
    const levels = ears.map((ear) => ({ at440Db: level(ear, 440), at660Db: level(ear, 660) }));
    await sound.close();
    return { left: levels[0], right: levels[1] };
  };
}
