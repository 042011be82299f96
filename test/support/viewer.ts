/** Viewers in a real browser that tell what they see and hear: colours by region, levels of tones, gaps between pictures. */
import type { Locator, Page } from 'playwright-core';

export type Colour = [number, number, number];
/** In fractions of the picture. */
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What `watchElement` and `watchWhep` put on the page's window. */
interface Probe {
  video: HTMLVideoElement;
  analyser: AnalyserNode;
  context: AudioContext;
  /** performance.now() of each picture shown since the last reset, at most 20,000. */
  shown: number[];
  connection?: RTCPeerConnection;
}
declare global {
  interface Window {
    probe?: Probe;
  }
}

/** Plays `/whep/{room}` in the page (any page of the service), with sound. Resolves when the first picture is shown, with the time it took. */
export async function watchWhep(page: Page, room: string, token: string, query = ''): Promise<number> {
  return page.evaluate(
    async ({ room, token, query }) => {
      const started = performance.now();
      const connection = new RTCPeerConnection();
      const stream = new MediaStream();
      connection.addTransceiver('video', { direction: 'recvonly' });
      connection.addTransceiver('audio', { direction: 'recvonly' });
      connection.addEventListener('track', (event) => stream.addTrack(event.track));
      await connection.setLocalDescription();
      const response = await fetch(`/whep/${room}${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
        body: connection.localDescription?.sdp ?? '',
      });
      if (response.status !== 201) throw new Error(`WHEP answered ${response.status}: ${await response.text()}`);
      await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
      const video = document.createElement('video');
      video.muted = true; // the analyser hears it; WebAudio gets remote sound only from a playing element
      video.playsInline = true;
      video.srcObject = stream;
      document.body.append(video);
      void video.play();
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 16384;
      analyser.smoothingTimeConstant = 0;
      const probe: Probe = { video, analyser, context, shown: [], connection };
      window.probe = probe;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no picture within 10 s')), 10_000);
        const note = (): void => {
          if (probe.shown.push(performance.now()) > 20_000) probe.shown.shift();
          clearTimeout(timer);
          resolve();
          video.requestVideoFrameCallback(note);
        };
        video.requestVideoFrameCallback(note);
      });
      context.createMediaStreamSource(stream).connect(analyser);
      return (probe.shown[0] as number) - started;
    },
    { room, token, query },
  );
}

/** Probes a media element that the page plays itself (`video#programme` of /watch). */
export async function watchElement(page: Page, selector: string): Promise<void> {
  await page.waitForFunction((s) => (document.querySelector(s) as HTMLVideoElement | null)?.videoWidth, selector, { timeout: 20_000 });
  await page.evaluate((selector) => {
    const video = document.querySelector(selector) as HTMLVideoElement;
    video.muted = false;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 16384;
    analyser.smoothingTimeConstant = 0;
    const source = context.createMediaElementSource(video);
    source.connect(analyser);
    source.connect(context.destination);
    const probe: Probe = { video, analyser, context, shown: [] };
    window.probe = probe;
    const note = (): void => {
      if (probe.shown.push(performance.now()) > 20_000) probe.shown.shift();
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  }, selector);
}

/** Mean colours of areas of the picture now shown. */
export async function coloursOf(page: Page, areas: readonly Area[]): Promise<Colour[]> {
  return page.evaluate((areas) => {
    const video = window.probe?.video as HTMLVideoElement;
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 180;
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(video, 0, 0, 320, 180);
    return areas.map(({ x, y, width, height }) => {
      const { data } = context.getImageData(x * 320, y * 180, Math.max(1, width * 320), Math.max(1, height * 180));
      const sum: Colour = [0, 0, 0];
      for (let i = 0; i < data.length; i += 4) for (const c of [0, 1, 2] as const) sum[c] += data[i + c] as number;
      return sum.map((v) => v / (data.length / 4)) as Colour;
    });
  }, areas);
}

/** Levels of tones in what is played now, in dB; silence is below −90. */
export async function tonesOf(page: Page, hz: readonly number[]): Promise<number[]> {
  return page.evaluate(async (hz) => {
    const { analyser, context } = window.probe as Probe;
    await context.resume();
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const width = context.sampleRate / analyser.fftSize;
    return hz.map((f) => {
      const centre = Math.round(f / width);
      return Math.max(...bins.slice(centre - 2, centre + 3));
    });
  }, hz);
}

export async function resetShown(page: Page): Promise<void> {
  await page.evaluate(() => void (window.probe as Probe).shown.splice(0));
}

/** Longest time without a new picture since `resetShown`, in ms, up to now. */
export async function longestStillMs(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { shown } = window.probe as Probe;
    let longest = 0;
    for (let i = 1; i < shown.length; i++) longest = Math.max(longest, (shown[i] as number) - (shown[i - 1] as number));
    return Math.max(longest, performance.now() - (shown[shown.length - 1] ?? performance.now()));
  });
}

export async function picturesShown(page: Page): Promise<number> {
  return page.evaluate(() => (window.probe as Probe).shown.length);
}

/** Mean colour (0…255) of a part of a video element's picture, in sixteenths by ninths of it; tenths of those count. */
export function colourIn(video: Locator, area: [number, number, number, number]): Promise<{ r: number; g: number; b: number }> {
  return video.evaluate((element: HTMLVideoElement, area) => {
    const canvas = document.createElement('canvas');
    canvas.width = 160;
    canvas.height = 90;
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(element, 0, 0, 160, 90);
    const [x, y, width, height] = area.map((n) => Math.round(n * 10)) as typeof area;
    const pixels = context.getImageData(x, y, width, height).data;
    const sum = [0, 0, 0];
    for (let i = 0; i < pixels.length; i += 4) for (let c = 0; c < 3; c++) sum[c] = (sum[c] as number) + (pixels[i + c] as number);
    const [r = 0, g = 0, b = 0] = sum.map((value) => value / (pixels.length / 4));
    return { r, g, b };
  }, area);
}
