/**
 * Beep minus flash as a viewer gets it, for publishers that have a hard time: at the programme socket, in the parts of LL-HLS as they
 * decode, and over WHEP in Chromium. `npm run bench:lip-sync [-- --seconds 45]`; one JSON object on stdout.
 *
 * Over WHEP two things are told. `handedOut`: when libwebrtc gives out picture and sound. `playout`: when the browser expects the picture on
 * the screen, and the sound out of its device (`soundDelayMs` later, as it counts), which is what a viewer sees and hears.
 * The one that stalls is listed and not judged: the bar is for the others.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { encodeLoops } from '../synthetic/replay/encode-loops.ts';
import { wallMs } from '../synthetic/replay/replayed-publisher.ts';
import { FlashWatch } from './support/flash-watch.ts';
import { FlashesAndBeeps, type WatchedTile } from './support/flashes-and-beeps.ts';
import { HlsFlashes } from './support/hls-flashes.ts';
import { percentile, ROOM, rounded, startProduct, until } from './support/product.ts';
import { ProgrammeProbe } from './support/programme-probe.ts';
import { ReplayProcess } from './support/replay.ts';
import { launch } from './support/watch-page.ts';
import { whepFlashPage, type WhepSeen } from './support/whep-flash-page.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '45' }, settle: { type: 'string', default: '18' } } });
const LIMIT_MS = 45;
const lengthMs = Number(values.seconds) * 1000;
/** libwebrtc brings sound and picture together within some 20 s of a connection, here and at the viewer. */
const settleMs = Number(values.settle) * 1000;
const PERIOD_MS = 2000;
/** Each publisher's own trouble. */
const SIZES = { Steady: '640x360', Fifteen: '320x180', Rejoining: '640x360', CameraOffOn: '640x360', Muting: '640x360', Resizing: '1280x720', Stalling: '640x360' } as const;
type Name = keyof typeof SIZES;
const NAMES = Object.keys(SIZES) as Name[];
const THIRD = 0.3333;

const tiles: WatchedTile[] = NAMES.map((name, i) => ({ name, offsetMs: 200 * i, x: (i % 3) / 3 + THIRD / 2, y: Math.floor(i / 3) / 3 + THIRD / 2 }));
const offsetOf = (name: Name): number => 200 * NAMES.indexOf(name);
/** Far from the publisher's own flash, so that none is cut. */
async function betweenFlashes(name: Name): Promise<void> {
  const since = (wallMs() - offsetOf(name)) % PERIOD_MS;
  await delay((PERIOD_MS + 900 - since) % PERIOD_MS);
}

type Offsets = Map<string, (number | undefined)[]>;
const note = (into: Offsets, name: string, offset: number | undefined): void => void (into.get(name) ?? into.set(name, []).get(name))?.push(offset);

const folder = mkdtempSync(join(tmpdir(), 'tsr-lip-sync-'));
await encodeLoops(folder);
const [product, browser] = await Promise.all([startProduct(), launch()]);
const probe = new ProgrammeProbe(product.runDir, ROOM);
const processes: ReplayProcess[] = [];
const start = async (...names: Name[]): Promise<ReplayProcess> => {
  const replay = new ReplayProcess(product.url, folder);
  processes.push(replay);
  await replay.ready();
  for (const name of names) replay.join(publisher(name));
  await replay.connected(names);
  return replay;
};
const publisher = (name: Name) => ({ name, size: SIZES[name], pattern: 'flash' as const, offsetMs: offsetOf(name), followUplink: name === 'Resizing', listen: false });
const layout = (resizing: number): Promise<unknown> =>
  product.api('PUT', `/api/rooms/${ROOM}/layout`, {
    preset: 'custom',
    regions: tiles.map(({ name, x, y }) => {
      const side = name === 'Resizing' ? resizing : THIRD;
      return { participant: name, source: 'camera', x: x - side / 2, y: y - side / 2, width: side, height: side, z: 0, fit: 'cover' };
    }),
  });

try {
  await layout(THIRD);
  await product.api('PUT', `/api/rooms/${ROOM}/overlays`, { labels: false, speakerBorder: false });
  void probe.follow();
  const replay = await start('Steady', 'Fifteen', 'Rejoining', 'CameraOffOn', 'Muting', 'Resizing');
  const stalling = await start('Stalling');
  await until('the first picture', () => probe.firstPictureAtMs !== undefined, 20_000);
  const page = await whepFlashPage(browser, product, tiles, 'mid');
  await delay(settleMs);
  await page.take();
  const hls = new HlsFlashes(`${product.url}/hls/${ROOM}/index.m3u8`, folder);
  const watch = new FlashWatch(probe, tiles);
  const startedMs = performance.now();
  const left = (): number => lengthMs - (performance.now() - startedMs);
  const done = { rejoins: 0, camera: 0, mutes: 0, sizes: 0, stalls: 0 };
  const repeat = async (name: Name, everyMs: number, act: () => Promise<void>): Promise<void> => {
    for (await delay(3000); left() > 4000; await delay(everyMs)) {
      await betweenFlashes(name);
      await act();
    }
  };
  const change = (name: Name, body: object): Promise<unknown> => product.api('PATCH', `/api/rooms/${ROOM}/participants/${name}`, body);
  await Promise.all([
    repeat('Rejoining', 11_000, async () => {
      replay.leave('Rejoining');
      await until('it has left', () => replay.left.has('Rejoining'), 5000);
      replay.connections.delete('Rejoining');
      replay.join(publisher('Rejoining'));
      await replay.connected(['Rejoining'], 10_000);
      done.rejoins++;
    }),
    repeat('CameraOffOn', 5000, async () => {
      await change('CameraOffOn', { videoHidden: true });
      await delay(PERIOD_MS);
      await change('CameraOffOn', { videoHidden: false });
      done.camera++;
    }),
    repeat('Muting', 5000, async () => {
      await change('Muting', { audioMuted: true });
      await delay(PERIOD_MS);
      await change('Muting', { audioMuted: false });
      done.mutes++;
    }),
    repeat('Resizing', 3000, async () => {
      await layout(done.sizes++ % 2 === 0 ? THIRD / 2 : THIRD);
    }),
    repeat('Stalling', 6000, async () => {
      stalling.signal('SIGSTOP');
      await delay(3 * PERIOD_MS);
      stalling.signal('SIGCONT');
      done.stalls++;
    }),
    delay(lengthMs),
  ]);
  await delay(2000); // the last flashes are judged
  const whep = await page.take();
  await page.close();
  watch.close();
  const resized = (await replay.report()).find(({ name }) => name === 'Resizing')?.sizeChanges;
  await Promise.all(processes.map((process) => process.close())); // decoding what was read needs no live room

  const socket: Offsets = new Map([...watch.seen].map(([name, seen]) => [name, seen.map((s) => s.beepAfterMs)]));
  const inParts: Offsets = new Map();
  const decoded = await hls.judge(new FlashesAndBeeps(tiles, ({ tile }, offset) => note(inParts, tile.name, offset)));
  const handedOut = paired(whep.pictures, whep.sound, 0);
  const playout = paired(whep.shown, whep.sound, whep.soundDelayMs);

  const hops = { socket: figures(socket), hls: figures(inParts), whepHandedOut: figures(handedOut), whepPlayout: figures(playout) };
  const worst = (hop: keyof typeof hops): number => Math.max(...NAMES.filter((name) => name !== 'Stalling').map((name) => hops[hop][name]?.p95Ms ?? Infinity));
  console.log(
    JSON.stringify({
      benchmark: 'lip-sync',
      seconds: lengthMs / 1000,
      bars: (['socket', 'hls', 'whepPlayout'] as const).map((hop) => ({ bar: `beep − flash, p95 of the worst publisher, ${hop}, ms`, limit: LIMIT_MS, measured: worst(hop), met: worst(hop) <= LIMIT_MS })),
      beepAfterFlash: hops,
      whep: {
        pictures: whep.pictures.length,
        shown: whep.shown.length,
        blocks: whep.sound.length,
        soundDelayMs: rounded(whep.soundDelayMs, 1),
        /** libwebrtc's own estimate of what it plays, by the sender reports: 0 is in step. */
        estimatedMs: { p50: rounded(percentile(whep.estimatedMs, 0.5), 1), p05: rounded(percentile(whep.estimatedMs, 0.05), 1), p95: rounded(percentile(whep.estimatedMs, 0.95), 1), n: whep.estimatedMs.length },
      },
      hls: { ...decoded, errors: hls.errors },
      done: { ...done, resized },
    }),
  );
} finally {
  await Promise.all(processes.map((process) => process.close()));
  probe.close();
  await browser.close();
  await product.close().catch(() => undefined);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

function paired(pictures: WhepSeen['pictures'], sound: WhepSeen['sound'], soundDelayMs: number): Offsets {
  const offsets: Offsets = new Map();
  const judged = new FlashesAndBeeps<undefined>(tiles, ({ tile }, offset) => note(offsets, tile.name, offset));
  for (const { atMs, peaks } of sound) peaks.forEach((peak, ms) => judged.sound(atMs + soundDelayMs + ms, peak));
  for (const { atMs, luma } of pictures) judged.picture(atMs, (_tile, i) => luma[i] ?? 0, undefined);
  return offsets;
}

/** p50 with its sign (positive: the beep is late), p95 of the size. A flash without a beep near is counted: muted ones have none. */
function figures(offsets: Offsets): Partial<Record<Name, { p50Ms: number; p95Ms: number; maxMs: number; pairs: number; withoutBeep: number }>> {
  return Object.fromEntries(
    NAMES.map((name) => {
      const all = offsets.get(name) ?? [];
      const pairs = all.flatMap((ms) => (ms === undefined ? [] : [ms]));
      const sizes = pairs.map(Math.abs);
      return [name, { p50Ms: rounded(percentile(pairs, 0.5), 1), p95Ms: rounded(percentile(sizes, 0.95), 1), maxMs: rounded(Math.max(...sizes), 1), pairs: pairs.length, withoutBeep: all.length - pairs.length }];
    }),
  );
}
