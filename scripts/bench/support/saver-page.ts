/** The join page as somebody behind a narrow link has it: how loud it hears the others, when it shows a flash, what its statistics say. */
import type { Page } from 'playwright-core';
import { levelOf } from './sound-gaps.ts';

export interface SaverSeen {
  /** Of the mix-minus, per block that libwebrtc hands out (10 ms). */
  levels: number[];
  /** Pictures of the programme: expected time on the screen (wall clock, ms), brightness of the left half. */
  shown: { atMs: number; luma: number }[];
  statistics: Record<string, number>;
}

export interface SaverPage {
  /** Since the last time; the statistics are sums over that. */
  take(): Promise<SaverSeen>;
}

/** On a page that has joined, with peers kept by its init script. */
export async function saverPage(page: Page): Promise<SaverPage> {
  await page.evaluate(`globalThis.levelOf = ${levelOf.toString()}`);
  await page.evaluate(inPage);
  return { take: () => page.evaluate(() => (globalThis as unknown as { take(): Promise<SaverSeen> }).take()) };
}

/** Before the page is opened: its connections are kept, and its microphone is taken as it is (a voice that never pauses is noise to a browser). */
export async function prepareSaverPage(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const here = globalThis as unknown as { keptPeers: RTCPeerConnection[] };
    here.keptPeers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        here.keptPeers.push(this);
      }
    };
    const devices = navigator.mediaDevices;
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) =>
      original(constraints?.audio ? { ...constraints, audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } } : constraints);
  });
}

/** Runs in the page. */
function inPage(): void {
  type Block = { numberOfFrames: number; sampleRate: number; copyTo(to: Float32Array, options: object): void; close(): void };
  type Processor = new (options: { track: MediaStreamTrack }) => { readable: { getReader(): { read(): Promise<{ value?: Block }> } } };
  type Entry = Record<string, number | string | boolean | undefined> & { type: string; kind?: string };
  const here = globalThis as unknown as {
    keptPeers: RTCPeerConnection[];
    MediaStreamTrackProcessor: Processor;
    levelOf(samples: Float32Array): number;
    take(): Promise<SaverSeen>;
  };
  const seen: Omit<SaverSeen, 'statistics'> = { levels: [], shown: [] };

  const listen = async (): Promise<void> => {
    const [track] = ((document.querySelector('audio#mix-minus') as HTMLAudioElement).srcObject as MediaStream).getAudioTracks();
    const reader = new here.MediaStreamTrackProcessor({ track: track as MediaStreamTrack }).readable.getReader();
    for (;;) {
      const { value } = await reader.read();
      if (!value) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      seen.levels.push(here.levelOf(samples));
      value.close();
    }
  };
  void listen();

  const video = document.querySelector('video#programme') as HTMLVideoElement;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [32, 18];
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  const show = (_nowMs: number, { expectedDisplayTime }: { expectedDisplayTime: number }): void => {
    video.requestVideoFrameCallback(show);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const luma = context.getImageData(4, 5, 1, 1).data[1] as number;
    seen.shown.push({ atMs: performance.timeOrigin + expectedDisplayTime, luma });
  };
  video.requestVideoFrameCallback(show);

  let before: Record<string, number> = {};
  const sums = async (): Promise<{ sums: Record<string, number>; now: Record<string, number> }> => {
    const all: Record<string, number> = {};
    const now: Record<string, number> = {};
    const add = (name: string, value: unknown): void => void (all[name] = (all[name] ?? 0) + Number(value ?? 0));
    for (const peer of here.keptPeers) {
      if (peer.connectionState !== 'connected') continue;
      for (const e of (await peer.getStats()).values() as Iterable<Entry>) {
        if (e.type === 'inbound-rtp' && e.kind === 'audio')
          for (const n of ['packetsReceived', 'packetsLost', 'fecPacketsReceived', 'fecPacketsDiscarded', 'concealmentEvents', 'totalSamplesReceived', 'concealedSamples', 'silentConcealedSamples', 'bytesReceived', 'jitterBufferDelay', 'jitterBufferEmittedCount']) add(`audioIn.${n}`, e[n]);
        if (e.type === 'inbound-rtp' && e.kind === 'video') {
          for (const n of ['packetsReceived', 'packetsLost', 'retransmittedPacketsReceived', 'nackCount', 'pliCount', 'framesDecoded', 'freezeCount', 'totalFreezesDuration', 'bytesReceived']) add(`videoIn.${n}`, e[n]);
          now['videoIn.height'] = Number(e['frameHeight'] ?? 0);
        }
        if (e.type === 'outbound-rtp') {
          for (const n of ['packetsSent', 'bytesSent', 'headerBytesSent', 'retransmittedBytesSent', 'framesEncoded']) add(`${e.kind}Out.${n}`, e[n]);
          if (e.kind === 'video') [now['videoOut.width'], now['videoOut.height']] = [Number(e['frameWidth'] ?? 0), Number(e['frameHeight'] ?? 0)];
        }
        if (e.type === 'candidate-pair' && e['nominated'] === true && e['availableOutgoingBitrate'] !== undefined) now['availableOutgoingBitrate'] = Number(e['availableOutgoingBitrate']);
        if (e.type === 'remote-inbound-rtp') {
          now[`${e.kind}Out.fractionLost`] = Number(e['fractionLost'] ?? 0);
          now[`${e.kind}Out.roundTripTime`] = Number(e['roundTripTime'] ?? 0);
        }
      }
    }
    return { sums: all, now };
  };
  here.take = async () => {
    const { sums: all, now } = await sums();
    const statistics = { ...Object.fromEntries(Object.entries(all).map(([name, value]) => [name, Math.round(1000 * (value - (before[name] ?? 0))) / 1000])), ...now };
    before = all;
    return { levels: seen.levels.splice(0), shown: seen.shown.splice(0), statistics };
  };
}
