/**
 * A WHEP viewer in Chromium that notes how bright the programme's tiles are and how loud it is, with the time at which
 * libwebrtc hands pictures and sound out to be shown and played.
 */
import type { Browser } from 'playwright-core';
import type { WatchedTile } from './flashes-and-beeps.ts';
import { ROOM, type Product } from './product.ts';

export interface WhepSeen {
  /** Each picture: when it came, and the luma of each tile. */
  pictures: { atMs: number; luma: number[] }[];
  /** The same of pictures as they are shown: the time is the one at which the browser expects the picture on the screen. */
  shown: { atMs: number; luma: number[] }[];
  /** Each block of sound: when it came, and the peaks of its milliseconds (0…32767). */
  sound: { atMs: number; peaks: number[] }[];
  /** libwebrtc's own view: beep − flash it would play by, from `estimatedPlayoutTimestamp`, ms; none before the second sender reports. */
  estimatedMs: number[];
  /** Mean time from there to the loudspeaker, as the browser counts it, ms. */
  soundDelayMs: number;
}

export interface WhepFlashPage {
  take(): Promise<WhepSeen>;
  close(): Promise<void>;
}

/** @throws when WHEP refuses */
export async function whepFlashPage(browser: Browser, product: Product, tiles: readonly WatchedTile[], rendition: string): Promise<WhepFlashPage> {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${product.url}/healthz`);
  await page.evaluate('globalThis.__name = (named) => named');
  await page.evaluate(inPage, { room: ROOM, token: product.token, rendition, tiles: tiles.map(({ x, y }) => ({ x, y })) });
  return {
    take: () => page.evaluate(() => (globalThis as unknown as { take(): Promise<WhepSeen> }).take()),
    close: () => context.close(),
  };
}

interface Media {
  codedWidth: number;
  codedHeight: number;
  numberOfFrames: number;
  sampleRate: number;
  copyTo(to: Uint8Array | Float32Array, options: object): Promise<unknown> | undefined;
  close(): void;
}

/** Runs in the page. */
async function inPage({ room, token, rendition, tiles }: { room: string; token: string; rendition: string; tiles: { x: number; y: number }[] }): Promise<void> {
  type Processor = new (options: { track: MediaStreamTrack }) => { readable: { getReader(): { read(): Promise<{ value?: Media }> } } };
  const here = globalThis as unknown as { MediaStreamTrackProcessor: Processor; take(): Promise<WhepSeen> };
  const seen: WhepSeen = { pictures: [], shown: [], sound: [], estimatedMs: [], soundDelayMs: 0 };
  const element = document.createElement('video');
  element.autoplay = true;
  document.body.append(element);
  const pc = new RTCPeerConnection();
  pc.addTransceiver('video', { direction: 'recvonly' });
  pc.addTransceiver('audio', { direction: 'recvonly' });
  const follow = async (track: MediaStreamTrack, take: (media: Media, atMs: number) => Promise<void>): Promise<void> => {
    const reader = new here.MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value } = await reader.read();
      const atMs = performance.now();
      if (!value) return;
      await take(value, atMs).catch(() => undefined);
      value.close();
    }
  };
  const picture = async (frame: Media, atMs: number): Promise<void> => {
    const luma: number[] = [];
    for (const tile of tiles) {
      const bytes = new Uint8Array(6); // 2×2 of I420
      const x = 2 * Math.floor((tile.x * frame.codedWidth) / 2);
      const y = 2 * Math.floor((tile.y * frame.codedHeight) / 2);
      await frame.copyTo(bytes, { rect: { x, y, width: 2, height: 2 } });
      luma.push(bytes[0] as number);
    }
    seen.pictures.push({ atMs, luma });
  };
  const sound = async (block: Media, atMs: number): Promise<void> => {
    const samples = new Float32Array(block.numberOfFrames);
    await block.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    const perMs = block.sampleRate / 1000;
    const peaks: number[] = [];
    for (let at = 0; at + perMs <= samples.length; at += perMs) {
      let peak = 0;
      for (let i = Math.floor(at); i < at + perMs; i++) peak = Math.max(peak, Math.abs(samples[i] ?? 0));
      peaks.push(Math.round(peak * 32_767));
    }
    seen.sound.push({ atMs, peaks });
  };
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [96, 54];
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  const show = (_nowMs: number, { expectedDisplayTime }: { expectedDisplayTime: number }): void => {
    element.requestVideoFrameCallback(show);
    context.drawImage(element, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    seen.shown.push({ atMs: expectedDisplayTime, luma: tiles.map(({ x, y }) => data[4 * (Math.round(y * canvas.height) * canvas.width + Math.round(x * canvas.width)) + 1] as number) });
  };
  element.requestVideoFrameCallback(show);
  pc.ontrack = ({ track, streams }) => {
    element.srcObject = streams[0] ?? null;
    void follow(track, track.kind === 'video' ? picture : sound);
  };
  let played = { delay: 0, count: 0 };
  const look = async (): Promise<void> => {
    const at: Record<string, number | undefined> = {};
    (await pc.getStats()).forEach((report: { type: string; kind?: string; estimatedPlayoutTimestamp?: number; totalPlayoutDelay?: number; totalSamplesCount?: number }) => {
      if (report.type === 'inbound-rtp' && report.kind) at[report.kind] = report.estimatedPlayoutTimestamp;
      if (report.type === 'media-playout') played = { delay: report.totalPlayoutDelay ?? 0, count: report.totalSamplesCount ?? 0 };
    });
    // what is shown now is later in the programme than what is heard now: the beep comes after its flash
    if (at.video && at.audio) seen.estimatedMs.push(at.video - at.audio);
  };
  setInterval(() => void look(), 500);
  here.take = async () => {
    await look();
    const { pictures, shown, sound: heard, estimatedMs } = seen;
    const soundDelayMs = played.count > 0 ? (1000 * played.delay) / played.count : 0;
    return { pictures: pictures.splice(0), shown: shown.splice(0), sound: heard.splice(0), estimatedMs: estimatedMs.splice(0), soundDelayMs };
  };
  await pc.setLocalDescription();
  const response = await fetch(`/whep/${room}?rendition=${rendition}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
    body: pc.localDescription?.sdp,
  });
  if (response.status !== 201) throw new Error(`WHEP answered ${response.status} ${await response.text()}`);
  await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
}
