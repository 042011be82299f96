import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OriginRig, until } from '../support/origin-rig.ts';
import { ProgrammeSource, encodeClip, type Clip } from '../support/programme-source.ts';

/** Parts of it have some 170 kB. */
const ROOM = 'wide';
let rig: OriginRig;
let clip: Clip;
let source: ProgrammeSource;

beforeAll(async () => {
  clip = await encodeClip(30, 0, { high: '1280x720', mid: '160x90', low: '80x46' }, { high: '2500k', mid: '100k' });
  rig = new OriginRig();
  await rig.start();
  source = await rig.source(ROOM, clip);
}, 60_000);
afterAll(async () => {
  source.kill();
  await rig.close();
});

async function media(name: string): Promise<Buffer> {
  const answer = await rig.call('GET', `/hls/${ROOM}/high/${name}.m4s`);
  expect([name, answer.status]).toEqual([name, 200]);
  return answer.body;
}

/** Number of the newest complete segment, once it is at least `msn`. */
function completed(msn: number): Promise<number> {
  return until(async () => {
    const { status, body } = await rig.call('GET', `/hls/${ROOM}/high.m3u8`);
    const last = status === 200 ? Number([...body.toString().matchAll(/^high\/(\d+)\.m4s$/gm)].at(-1)?.[1] ?? -1) : -1;
    return last >= msn && last;
  }, 20_000, `segment ${msn}`);
}

const fileOf = (msn: number): string => `${rig.folder}/data/origin/${ROOM}/${msn}-high.m4s`;

/** Whether a byte that is changed in the segment's file and nowhere else is seen in the part. */
async function comesFromFile(msn: number, index: number, offset: number): Promise<boolean> {
  const before = await media(`${msn}.${index}`);
  const fd = openSync(fileOf(msn), 'r+');
  try {
    writeSync(fd, Buffer.from([(before[1000] as number) ^ 255]), 0, 1, offset + 1000);
    const after = await media(`${msn}.${index}`);
    const differing = [...after.keys()].filter((at) => after[at] !== before[at]);
    if (after.length !== before.length || differing.some((at) => at !== 1000)) throw new Error(`other bytes differ: ${differing.slice(0, 9).join()}`);
    return differing.length === 1;
  } finally {
    writeSync(fd, before, 1000, 1, offset + 1000);
    closeSync(fd);
  }
}

/** All parts that the playlist names of a segment, each asked for three times. */
async function parts(msn: number): Promise<Buffer[]> {
  const names = [...(await rig.text(`/hls/${ROOM}/high.m3u8`)).matchAll(/^#EXT-X-PART:.*URI="high\/(\d+\.\d+)\.m4s"/gm)].map(([, name]) => name as string);
  const all: Buffer[] = [];
  for (const name of names.filter((one) => one.startsWith(`${msn}.`))) {
    const first = await media(name);
    for (let more = 0; more < 2; more++) expect((await media(name)).equals(first)).toBe(true);
    all.push(first);
  }
  return all;
}

it('sends large parts from where they lie in the segment’s file', async () => {
  const msn = await completed(1);

  const all = await parts(msn);

  const whole = Buffer.concat(all);
  expect(whole.equals(await media(String(msn)))).toBe(true);
  await until(() => readFileSync(fileOf(msn)).length === whole.length, 2000, 'the file');
  expect(readFileSync(fileOf(msn)).equals(whole)).toBe(true);
  for (let index = 0, offset = 0; index < 4; offset += (all[index] as Buffer).length, index++) expect([index, await comesFromFile(msn, index, offset)]).toEqual([index, true]);
}, 40_000);

it('does so also behind parts that the process before it wrote', async () => {
  const last = await completed(1);
  await until(async () => /PART:.*high\/\d+\.1\.m4s/.test((await rig.text(`/hls/${ROOM}/high.m3u8`)).split(`/${last}.m4s`)[1] ?? ''), 5000, 'an open segment of two parts');
  await rig.stop();
  source.kill();
  await rig.start();
  source = await rig.source(ROOM, clip);
  await completed(last + 2);

  for (const msn of [last + 1, last + 2]) {
    const whole = Buffer.concat(await parts(msn));
    expect(whole.equals(await media(String(msn)))).toBe(true);
    await until(() => readFileSync(fileOf(msn)).equals(whole), 2000, 'the file');
  }
  // until the new mixer's keyframe the last picture is repeated, in parts of half a kilobyte
  const msn = await until(async () => {
    const newest = await completed(last + 3);
    return (await media(`${newest}.1`)).length > 100_000 && newest;
  }, 10_000, 'large parts');
  const [first] = await parts(msn);
  expect(await comesFromFile(msn, 1, (first as Buffer).length)).toBe(true);
}, 40_000);
