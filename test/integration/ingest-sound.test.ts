/** Live sound into the real ingest role: stereo of a shared screen, silence that is not sent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIngest, type FeedListener, type TestIngest } from '../support/ingest.ts';
import { waitFor } from '../support/process.ts';
import { toneLevelDb } from '../support/tones.ts';
import { WrtcPublisher } from '../support/wrtc-publisher.ts';

let ingest: TestIngest;
let feeds: FeedListener;
const publishers: WrtcPublisher[] = [];

beforeAll(async () => {
  ingest = await startIngest();
});
afterAll(async () => {
  for (const publisher of publishers) await publisher.close();
  await ingest?.stop();
});

const sine = (hz: number, frame: number, amplitude = 0.2): number => amplitude * Math.sin((2 * Math.PI * hz * frame) / 48_000);

async function publish(options: Omit<ConstructorParameters<typeof WrtcPublisher>[0], 'url' | 'room'>): Promise<WrtcPublisher> {
  const publisher = new WrtcPublisher({ url: ingest.url, room: 'sound', ...options });
  publishers.push(publisher);
  return publisher.start();
}

const level = (hz: number, channel = 0, blocks = 40): number => toneLevelDb(feeds.newestSound(blocks, channel), 48_000, hz);

describe('sound', () => {
  it('of a shared screen stays stereo: its channels are 20 dB and more apart', async () => {
    await publish({ identity: 'ann', source: 'screen', sound: (frame) => [sine(1000, frame), sine(3000, frame)] });
    feeds = ingest.feeds('sound');
    await waitFor('both tones', () => feeds.sound.length > 250 && level(1000, 0) > -25 && level(3000, 1) > -25);
    const apart = [level(1000, 0) - level(1000, 1), level(3000, 1) - level(3000, 0)];
    console.info('channels apart, dB', apart.map(Math.round));
    expect(Math.min(...apart)).toBeGreaterThan(20);
  });

  it('keeps its place over silence that is not sent (Opus DTX)', async () => {
    // a beep in the first 100 ms of each second, silence between
    await publish({
      identity: 'bob',
      sound: (frame) => [frame % 48_000 < 4800 ? sine(600, frame, 0.25) : 0],
      answer: (sdp) => sdp.replace(/(a=fmtp:111 [^\r\n]*)/, '$1;usedtx=1'),
    });
    await waitFor('beeps', () => level(600, 0, 10) > -20);
    await waitFor('the end of a beep, so that none is cut', () => level(600, 0, 10) < -60);
    feeds.sound.length = 0;
    await waitFor('3.5 s of sound', () => feeds.sound.length > 350);
    const sound = feeds.newestSound(feeds.sound.length);
    const beeps: number[] = [];
    for (let k = 0; (k + 2) * 480 <= sound.length; k++)
      if (toneLevelDb(sound.subarray(k * 480, (k + 2) * 480), 48_000, 600) > -24 && k / 100 - (beeps.at(-1) ?? -1) > 0.5) beeps.push(k / 100);
    expect(beeps.length).toBeGreaterThanOrEqual(3);
    for (let i = 1; i < beeps.length; i++) expect(Math.abs((beeps[i] as number) - (beeps[i - 1] as number) - 1)).toBeLessThan(0.03);
  });
});
