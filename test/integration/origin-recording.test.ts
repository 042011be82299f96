import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingState } from '../../src/node-api/contract.ts';
import { OriginRig, packetTimes, sleep, until } from '../support/origin-rig.ts';
import { encodeClip, ffmpeg, run, type Clip, type ProgrammeSource } from '../support/programme-source.ts';

const ROOM = 'taped';
let rig: OriginRig;
let clip: Clip;
let other: Clip;
let source: ProgrammeSource;

beforeAll(async () => {
  clip = await encodeClip(14, 5);
  other = await encodeClip(10, 50);
  rig = new OriginRig();
  await rig.start();
  source = await rig.source(ROOM, clip);
  await until(async () => (await rig.call('GET', `/hls/${ROOM}/index.m3u8`)).status === 200, 10_000, 'the first playlist');
}, 60_000);
afterAll(async () => {
  source.kill();
  await rig.close();
});

function saved(id: string): string {
  const keys = [...rig.chunks.keys()].filter((k) => k.startsWith(`recordings/${id}/chunks/`)).sort();
  const path = `${rig.folder}/${id}.mp4`;
  writeFileSync(path, Buffer.concat(keys.map((k) => rig.chunks.get(k) as Buffer)));
  return path;
}

async function times(path: string, stream: 'v' | 'a'): Promise<number[]> {
  return packetTimes((await run('ffprobe', ['-v', 'error', '-select_streams', stream, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path])).toString());
}

describe('the recorder', () => {
  it('keeps time over a mixer restart, a pause and a restart of the origin', async () => {
    const began = Date.now();
    const started = await rig.json<RecordingState>('POST', '/recordings', { recording: 'r1', room: ROOM, rendition: 'high' });
    expect(started.status).toBe('recording');
    await sleep(3000);
    source.kill();
    source = await rig.source(ROOM, other);
    await sleep(1500);
    await rig.json('POST', '/recordings/r1/pause');
    const pausedAt = Date.now();
    await sleep(700);
    await rig.json('POST', '/recordings/r1/resume');
    const resumedAt = Date.now();
    await sleep(1200);
    source.kill();
    await rig.stop();
    await rig.start();
    source = await rig.source(ROOM, clip);
    await sleep(2500);
    const stopAsked = Date.now();
    const stopped = await rig.json<RecordingState>('POST', '/recordings/r1/stop');
    const stopTook = Date.now() - stopAsked;
    const again = await rig.json<RecordingState>('POST', '/recordings/r1/stop');

    expect(stopped.status).toBe('stopped');
    expect(again).toEqual(stopped);
    expect(stopTook).toBeLessThan(1500);
    expect(stopped.chunks).toBe([...rig.chunks.keys()].filter((k) => k.startsWith('recordings/r1/')).length);
    expect(new Set(stopped.gaps.map((g) => g.reason))).toEqual(new Set(['mixerRestart', 'paused', 'originRestart']));
    // The pause's own waiting for the end of a part is in neither figure.
    const wallMs = stopAsked - began;
    const pausedMs = stopped.gaps.find((g) => g.reason === 'paused')?.lengthMs ?? 0;
    expect(Math.abs(stopped.durationMs + pausedMs - wallMs)).toBeLessThan(200);

    const path = saved('r1');
    const video = await times(path, 'v');
    const audio = await times(path, 'a');
    expect(Math.abs((video[0] as number) - (audio[0] as number))).toBeLessThan(0.02);
    expect(Math.abs(video.length / 30 - stopped.durationMs / 1000)).toBeLessThan(0.1);
    const worst = (list: number[], step: number) => Math.max(...list.slice(1).map((t, i) => Math.abs(t - (list[i] as number) - step)));
    expect(worst(video, 1 / 30)).toBeLessThan(0.002);
    expect(worst(audio, 1024 / 48000)).toBeLessThan(0.002);
    expect(Math.abs((video.at(-1) as number) - (audio.at(-1) as number))).toBeLessThan(0.05);
    await ffmpeg(['-err_detect', 'explode', '-xerror', '-i', path, '-f', 'null', '-']);
  }, 60_000);

  it('keeps time also when the mixer dies as the recording begins', async () => {
    const began = Date.now();
    await rig.json('POST', '/recordings', { recording: 'r3', room: ROOM, rendition: 'high' });
    source.kill();
    await sleep(2500);
    source = await rig.source(ROOM, other);
    await sleep(2500);
    const wallMs = Date.now() - began;
    const stopped = await rig.json<RecordingState>('POST', '/recordings/r3/stop');

    expect(Math.abs(stopped.durationMs - wallMs)).toBeLessThan(200);
    expect(stopped.gaps.map((g) => g.reason)).toEqual(['mixerRestart']);
    const path = saved('r3');
    const video = await times(path, 'v');
    expect(Math.max(...video.slice(1).map((t, i) => Math.abs(t - (video[i] as number) - 1 / 30)))).toBeLessThan(0.002);
    await ffmpeg(['-err_detect', 'explode', '-xerror', '-i', path, '-f', 'null', '-']);
  }, 30_000);

  it('says what is not there', async () => {
    expect((await rig.call('GET', '/recordings/nothing')).status).toBe(404);
    expect((await rig.call('POST', '/recordings', { body: { recording: 'r2', room: 'no-room', rendition: 'high' } })).status).toBe(409);
    expect((await rig.call('POST', '/recordings', { body: { recording: '../x', room: ROOM, rendition: 'high' } })).status).toBe(400);
  });
});
