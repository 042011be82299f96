/** Flash and beep of several publishers at the feed socket: pictures and sound must carry stamps that belong together, whatever happens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import type { FeedInfo } from '../../src/media/feed-protocol.ts';
import { offsetsMs, percentile, risingEdges, toneEnvelope } from '../support/flash-beep.ts';
import { startIngest, type FeedListener, type SyntheticProcess, type TestIngest } from '../support/ingest.ts';
import { waitFor } from '../support/process.ts';
import { WrtcPublisher } from '../support/wrtc-publisher.ts';

const SMALL = ['--pattern', 'flash', '--width', '320', '--height', '180'];

let ingest: TestIngest;
let feeds: FeedListener;
const closing: (() => unknown)[] = [];
beforeAll(async () => {
  ingest = await startIngest();
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await ingest?.stop();
});

/** Looks at the pictures of one participant all the time, over rejoins and other sizes. */
class Watch {
  readonly times: number[] = [];
  readonly lumas: number[] = [];

  constructor(
    readonly participant: string,
    readonly toneHz: number,
  ) {
    const timer = setInterval(() => this.#look(), 5);
    closing.push(() => clearInterval(timer));
  }

  #look(): void {
    const feed: FeedInfo | undefined = feeds.feedOf(this.participant);
    const frame = feed && feeds.picture(feed);
    const at = Number(frame?.ptsNs) / 1e9;
    if (!frame || at <= (this.times.at(-1) ?? 0)) return;
    let sum = 0;
    const luma = frame.width * frame.height;
    for (let i = 0; i < luma; i += 101) sum += frame.pixels[i] as number;
    this.times.push(at);
    this.lumas.push(sum / Math.ceil(luma / 101));
  }

  /** Beep minus flash, for each flash between the two times. */
  offsets(fromS: number, toS = Infinity): number[] {
    const blocks = feeds.sound;
    const samples = new Float32Array(blocks.length * 480);
    for (const [k, block] of blocks.entries()) for (let i = 0; i < 480; i++) samples[k * 480 + i] = block.samples.readInt16LE(i * 4) / 32_768;
    const sound = toneEnvelope(samples, 48_000, this.toneHz, Number(blocks[0]?.ptsNs) / 1e9);
    const flashes = risingEdges(this.times, this.lumas).filter((at) => at > fromS && at < toS);
    return offsetsMs(flashes, risingEdges(sound.times, sound.values));
  }
}

const nowS = (): number => Number(process.hrtime.bigint()) / 1e9;

async function synthetic(name: string, toneHz: number, ...more: string[]): Promise<SyntheticProcess> {
  const publisher = ingest.synthetic('sync', ['--names', name, '--tone', String(toneHz), ...SMALL, ...more]);
  await waitFor(`the connection of ${name}`, () => publisher.events.some((e) => e.type === 'connected'), { timeoutMs: 15_000 });
  return publisher;
}

describe('the feed', () => {
  it('stamps flash and beep of the same moment alike: at 15 fps, after a rejoin, muting, a camera that was off, other sizes, and while somebody else stalls', async () => {
    const [, bob, zoe] = await Promise.all([synthetic('ann', 1000), synthetic('bob', 2600, '--fps', '15'), synthetic('zoe', 400)]);
    feeds = ingest.feeds('sync');
    feeds.keepSound = 5000;
    // carl is in this process: his camera goes off and on, and changes its size
    let size: [number, number] = [320, 180];
    let camera = true;
    const carl = new WrtcPublisher({ url: ingest.url, room: 'sync', identity: 'carl', video: true, sound: (frame) => [frame % 48_000 < 4800 ? 0.25 * Math.sin((2 * Math.PI * 4200 * frame) / 48_000) : 0] });
    closing.push(() => carl.close());
    let last = 0;
    const pictures = setInterval(() => {
      const n = Math.floor((performance.now() - carl.startMs) * 0.03);
      if (!camera || carl.startMs === 0 || n === last) return;
      last = n;
      carl.picture(...size, n % 30 < 3 ? 235 : 16);
    }, 4);
    closing.push(() => clearInterval(pictures));
    await carl.start();
    const watches = [new Watch('ann', 1000), new Watch('bob', 2600), new Watch('carl', 4200)];
    for (const { participant } of watches) await waitFor(`pictures of ${participant}`, () => feeds.feedOf(participant)?.video);
    await delay(5000); // sound begins at another rate, and senders tell their clocks in the second report
    const steadyFromS = nowS();
    await delay(8000);

    const changedAtS = nowS();
    zoe.child.kill('SIGSTOP');
    closing.push(() => zoe.child.kill('SIGCONT'));
    await bob.stop();
    camera = false;
    await ingest.nodes.call(ingest.nodeUrl, 'PATCH', '/rooms/sync/participants/ann', { audioMuted: true });
    await synthetic('bob', 2600, '--fps', '15');
    await ingest.nodes.call(ingest.nodeUrl, 'PATCH', '/rooms/sync/participants/ann', { audioMuted: false });
    const unmutedAtS = nowS();
    size = [640, 360];
    camera = true;
    const cameraOnAtS = nowS();
    await delay(2500);
    expect(feeds.feedOf('zoe')).toMatchObject({ video: false }); // stopped for more than 2 s, and not gone yet
    await delay(6500);

    // all of the arithmetic at the end: carl's clock is this process
    clearInterval(pictures);
    const steady = watches.map((watch) => watch.offsets(steadyFromS, changedAtS));
    // the flash in which a microphone comes back has half a beep; the beep in which a camera comes back has the end of a flash
    const fromS: Record<string, number> = { ann: unmutedAtS + 0.1, carl: cameraOnAtS + 0.15 };
    const after = watches.map((watch) => watch.offsets(fromS[watch.participant] ?? changedAtS));
    console.info(JSON.stringify({ steady: steady.map((o) => o.map(Math.round)), after: after.map((o) => o.map(Math.round)) }));
    for (const offsets of steady) {
      expect(offsets.length).toBeGreaterThanOrEqual(6);
      expect(percentile(offsets.map(Math.abs), 0.5)).toBeLessThan(30);
      expect(percentile(offsets.map(Math.abs), 0.95)).toBeLessThanOrEqual(45);
    }
    for (const offsets of after) {
      expect(offsets.length).toBeGreaterThanOrEqual(5);
      expect(percentile(offsets.map(Math.abs), 0.95)).toBeLessThanOrEqual(45);
    }
  });
});
