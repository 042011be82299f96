/** Real publishers into the real ingest role: the right pictures in the ring, the right sound on the socket and on the way back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RingFrame } from '../../src/media/frame-ring.ts';
import { EventSubscriber } from '../../src/state/events.ts';
import { ParticipantStore } from '../../src/state/participant-store.ts';
import { connectRedis } from '../../src/state/redis.ts';
import type { RoomId } from '../../src/domain/ids.ts';
import { startIngest, type FeedListener, type SyntheticProcess, type TestIngest } from '../support/ingest.ts';
import { waitFor } from '../support/process.ts';
import { toneLevelDb } from '../support/tones.ts';

const room = 'studio';
const SMALL = ['--width', '320', '--height', '180', '--fps', '15'];

let ingest: TestIngest;
let ann: SyntheticProcess;
let bob: SyntheticProcess;
let feeds: FeedListener;

beforeAll(async () => {
  ingest = await startIngest();
  ann = ingest.synthetic(room, ['--names', 'ann', '--pattern', 'color', '--color', '#ff0000', '--tone', '440', '--listen', '440,1000', ...SMALL]);
  bob = ingest.synthetic(room, ['--names', 'bob', '--pattern', 'color', '--color', '#0000ff', '--tone', '1000', '--listen', '440,1000', ...SMALL]);
  await waitFor('both connected', () => [ann, bob].every((p) => p.events.some((e) => e.type === 'connected')), { timeoutMs: 20_000 });
  feeds = ingest.feeds(room);
});

afterAll(async () => {
  await ingest?.stop();
});

/** Mean Y, U and V of a picture. */
function meanColor(frame: RingFrame): [number, number, number] {
  const luma = frame.width * frame.height;
  const chroma = ((frame.width + 1) >> 1) * ((frame.height + 1) >> 1);
  const mean = (from: number, count: number): number => frame.pixels.subarray(from, from + count).reduce((sum, value) => sum + value, 0) / count;
  return [mean(0, luma), mean(luma, chroma), mean(luma + chroma, chroma)];
}

async function newestPicture(participant: string): Promise<RingFrame> {
  return waitFor(`pictures of ${participant}`, () => {
    const info = feeds.feedOf(participant);
    const frame = info?.video ? feeds.picture(info) : undefined;
    return frame && { ...frame, pixels: Buffer.from(frame.pixels) };
  });
}

describe('ingest', () => {
  it('puts each participant\'s pictures into their ring', async () => {
    const red = meanColor(await newestPicture('ann'));
    const blue = meanColor(await newestPicture('bob'));
    // BT.601: red is Y 82 U 90 V 240, blue Y 41 U 240 V 110
    expect(red[2]).toBeGreaterThan(210);
    expect(red[1]).toBeLessThan(120);
    expect(blue[1]).toBeGreaterThan(210);
    expect(blue[2]).toBeLessThan(140);
  });

  it('sends the sum of all sound, block after block, stamped with the time of its picture', async () => {
    await waitFor('a second of sound', () => feeds.sound.length > 150);
    const newest = feeds.newestSound(80);
    expect(toneLevelDb(newest, 48_000, 440)).toBeGreaterThan(-16);
    expect(toneLevelDb(newest, 48_000, 440)).toBeLessThan(-9);
    expect(toneLevelDb(newest, 48_000, 1000)).toBeGreaterThan(-16);
    expect(toneLevelDb(newest, 48_000, 700)).toBeLessThan(-50);
    const blocks = feeds.sound;
    for (let i = 1; i < blocks.length; i++) {
      const [before, now] = [blocks[i - 1] as (typeof blocks)[0], blocks[i] as (typeof blocks)[0]];
      expect(now.ptsNs - before.ptsNs).toBe(10_000_000n);
      expect(now.firstSample - before.firstSample).toBe(480n);
    }
    const delays = blocks.map((b) => Number(b.atNs - b.ptsNs) / 1e6).sort((a, b) => a - b);
    expect(delays[Math.floor(delays.length / 2)]).toBeGreaterThan(60);
    expect(delays[Math.floor(delays.length / 2)]).toBeLessThan(110);
  });

  it('gives each participant the others\' sound and not their own', async () => {
    const newest = (p: SyntheticProcess): Record<string, number> => p.events.findLast((e) => e.type === 'heard')?.tones ?? {};
    await waitFor('mix-minus', () => (newest(ann)['1000'] ?? -99) > -30 && (newest(bob)['440'] ?? -99) > -30);
    await waitFor('own tones absent', () => (newest(ann)['440'] ?? 0) < -55 && (newest(bob)['1000'] ?? 0) < -55);
  });

  it('tells Redis who is there, with picture sizes', async () => {
    const redis = connectRedis(ingest.redis.url);
    try {
      const store = new ParticipantStore(redis);
      const list = await waitFor('both in Redis', async () => {
        const found = await store.list(room as RoomId);
        return found.length === 2 && found.every((p) => p.publications[0]?.video) ? found : undefined;
      });
      expect(list.map((p) => p.id).sort()).toEqual(['ann', 'bob']);
      expect(list[0]?.publications[0]).toMatchObject({ source: 'camera', audio: true, video: true, width: 320, height: 180 });
    } finally {
      redis.disconnect();
    }
  });

  it('tells levels again and again, also when they do not change: pages are opened later', async () => {
    const redis = connectRedis(ingest.redis.url);
    const told: Record<string, number>[] = [];
    const others: string[] = [];
    const events = new EventSubscriber(
      redis,
      (event) => {
        if (event.type === 'levels' && event.room === room) told.push(event.levels);
      },
      { levels: true },
    );
    const unconcerned = new EventSubscriber(redis, (event) => others.push(event.type));
    try {
      await waitFor('levels', () => told.length >= 3, { timeoutMs: 5000 });
      // tones of −12 dBFS or so
      for (const levels of told) for (const who of ['ann', 'bob']) expect(levels[who]).toBeGreaterThan(-30);
      expect(others).not.toContain('levels');
    } finally {
      events.close();
      unconcerned.close();
      redis.disconnect();
    }
  });

  it('mutes a participant for everybody when a host asks', async () => {
    await ingest.nodes.call(ingest.nodeUrl, 'PATCH', `/rooms/${room}/participants/bob`, { audioMuted: true });
    const before = feeds.sound.length;
    await waitFor('the programme without bob', () => toneLevelDb(feeds.newestSound(30), 48_000, 1000) < -55 && feeds.sound.length !== before);
    expect(feeds.participants.get('bob')?.audioMuted).toBe(true);
    await waitFor('ann on stage', () => feeds.speaker === 'ann', { timeoutMs: 8000 });
    await ingest.nodes.call(ingest.nodeUrl, 'PATCH', `/rooms/${room}/participants/bob`, { audioMuted: false });
  });

  it('passes on who has the microphone off, and leaves their sound alone', async () => {
    const tell = (microphoneOff: boolean): Promise<unknown> => ingest.nodes.call(ingest.nodeUrl, 'PATCH', `/rooms/${room}/participants/ann`, { microphoneOff });
    await tell(true);
    await waitFor('ann marked', () => feeds.participants.get('ann')?.microphoneOff === true, { timeoutMs: 2000 });
    expect(feeds.participants.get('ann')?.audioMuted).toBe(false);
    await tell(false);
    await waitFor('ann not marked', () => feeds.participants.get('ann')?.microphoneOff === false, { timeoutMs: 2000 });
  });

  it('notices a publisher that is killed within 15 s, and one that stops at once', async () => {
    const killedAt = Date.now();
    bob.child.kill('SIGKILL');
    await waitFor('no pictures', () => feeds.feedOf('bob')?.video === false, { timeoutMs: 5000 });
    await waitFor('bob gone', () => feeds.feedOf('bob') === undefined, { timeoutMs: 15_000 });
    expect(Date.now() - killedAt).toBeLessThan(15_000);
    await ann.stop();
    await waitFor('ann gone', () => feeds.feedOf('ann') === undefined, { timeoutMs: 2000 });
  });
});
