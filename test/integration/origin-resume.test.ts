import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OriginRig, sleep, until } from '../support/origin-rig.ts';
import { encodeClip, ffmpeg, type Clip, type ProgrammeSource } from '../support/programme-source.ts';

const ROOM = 'resume';
const AGO_MS = 20 * 60_000;
let rig: OriginRig;
let clip: Clip;
let source: ProgrammeSource;

interface Listed {
  uris: number[];
  sequence: number;
  discontinuitySequence: number;
}
function listed(text: string): Listed {
  return {
    uris: [...text.matchAll(/^high\/(\d+)\.m4s$/gm)].map((m) => Number(m[1])),
    sequence: Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]),
    discontinuitySequence: Number(/DISCONTINUITY-SEQUENCE:(\d+)/.exec(text)?.[1]),
  };
}

beforeAll(async () => {
  clip = await encodeClip(9, 12);
  rig = new OriginRig();
  await rig.start();
  source = await rig.source(ROOM, clip);
  await until(async () => listed((await rig.call('GET', `/hls/${ROOM}/high.m3u8`)).body.toString()).uris.length >= 2, 15_000, 'two segments');
  source.kill();
  await rig.stop();
  // as if it had been cut off twenty minutes ago
  const path = `${rig.folder}/data/origin/${ROOM}/state.json`;
  const state = JSON.parse(readFileSync(path, 'utf8')) as { anchorMonotonicNs: string; anchorUnixMs: number };
  writeFileSync(path, JSON.stringify({ ...state, anchorMonotonicNs: String(BigInt(state.anchorMonotonicNs) - BigInt(AGO_MS) * 1_000_000n), anchorUnixMs: state.anchorUnixMs - AGO_MS }));
  await rig.start();
}, 60_000);
afterAll(async () => {
  source.kill();
  await rig.close();
});

describe('a programme taken up from disk long after it was cut off', () => {
  it('is not offered as live before it goes on: who comes now waits, who has old segments keeps them', async () => {
    const before = await rig.call('GET', `/hls/${ROOM}/index.m3u8`);

    expect(before.status).toBe(404);
    expect(before.headers['retry-after']).toBe('1');
    expect((await rig.call('GET', `/hls/${ROOM}/high/0.m4s`)).status).toBe(200);
    expect((await rig.json<{ ended: boolean }>('GET', `/programmes/${ROOM}`)).ended).toBe(false);
  }, 20_000);

  it('goes on with a DISCONTINUITY, numbers without a hole, and held requests that are answered', async () => {
    const held = rig.call('GET', `/hls/${ROOM}/high.m3u8`);
    source = await rig.source(ROOM, clip);
    const first = await until(async () => {
      const answer = await held.then((a) => (a.status === 200 ? a : rig.call('GET', `/hls/${ROOM}/high.m3u8`)));
      return answer.status === 200 && answer.body.toString();
    }, 15_000, 'a playlist');
    const { uris, sequence, discontinuitySequence } = listed(first);
    const msn = (uris.at(-1) as number) + 1;
    const next = await rig.text(`/hls/${ROOM}/high.m3u8?_HLS_msn=${msn}`);

    expect(uris).toEqual(uris.map((_, i) => sequence + i));
    expect(listed(next).uris).toContain(msn);
    expect(first.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
    expect(discontinuitySequence).toBe(0);
    // the newest whole segment is of now, not of then
    const dates = [...first.matchAll(/PROGRAM-DATE-TIME:(\S+)/g)].map((m) => Date.parse(m[1] as string));
    expect(Date.now() - (dates.at(-1) as number)).toBeLessThan(10_000);
    expect((dates.at(-1) as number) - (dates[0] as number)).toBeGreaterThan(AGO_MS - 10_000);
    await rig.save(ROOM, 'high', `${rig.folder}/copy`);
    await ffmpeg(['-err_detect', 'explode', '-xerror', '-allowed_extensions', 'ALL', '-i', `${rig.folder}/copy/high.m3u8`, '-f', 'null', '-']);
  }, 40_000);

  it('answers held requests at once when the origin ends', async () => {
    const msn = Number(/LAST-MSN=(\d+)/.exec(await rig.text(`/hls/${ROOM}/high.m3u8`))?.[1]);
    const held = rig.call('GET', `/hls/${ROOM}/high.m3u8?_HLS_msn=${msn + 1}`);
    await sleep(100);
    const asked = performance.now();
    const stopping = rig.stop();
    const answer = await held;

    expect(answer.status).toBe(503);
    expect(performance.now() - asked).toBeLessThan(400);
    await stopping;
    await rig.start();
  }, 20_000);

  it('is not begun again by the epoch that it ended with', async () => {
    await rig.call('DELETE', `/programmes/${ROOM}`);
    rig.epoch--;
    const late = await rig.source(ROOM, clip);

    expect(late.refused).toMatchObject({ code: 'staleEpoch', epoch: rig.epoch });
    expect(await rig.text(`/hls/${ROOM}/high.m3u8`)).toContain('#EXT-X-ENDLIST');
    late.kill();
  }, 20_000);

  it('stays playable when parts are to have another length, and the next one has it', async () => {
    const before = await rig.text(`/hls/${ROOM}/high.m3u8`);
    const newest = listed(before).uris.at(-1) as number;
    await rig.stop();
    rig.options.partFrames = 6;
    await rig.start();

    expect(await rig.text(`/hls/${ROOM}/high.m3u8`)).toBe(before);
    expect((await rig.call('GET', `/hls/${ROOM}/high/${newest}.m4s`)).status).toBe(200);
    rig.epoch += 2;
    source = await rig.source(ROOM, clip);
    const next = await until(async () => {
      const { status, body } = await rig.call('GET', `/hls/${ROOM}/high.m3u8`);
      return status === 200 && !body.includes('ENDLIST') && body.toString();
    }, 15_000, 'the next programme');
    expect(next).toContain('PART-TARGET=0.2');
    expect(listed(next).sequence).toBeGreaterThan(newest);
  }, 40_000);

  it('begins anew behind a state that cannot be read, with numbers that go on and without old media', async () => {
    const newest = listed(await rig.text(`/hls/${ROOM}/high.m3u8`)).uris.at(-1) as number;
    source.kill();
    await rig.stop();
    const folder = `${rig.folder}/data/origin/${ROOM}`;
    writeFileSync(`${folder}/state.json`, '{"version":');
    await rig.start();
    source = await rig.source(ROOM, clip);
    const text = await until(async () => {
      const { status, body } = await rig.call('GET', `/hls/${ROOM}/high.m3u8`);
      return status === 200 && body.toString();
    }, 15_000, 'the next programme');

    expect(listed(text).sequence).toBeGreaterThan(newest);
    expect(readdirSync(folder).filter((name) => name.endsWith('.m4s') && Number.parseInt(name, 10) <= newest)).toEqual([]);
    expect((await rig.call('GET', `/hls/${ROOM}/high/${listed(text).sequence}.m4s`)).status).toBe(200);
  }, 40_000);
});
