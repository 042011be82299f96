/** The same LL-HLS programme in four players that know nothing of our server: hls.js, Shaka, FFmpeg, GStreamer, all at once. */
import { readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { hlsScript } from '../support/hls-script.ts';
import { OriginRig, sleep, until } from '../support/origin-rig.ts';
import { encodeClip, run, type Clip, type ProgrammeSource } from '../support/programme-source.ts';

const ROOM = 'players';
const YOUNG_ROOM = 'young';
const PLAY_MS = 4000;

const LATE_SOUND_MS = 300;

const page = (script: string, start: string): string => `<!doctype html><title>player</title><video muted autoplay playsinline width=320></video>
<script src="${script}"></script><script>
const video = document.querySelector('video');
const seen = window.seen = { errors: [], waiting: 0, firstPictureMs: 0 };
const began = performance.now();
video.requestVideoFrameCallback(() => { seen.firstPictureMs = performance.now() - began; });
// a player seeks to where it begins, and waits for that too
video.addEventListener('waiting', () => { if (seen.firstPictureMs && !video.seeking) seen.waiting++; });
${start}
</script>`;

const hlsPage = (playlist: string): string =>
  page(
    '/hls.js',
    `const hls = window.player = new Hls({ lowLatencyMode: true });
     avoidFaults(hls);
     seen.loads = [];
     hls.on(Hls.Events.FRAG_LOADING, (_, { frag, part }) => { if (frag.type === 'main' && part) seen.loads.push([frag.level, frag.sn, part.index].join(' ')); });
     hls.on(Hls.Events.FRAG_BUFFERED, (_, d) => { if (d.frag.type === 'main') seen.segment = d.frag.sn; });
     hls.on(Hls.Events.ERROR, (_, d) => seen.errors.push(d.details + (d.fatal ? ' fatal' : '')));
     hls.loadSource('${playlist}');
     hls.attachMedia(video);`,
  );

const PAGES: Record<string, string> = {
  '/hls': hlsPage(`/hls/${ROOM}/index.m3u8`),
  '/late-sound': hlsPage(`/late-sound/hls/${YOUNG_ROOM}/index.m3u8`),
  '/shaka': page(
    '/shaka.js',
    `const player = window.player = new shaka.Player();
     player.addEventListener('error', (e) => seen.errors.push(String(e.detail.code)));
     // otherwise it calls abort() between parts after each seek, which loses those without an IDR (its issue 10589)
     player.configure({ streaming: { lowLatencyMode: true }, manifest: { hls: { sequenceMode: true } } });
     player.attach(video).then(() => player.load('/hls/${ROOM}/index.m3u8')).catch((e) => seen.errors.push('load ' + (e.code ?? e)));`,
  ),
};

let rig: OriginRig;
let clip: Clip;
let source: ProgrammeSource;
let server: Server;
let browser: Browser;
let base: string;

beforeAll(async () => {
  clip = await encodeClip(45, 5, { high: '320x180', mid: '160x90', low: '80x46' });
  const scripts: Record<string, string> = { '/hls.js': await hlsScript(), '/shaka.js': readFileSync('node_modules/shaka-player/dist/shaka-player.compiled.js', 'utf8') };
  rig = new OriginRig();
  await rig.start();
  server = createServer((req, res) => {
    const [path = ''] = (req.url ?? '').split('?');
    if (PAGES[path]) res.setHeader('content-type', 'text/html').end(PAGES[path]);
    else if (scripts[path]) res.setHeader('content-type', 'text/javascript').end(scripts[path]);
    else if (path.startsWith('/late-sound/')) {
      const isSound = /\/audio\/.*\.m4s$/.test(path);
      setTimeout(() => passOn(req, res, (req.url ?? '').slice('/late-sound'.length)), isSound ? LATE_SOUND_MS : 0);
    } else passOn(req, res, req.url ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchBrowser();
  source = await rig.source(ROOM, clip);
  // Players that know no parts want three target durations to begin with.
  await until(async () => ((await rig.call('GET', `/hls/${ROOM}/high.m3u8`)).body.toString().match(/#EXTINF/g)?.length ?? 0) >= 5, 20_000, 'five segments');
}, 60_000);

afterAll(async () => {
  await browser?.close();
  source?.kill();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rig?.close();
}, 20_000);

function passOn(req: IncomingMessage, res: ServerResponse, path: string): void {
  const upstream = request({ socketPath: rig.httpSocket, path, headers: req.headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  upstream.on('error', () => res.destroy());
  res.on('close', () => upstream.destroy());
  upstream.end();
}

interface Played {
  from: number;
  to: number;
  seconds: number;
  errors: string[];
  waiting: number;
  firstPictureMs: number;
}

interface At {
  at: number;
  time: number;
}
const AT = '({ at: performance.now(), time: document.querySelector("video").currentTime })';

async function play(path: string): Promise<{ page: Page; played: Played }> {
  const opened = await browser.newPage();
  await opened.goto(base + path);
  await opened.waitForFunction('window.seen.firstPictureMs > 0', undefined, { timeout: 15_000 });
  await sleep(1000);
  const before = await opened.evaluate<At>(AT);
  await sleep(PLAY_MS);
  const after = await opened.evaluate<At>(AT);
  const seen = (await opened.evaluate('window.seen')) as Omit<Played, 'from' | 'to' | 'seconds'>;
  return { page: opened, played: { ...seen, from: before.time, to: after.time, seconds: (after.at - before.at) / 1000 } };
}

describe.concurrent('a live programme', () => {
  it('plays in hls.js close to its edge, and every rendition can be chosen', async () => {
    const { page: opened, played } = await play('/hls');
    const state = (await opened.evaluate('({ latency: window.player.latency, heights: window.player.levels.map((l) => l.height), rates: window.player.levels.map((l) => l.frameRate) })')) as { latency: number; heights: number[]; rates: number[] };
    const switching = await opened.evaluate<At>(AT);
    for (const level of [0, 2, 1]) {
      const segment = await opened.evaluate<number>(`window.player.nextLevel = ${level}; window.seen.segment`);
      // Not back within one segment: hls.js then takes parts for loaded that the other level has overwritten (web/player/hls-faults.ts).
      await opened.waitForFunction(`document.querySelector('video').videoHeight === ${[46, 90, 180][level]} && window.seen.segment > ${segment}`, undefined, { timeout: 8000 });
    }
    const switched = await opened.evaluate<At>(AT);
    const { errors, waiting } = (await opened.evaluate('window.seen')) as Played;
    await opened.close();

    expect(state.heights).toEqual([46, 90, 180]);
    expect(state.rates).toEqual([15, 30, 30]);
    expect(errors).toEqual([]);
    expect(waiting).toBe(0);
    expect(played.to - played.from).toBeGreaterThan(0.9 * played.seconds);
    // as fast as the clock: nothing stood still, and no hole was jumped over
    expect((switched.time - switching.time) / ((switched.at - switching.at) / 1000)).toBeCloseTo(1, 1);
    expect(state.latency).toBeLessThan(3);
  }, 40_000);

  it('begins in hls.js without loading twice or a hole, also when the sound comes later than the picture', async () => {
    const young = await rig.source(YOUNG_ROOM, clip);
    await until(async () => (await rig.call('GET', `/hls/${YOUNG_ROOM}/index.m3u8`)).status === 200, 10_000, 'the first playlist');
    const { page: opened, played } = await play('/late-sound');
    const { loads, ranges } = (await opened.evaluate('({ loads: window.seen.loads, ranges: document.querySelector("video").buffered.length })')) as { loads: string[]; ranges: number };
    await opened.close();
    young.kill();

    expect(loads.length).toBeGreaterThan(4);
    expect(loads).toEqual([...new Set(loads)]);
    expect(ranges).toBe(1);
    expect(played.errors).toEqual([]);
    expect(played.waiting).toBe(0);
  }, 40_000);

  it('plays in Shaka, with low latency and all renditions', async () => {
    const { page: opened, played } = await play('/shaka');
    const state = (await opened.evaluate(
      '({ live: window.player.isLive(), heights: [...new Set(window.player.getVariantTracks().map((t) => t.height))].sort((a, b) => a - b), behind: Date.now() - window.player.getPlayheadTimeAsDate(), gaps: window.player.getStats().gapsJumped })',
    )) as { live: boolean; heights: (number | null)[]; behind: number; gaps: number };
    await opened.close();

    expect(played.errors).toEqual([]);
    expect(played.to - played.from).toBeGreaterThan(0.9 * played.seconds);
    expect(state).toMatchObject({ live: true, gaps: 0 });
    expect(state.heights.filter((h) => h !== null)).toEqual([46, 90, 180]);
    expect(state.behind).toBeLessThan(6000);
  }, 40_000);

  it('plays in FFmpeg, picture and sound without an error in decoding', async () => {
    const out = await run(
      'ffmpeg',
      ['-hide_banner', '-loglevel', 'error', '-err_detect', 'explode', '-xerror', '-i', `${base}/hls/${ROOM}/index.m3u8`, '-t', '4', '-map', '0:v:0', '-map', '0:a:0', '-f', 'framecrc', 'pipe:1'],
      undefined,
      25_000,
    );
    const rows = out.toString().split('\n').filter((l) => /^\d/.test(l)).map((l) => l.split(',').map((c) => c.trim()));

    expect(rows.filter((r) => r[0] === '0').length).toBeGreaterThan(100);
    // every picture is another one
    expect(new Set(rows.filter((r) => r[0] === '0').map((r) => r[5])).size).toBeGreaterThan(100);
    expect(rows.filter((r) => r[0] === '1').length).toBeGreaterThan(150);
  }, 40_000);

  it('plays in GStreamer', async () => {
    // ends with 0 when as many pictures were decoded
    await run('gst-launch-1.0', ['-q', 'uridecodebin3', `uri=${base}/hls/${ROOM}/index.m3u8`, 'caps=video/x-raw', '!', 'videoconvert', '!', 'fakesink', 'num-buffers=90', 'sync=false'], undefined, 25_000);
  }, 40_000);
});
