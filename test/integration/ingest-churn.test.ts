/** Publishers that come and go leave nothing behind, a room takes so many and no more, and odd pictures get through. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIngest, type TestIngest } from '../support/ingest.ts';
import { processTree, waitFor } from '../support/process.ts';
import { WrtcPublisher } from '../support/wrtc-publisher.ts';

const room = 'churn';
let ingest: TestIngest;
const publishers = new Set<WrtcPublisher>();

beforeAll(async () => {
  ingest = await startIngest({ TESSERA_MAX_PARTICIPANTS: '6' });
});
afterAll(async () => {
  for (const publisher of publishers) await publisher.close();
  await ingest?.stop();
});

interface Held {
  rssMb: number;
  threads: number;
  files: number;
  rings: number;
}

function held(pid: number): Held {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return { rssMb: read('VmRSS') / 1024, threads: read('Threads'), files: readdirSync(`/proc/${pid}/fd`).length, rings: readdirSync('/dev/shm').filter((name) => name.includes(`-${pid}-`)).length };
}

async function publish(identity: string, source: 'camera' | 'screen' = 'camera'): Promise<WrtcPublisher> {
  const publisher = new WrtcPublisher({ url: ingest.url, room, identity, source, video: true, sound: () => [0.1] });
  publishers.add(publisher);
  return publisher.start();
}

async function leave(publisher: WrtcPublisher): Promise<void> {
  publishers.delete(publisher);
  await publisher.close();
}

/** A publisher with two pictures, and away again. */
async function flap(identity: string): Promise<void> {
  const publisher = await publish(identity);
  for (let i = 0; i < 3; i++) {
    publisher.picture(64, 36, 60 * i);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await leave(publisher);
}

describe('a room', () => {
  it('is left as it was by thirty publishers that come and go', async () => {
    const stays = await publish('stays'); // or the room would be idle
    const pid = [...processTree(ingest.pid)].find((p) => readFileSync(`/proc/${p}/cmdline`, 'utf8').startsWith(`tessera-ingest ${room}`)) ?? 0;
    const three = (n: number): Promise<unknown> => Promise.all([1, 2, 3].map((k) => flap(`p${n}-${k}`)));
    for (let n = 0; n < 4; n++) await three(n); // libwebrtc's pools fill
    const settled = async (): Promise<Held> => {
      let last = held(pid);
      await waitFor('threads and files to be let go', () => {
        const now = held(pid);
        const same = now.threads === last.threads && now.files === last.files;
        last = now;
        return same;
      }, { intervalMs: 400 });
      return last;
    };
    const before = await settled();
    for (let n = 10; n < 20; n++) await three(n);
    const after = await settled();
    console.info(JSON.stringify({ before, after }));
    expect(after.rings).toBe(before.rings);
    expect(after.threads).toBeLessThanOrEqual(before.threads + 1);
    expect(after.files).toBeLessThanOrEqual(before.files + 2);
    expect(after.rssMb - before.rssMb).toBeLessThan(25);
    await leave(stays);
  });

  it('takes pictures of 2 pixels, of odd sizes and 4096 wide', async () => {
    const feeds = ingest.feeds(room);
    const publisher = await publish('odd');
    const feed = await waitFor('the feed', () => feeds.feedOf('odd'));
    for (const [width, height] of [[2, 2], [641, 359], [4096, 64], [64, 36]] as const) {
      await waitFor(`${width}x${height}`, () => {
        publisher.picture(width, height, 99);
        const frame = feeds.picture(feeds.feedOf('odd') ?? feed);
        // libwebrtc cuts cameras down to what its encoder can take: even sides at most
        return frame !== undefined && Math.abs(frame.width / frame.height - width / height) < 0.02 * (width / height);
      }, { timeoutMs: 8000, intervalMs: 40 });
    }
    await leave(publisher);
  });

  it('takes so many participants, each with camera and screen, and says 409 to the next', async () => {
    const present = await Promise.all(Array.from({ length: 6 }, (_, i) => publish(`full${i}`)));
    present.push(await publish('full0', 'screen'), await publish('full1'));
    await expect(publish('late')).rejects.toThrow('409 roomFull');
    await leave(present[2] as WrtcPublisher);
    await leave(await publish('late'));
    for (const publisher of present) if (publishers.has(publisher)) await leave(publisher);
  });
});
