/**
 * Clients that are not ours, against the complete service: Eyevinn's WHIP client and WebRTC player in Chromium, GStreamer's
 * webrtcbin and werift. Three publish at once, each in a colour and a tone; three watch and must find all of them.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repoRoot } from '../../src/config/paths.ts';
import { launchBrowser } from '../support/browser.ts';
import { colourDistance, decodePictures, decodeSound } from '../support/decode.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';
import { toneLevelDb } from '../support/tones.ts';
import { weriftPublish, weriftWatch, type WeriftClient } from '../support/werift-client.ts';

const ROOM = 'foreign';
type Colour = [number, number, number];
const RED: Colour = [192, 32, 32];
const BLUE: Colour = [32, 48, 192];
const RED_HZ = 523;
const BLUE_HZ = 1319;
const hex = (colour: Colour): string => colour.map((c) => c.toString(16).padStart(2, '0')).join('');
const NEAR = 70;

let service: Service;
let browser: Browser;
let page: Page;
let folder: string;
let gstreamer: Gstreamer;
let werift: WeriftClient;
const token = (role: 'participant' | 'viewer', sub: string): Promise<string> => service.token({ room: ROOM, role, sub, name: sub });

interface Seen {
  pictures: number;
  keyframes: number;
  colours: number[];
  sounds: number;
  tones: number[];
}

interface Gstreamer {
  events: ({ type: string } & Record<string, unknown>)[];
  seen(): Seen | undefined;
  close(): Promise<void>;
}

function startGstreamer(...args: string[]): Gstreamer {
  const child: ChildProcess = spawn('/usr/bin/python3', [join(repoRoot, 'test/support/webrtcbin-client.py'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const events: Gstreamer['events'] = [];
  if (child.stdout) createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line) as { type: string }));
  return {
    events,
    seen: () => events.findLast(({ type }) => type === 'seen') as unknown as Seen | undefined,
    async close() {
      child.kill('SIGTERM');
      await waitFor('the end of GStreamer', () => child.exitCode !== null || child.signalCode !== null, { timeoutMs: 5000 }).catch(kill);
      process.off('exit', kill);
    },
  };
}

const publications = async (): Promise<string[]> => {
  const participants = (await (await service.api('GET', `/api/rooms/${ROOM}/participants`)).json()) as { id: string; publications: { audio: boolean; video: boolean }[] }[];
  return participants.map(({ id }) => id).sort();
};

declare global {
  interface Window {
    foreign: {
      WHIPClient: new (options: { endpoint: string; opts: { authkey: string; iceServers: [] } }) => { ingest(stream: MediaStream): Promise<void>; getResourceUrl(): Promise<string>; destroy(): Promise<void> };
      WebRTCPlayer: new (options: { video: HTMLVideoElement; type: 'whep'; iceServers: [] }) => { load(url: URL, authkey: string): Promise<void>; unload(): Promise<void> };
    };
    whip?: InstanceType<Window['foreign']['WHIPClient']>;
    player?: InstanceType<Window['foreign']['WebRTCPlayer']>;
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-foreign-'));
  service = await startService();
  expect((await service.api('POST', '/api/rooms', { id: ROOM, layout: { preset: 'grid' }, video: { width: 640, height: 360, frameRate: 15 } })).status).toBe(201);
  const [bundle, opened] = await Promise.all([
    build({
      stdin: { contents: "import { WHIPClient } from '@eyevinn/whip-web-client'; import { WebRTCPlayer } from '@eyevinn/webrtc-player'; window.foreign = { WHIPClient, WebRTCPlayer };", resolveDir: repoRoot },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      logLevel: 'error',
    }),
    launchBrowser(),
  ]);
  browser = opened;
  page = await browser.newPage();
  await page.goto(`${service.url}/recordings`);
  await page.evaluate(bundle.outputFiles[0]?.text ?? '');
  await page.evaluate('globalThis.__name = (named) => named'); // a helper that transpiled functions expect
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await gstreamer?.close();
  await werift?.close().catch(() => undefined);
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('publishers', () => {
  it("GStreamer's webrtcbin (one bundle, max-bundle)", async () => {
    gstreamer = startGstreamer('publish', `${service.url}/whip/${ROOM}`, await token('participant', 'gstreamer'), hex(RED), String(RED_HZ));

    await waitFor('the connection', () => {
      expect(gstreamer.events.filter(({ type }) => type === 'refused')).toEqual([]);
      return gstreamer.events.some(({ state }) => state === 'connected');
    });
    await waitFor('the participant', async () => (await publications()).includes('gstreamer'));
  });

  it('werift', async () => {
    werift = await weriftPublish(`${service.url}/whip/${ROOM}`, await token('participant', 'werift'), hex(BLUE), BLUE_HZ);

    await waitFor('the connection', () => werift.peer.connectionState === 'connected');
    await waitFor('the participant', async () => (await publications()).includes('werift'));
  });

  it("Eyevinn's WHIP client in Chromium, trickling", { timeout: 15_000 }, async () => {
    const requests: string[] = [];
    page.on('response', (response) => void requests.push(`${response.request().method()} ${response.status()}`));

    const session = await page.evaluate(
      async ({ endpoint, authkey }) => {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180, frameRate: 15 } });
        window.whip = new window.foreign.WHIPClient({ endpoint, opts: { authkey, iceServers: [] } });
        await window.whip.ingest(stream);
        return window.whip.getResourceUrl();
      },
      { endpoint: `${service.url}/whip/${ROOM}`, authkey: await token('participant', 'eyevinn') },
    );

    expect(session).toContain(`/whip/${ROOM}/`);
    await waitFor('all three', async () => (await publications()).join() === 'eyevinn,gstreamer,werift');
    expect(requests).toContain('POST 201');
    // Its PATCH has the tag in a header of its own instead of If-Match (RFC 9725 section 4.3.1); the answer's candidates are enough.
    expect(requests.filter((request) => /^[A-Z]+ [45]/.test(request)).every((request) => request === 'PATCH 428')).toBe(true);
  });
});

describe('viewers', () => {
  /** A tile of three is a sixth of the picture and more. */
  const TILE = 0.1;

  it("GStreamer's webrtcbin: a keyframe, pictures, all colours, all tones", async () => {
    const viewer = startGstreamer('watch', `${service.url}/whep/${ROOM}`, await token('viewer', 'gst-viewer'), `${hex(RED)},${hex(BLUE)}`, `${RED_HZ},${BLUE_HZ}`);
    try {
      const seen = await waitFor('colours and tones', () => {
        expect(viewer.events.filter(({ type }) => type === 'refused')).toEqual([]);
        const now = viewer.seen();
        return now && now.colours.every((share) => share > TILE) && now.tones.every((db) => db > -50) && now.pictures > 30 && now;
      }).catch((error: unknown) => {
        throw new Error(JSON.stringify([...viewer.events.filter(({ type }) => type !== 'seen'), viewer.seen()]), { cause: error });
      });

      expect(seen.keyframes).toBeGreaterThanOrEqual(1);
      await waitFor('more pictures and sound', () => (viewer.seen()?.pictures ?? 0) >= seen.pictures + 15 && (viewer.seen()?.sounds ?? 0) > seen.sounds + 40);
    } finally {
      await viewer.close();
    }
    expect(viewer.events.at(-1)).toEqual({ type: 'ended', status: 200 });
  });

  it('werift: a file of it has the pictures and the sound', async () => {
    const path = join(folder, 'werift.webm');
    const viewer = await weriftWatch(`${service.url}/whep/${ROOM}`, await token('viewer', 'werift-viewer'), path);
    await waitFor('the connection', () => viewer.peer.connectionState === 'connected');
    // Of 64 pictures (4.3 s at 15 a second) one is a keyframe for sure, whenever the recorder began.
    await waitFor('pictures and sound', () => viewer.came.pictures > 100 && viewer.came.sounds > 150);
    await viewer.close();

    const pictures = await decodePictures(path, { width: 64, height: 36 });
    const sound = await decodeSound(path);
    const last = pictures.at(-1);
    const share = (colour: Colour): number => {
      let near = 0;
      for (let at = 0; last && at < last.rgb.length; at += 3) if (colourDistance([last.rgb[at] as number, last.rgb[at + 1] as number, last.rgb[at + 2] as number], colour) < NEAR) near++;
      return near / (64 * 36);
    };
    expect(pictures.length).toBeGreaterThan(20);
    expect([share(RED) > TILE, share(BLUE) > TILE]).toEqual([true, true]);
    const second = sound.subarray(sound.length - 24_000);
    for (const hz of [RED_HZ, BLUE_HZ]) expect(toneLevelDb(second, 48_000, hz)).toBeGreaterThan(-50);
  });

  it("Eyevinn's WebRTC player in Chromium: pictures go on, all colours, all tones", async () => {
    const seen = await page.evaluate(
      async ({ url, authkey, colours, tones, near }) => {
        const video = document.createElement('video');
        video.muted = true;
        document.body.append(video);
        const player = new window.foreign.WebRTCPlayer({ video, type: 'whep', iceServers: [] });
        window.player = player;
        await player.load(new URL(url), authkey);
        const until = async (what: string, check: () => boolean): Promise<void> => {
          for (let tries = 0; !check(); tries++) {
            if (tries > 160) throw new Error(`${what} did not come`);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        };
        await until('a stream', () => video.srcObject instanceof MediaStream && video.srcObject.getTracks().length === 2);
        void video.play();
        await until('pictures', () => video.getVideoPlaybackQuality().totalVideoFrames > 15);
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 16_384;
        analyser.smoothingTimeConstant = 0;
        context.createMediaStreamSource(video.srcObject as MediaStream).connect(analyser);
        const bins = new Float32Array(analyser.frequencyBinCount);
        const level = (hz: number): number => {
          analyser.getFloatFrequencyData(bins);
          const centre = Math.round((hz * analyser.fftSize) / context.sampleRate);
          return Math.max(...bins.slice(centre - 2, centre + 3));
        };
        const canvas = document.createElement('canvas');
        canvas.width = 64;
        canvas.height = 36;
        const drawing = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
        const share = (colour: number[]): number => {
          drawing.drawImage(video, 0, 0, 64, 36);
          const { data } = drawing.getImageData(0, 0, 64, 36);
          let found = 0;
          for (let at = 0; at < data.length; at += 4) if (Math.hypot(...colour.map((c, i) => c - (data[at + i] as number))) < near) found++;
          return found / (64 * 36);
        };
        await until('colours and tones', () => colours.every((colour) => share(colour) > 0.1) && tones.every((hz) => level(hz) > -60));
        const before = video.getVideoPlaybackQuality().totalVideoFrames;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return { colours: colours.map(share), tones: tones.map(level), frames: video.getVideoPlaybackQuality().totalVideoFrames - before };
      },
      { url: `${service.url}/whep/${ROOM}`, authkey: `Bearer ${await token('viewer', 'eyevinn-viewer')}`, colours: [RED, BLUE], tones: [RED_HZ, BLUE_HZ], near: NEAR },
    );

    expect(seen.frames).toBeGreaterThanOrEqual(10);
    await page.evaluate(() => window.player?.unload());
  });
});

describe('a telephone held upright, that speaks G.711', () => {
  const UPRIGHT = 'upright';
  const HZ = 2500;

  it('its picture is turned, and its sound has no mirror image above 4 kHz', async () => {
    const of = (role: 'participant' | 'viewer', sub: string): Promise<string> => service.token({ room: UPRIGHT, role, sub, name: sub });
    expect((await service.api('POST', '/api/rooms', { id: UPRIGHT, layout: { preset: 'grid' }, video: { width: 640, height: 360, frameRate: 15 } })).status).toBe(201);
    const telephone = await weriftPublish(`${service.url}/whip/${UPRIGHT}`, await of('participant', 'telephone'), hex(RED), HZ, { pcmu: true, turned: 90 });
    const path = join(folder, 'upright.webm');
    let viewer: Awaited<ReturnType<typeof weriftWatch>> | undefined;
    try {
      await waitFor('the connection', () => telephone.peer.connectionState === 'connected');
      viewer = await weriftWatch(`${service.url}/whep/${UPRIGHT}`, await of('viewer', 'upright-viewer'), path);
      const { came } = viewer;
      await waitFor('pictures and sound', () => came.pictures > 100 && came.sounds > 150);
    } finally {
      await viewer?.close();
      await telephone.close();
    }

    const last = (await decodePictures(path, { width: 64, height: 36 })).at(-1);
    const at = (x: number, y: number): Colour => [0, 1, 2].map((c) => last?.rgb[(y * 64 + x) * 3 + c] ?? 0) as Colour;
    const sound = await decodeSound(path);
    const second = sound.subarray(sound.length - 24_000);
    // 16:9 turned is 9:16: about 20 of 64 columns; what was at the left is above
    expect(colourDistance(at(32, 8), RED)).toBeLessThan(NEAR);
    expect(colourDistance(at(32, 26), [0, 0, 255])).toBeLessThan(NEAR);
    expect(toneLevelDb(second, 48_000, HZ)).toBeGreaterThan(-30);
    expect(toneLevelDb(second, 48_000, HZ) - toneLevelDb(second, 48_000, 8000 - HZ)).toBeGreaterThan(40);
  });
});

describe('leaving', () => {
  it('all of them end their sessions themselves', { timeout: 15_000 }, async () => {
    await page.evaluate(() => window.whip?.destroy());
    await gstreamer.close();
    await werift.close();

    expect(gstreamer.events.at(-1)).toEqual({ type: 'ended', status: 200 });
    await waitFor('an empty room', async () => (await publications()).length === 0, { timeoutMs: 3000 });
  });
});
