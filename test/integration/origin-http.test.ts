import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RoomId } from '../../src/domain/ids.ts';
import { FrameReader } from '../../src/media/framing.ts';
import { PROGRAMME_FRAME as F, decodeUnit, encodeProgrammeMessage } from '../../src/media/programme-protocol.ts';
import type { ProgrammeState } from '../../src/node-api/contract.ts';
import { OriginRig, packetTimes, sleep, until } from '../support/origin-rig.ts';
import { ProgrammeSource, encodeClip, run, type Clip } from '../support/programme-source.ts';

const ROOM = 'hall';
let rig: OriginRig;
let clip: Clip;
let source: ProgrammeSource;

beforeAll(async () => {
  clip = await encodeClip(40, 5, { high: '320x180', mid: '160x90', low: '80x46' });
  rig = new OriginRig();
  await rig.start();
  expect((await rig.call('GET', `/hls/${ROOM}/index.m3u8`)).status).toBe(404);
  source = await rig.source(ROOM, clip);
  await until(async () => (await rig.call('GET', `/hls/${ROOM}/index.m3u8`)).status === 200, 6000, 'the first playlist');
  const first = await rig.text(`/hls/${ROOM}/high.m3u8`);
  expect(first).toContain('#EXTINF');
}, 60_000);
afterAll(async () => {
  source.kill();
  await rig.close();
});

async function edge(): Promise<{ last: number; parts: number; text: string }> {
  const text = await rig.text(`/hls/${ROOM}/high.m3u8`);
  const [, last, part] = /URI="mid.m3u8",LAST-MSN=(\d+),LAST-PART=(\d+)/.exec(text) ?? [];
  return { last: Number(last), parts: Number(part) + 1, text };
}

describe('HLS over HTTP', () => {
  it('answers the multivariant playlist with what the stream is', async () => {
    const text = await rig.text(`/hls/${ROOM}/index.m3u8`);

    expect(text).toMatch(/CODECS="avc1\.42[0-9a-f]{4},mp4a\.40\.2",RESOLUTION=320x180,FRAME-RATE=30\.000,AUDIO="audio"\nhigh\.m3u8/);
    expect(text).toMatch(/RESOLUTION=160x90/);
    expect(text).toMatch(/RESOLUTION=80x46,FRAME-RATE=15\.000,AUDIO="audio"\nlow\.m3u8/);
    expect(text).toMatch(/CODECS="mp4a\.40\.2",AUDIO="audio"\naudio\.m3u8\n$/);
  });

  it('holds a blocking reload until the part is there', async () => {
    const { last, parts } = await edge();
    const began = Date.now();

    const answer = await rig.call('GET', `/hls/${ROOM}/high.m3u8?_HLS_msn=${last}&_HLS_part=${parts}`);

    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toMatch(new RegExp(`high/(${last}\\.${parts}|${last + 1}\\.0)\\.m4s",?`));
    expect(Date.now() - began).toBeLessThan(1200);
    expect(answer.headers['cache-control']).toBe('public, max-age=18');
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  it.each([
    ['_HLS_part=1', 400],
    ['_HLS_msn=abc', 400],
    ['_HLS_msn=99999', 400],
    ['_HLS_msn=0&_HLS_part=0', 200],
    ['other=1', 200],
  ])('answers ?%s with %i', async (query, status) => {
    expect((await rig.call('GET', `/hls/${ROOM}/high.m3u8?${query}`)).status).toBe(status);
  });

  it.each(['best.m3u8', 'high/999999.m4s', 'high/0.99.m4s', 'high/init-9.mp4', '../../etc/passwd', 'high/..%2f..%2fstate.json', 'poster.png'])('knows no %s', async (path) => {
    const answer = await rig.call('GET', `/hls/${ROOM}/${path}`);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  it('holds the hinted part until it is whole', async () => {
    const { text } = await edge();
    const uri = /PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/.exec(text)?.[1] ?? '';

    const answer = await rig.call('GET', `/hls/${ROOM}/${uri}`);

    expect(answer.status).toBe(200);
    expect(answer.body.toString('latin1', 4, 8)).toBe('moof');
    expect(answer.headers['cache-control']).toContain('immutable');
  });

  it('makes a segment out of exactly its parts', async () => {
    await until(async () => (await edge()).last >= 2, 8000, 'two whole segments');
    const { last, text } = await edge();
    const uris = [...text.matchAll(new RegExp(`URI="(high/${last - 1}\\.\\d+\\.m4s)"`, 'g'))].map((m) => m[1]);

    const parts = await Promise.all(uris.map(async (uri) => (await rig.call('GET', `/hls/${ROOM}/${uri}`)).body));
    const segment = await rig.call('GET', `/hls/${ROOM}/high/${last - 1}.m4s`);

    expect(uris.length).toBeGreaterThanOrEqual(4);
    expect(segment.body.equals(Buffer.concat(parts))).toBe(true);
  });

  it('sends playlists gzipped to who takes them', async () => {
    const answer = await rig.call('GET', `/hls/${ROOM}/high.m3u8`, { headers: { 'accept-encoding': 'gzip, br' } });

    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(answer.body).toString()).toContain('#EXTM3U');
  });

  it('shows a poster', async () => {
    const answer = await rig.call('GET', `/hls/${ROOM}/poster.jpg`);

    expect(answer.headers['content-type']).toBe('image/jpeg');
    const probe = (await run('ffprobe', ['-v', 'error', '-f', 'mjpeg', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', 'pipe:0'], answer.body)).toString();
    expect(probe.trim()).toBe('640,360');
  });

  it('has small pictures of the window, from whose beginning their times count', async () => {
    await until(async () => (await edge()).last >= 1, 8000, 'a whole segment');

    const vtt = await rig.call('GET', `/hls/${ROOM}/storyboard.vtt`);
    const [, sheet, x, y] = /^00:00:00\.000 --> \S+\n(storyboard\/0-\d+\.jpg)#xywh=(\d+),(\d+),160,90$/m.exec(vtt.body.toString()) ?? [];
    const picture = await rig.call('GET', `/hls/${ROOM}/${sheet}`);
    const luma = await run('ffmpeg', ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-vf', 'scale=5:5:flags=area,format=gray', '-f', 'rawvideo', 'pipe:1'], picture.body);
    const size = await run('ffprobe', ['-v', 'error', '-f', 'mjpeg', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', 'pipe:0'], picture.body);

    expect(vtt.headers['content-type']).toContain('text/vtt');
    expect([x, y]).toEqual(['0', '0']);
    expect(picture.headers['cache-control']).toContain('immutable');
    expect(size.toString().trim()).toBe('800,450');
    expect(luma[0]).toBeGreaterThan(40); // the clip's picture, and black where none has come yet
    expect(luma[24]).toBeLessThan(25);
    for (const made of ['storyboard/0-1.jpg', 'storyboard/7-0.jpg', 'storyboard/0-96.jpg']) expect((await rig.call('GET', `/hls/${ROOM}/${made}`)).status).toBe(404);
  });
});

describe('followers', () => {
  it('gives a tail that FFmpeg copies without a hole', async () => {
    const path = `${rig.folder}/tail.mp4`;
    // FFmpeg speaks HTTP over TCP only: a pipe carries the tail.
    const copy = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-i', 'pipe:0', '-t', '4', '-c', 'copy', '-y', path], { stdio: ['pipe', 'ignore', 'inherit'] });
    const tail = request({ socketPath: rig.httpSocket, path: `/tail/${ROOM}/mid` }, (res) => res.pipe(copy.stdin));
    tail.end();
    copy.stdin.on('error', () => tail.destroy());

    const code = await new Promise((resolve) => copy.on('close', resolve));
    tail.destroy();

    expect(code).toBe(0);
    for (const [stream, step] of [['v', 1 / 30], ['a', 1024 / 48000]] as const) {
      const times = packetTimes((await run('ffprobe', ['-v', 'error', '-select_streams', stream, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path])).toString());
      expect(times.length * step).toBeGreaterThan(3.8);
      expect(Math.abs(times[0] as number)).toBeLessThan(0.02);
      expect(Math.max(...times.slice(1).map((t, i) => Math.abs(t - (times[i] as number) - step)))).toBeLessThan(0.002);
    }
    await until(() => rig.origin.tails.count === 0, 3000, 'the end of the tail');
  }, 30_000);

  it('gives an edge the units since the keyframe, then the live ones', async () => {
    const socket = connect(rig.socketPath);
    const units: { key: boolean; cached: boolean; track: string }[] = [];
    const messages: number[] = [];
    const reader = new FrameReader((type, payload) => {
      messages.push(type);
      if (type === F.unit) units.push(decodeUnit(payload));
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.write(encodeProgrammeMessage(F.subscribe, { version: 1, room: ROOM as RoomId }));
    await until(() => units.filter((u) => !u.cached && u.track === 'video:high').length > 10, 4000, 'live units');
    socket.write(encodeProgrammeMessage(F.keyframeRequest, {}));
    socket.write(encodeProgrammeMessage(F.keyframeRequest, {}));
    await until(() => source.keyframeRequests > 0, 2000, 'the keyframe request');

    expect(messages.slice(0, 5)).toEqual([F.welcome, F.init, F.init, F.init, F.init]);
    const high = units.filter((u) => u.track === 'video:high');
    expect(high[0]).toMatchObject({ key: true, cached: true });
    expect(source.keyframeRequests).toBe(1);
    socket.destroy();
  });

  it('waits for a mixer that was stopped for 300 ms', async () => {
    const programme = rig.origin.rooms[0]?.programme;
    const before = { ...programme?.counters };
    for (let i = 0; i < 4; i++) {
      source.pause(true);
      await sleep(300);
      source.pause(false);
      await sleep(340);
    }

    expect(programme?.counters.filledFrames).toBe(before.filledFrames);
    expect(programme?.counters.lateUnits).toBe(before.lateUnits);
  });

  it('fences off an older epoch', async () => {
    const old = await ProgrammeSource.start(rig.socketPath, ROOM as RoomId, 0, clip);
    expect(old.refused?.code).toBe('staleEpoch');
    old.kill();
    expect(rig.origin.rooms[0]?.programme.live).toBe(true);
  });
});

describe('the end', () => {
  it('keeps numbers and anchor over a restart of the origin', async () => {
    const before = await edge();
    const date = /PROGRAM-DATE-TIME:(\S+)/.exec(before.text)?.[1];

    const [uri = ''] = [...before.text.matchAll(/EXT-X-PART:[^\n]*URI="([^"]+)"/g)].map((m) => m[1] as string).slice(-3);
    const part = await rig.call('GET', `/hls/${ROOM}/${uri}`);
    await rig.stop();
    await rig.start();
    const again = await rig.call('GET', `/hls/${ROOM}/${uri}`);
    source.kill();
    source = await rig.source(ROOM, clip);
    await until(async () => (await edge()).last > before.last + 1, 8000, 'new segments');

    const after = await edge();
    expect([part.status, again.status]).toEqual([200, 200]);
    expect(again.body.equals(part.body)).toBe(true);
    expect(/PROGRAM-DATE-TIME:(\S+)/.exec(after.text)?.[1]).toBe(date);
    expect(after.text).toContain('#EXT-X-MEDIA-SEQUENCE:0');
    expect(after.text).not.toContain('#EXT-X-DISCONTINUITY\n');
    const whole = await rig.call('GET', `/hls/${ROOM}/high/0.m4s`);
    expect(whole.status).toBe(200);
  }, 30_000);

  it('ends with ENDLIST, lets nobody wait, stays playable over a restart, and does not show the old when it begins anew', async () => {
    const { last } = await edge();
    const held = rig.call('GET', `/hls/${ROOM}/high.m3u8?_HLS_msn=${last + 1}`);

    expect((await rig.call('DELETE', `/programmes/${ROOM}`)).status).toBe(204);
    source.kill();

    expect((await held).body.toString()).toContain('#EXT-X-ENDLIST');
    expect(await rig.json<ProgrammeState>('GET', `/programmes/${ROOM}`)).toMatchObject({ ended: true, live: false });
    expect((await rig.call('GET', `/tail/${ROOM}/high`)).status).toBe(409);
    expect((await rig.call('POST', '/recordings', { body: { recording: 'late', room: ROOM, rendition: 'high' } })).status).toBe(409);
    await sleep(1200);
    await rig.stop();
    await rig.start();
    const left = await rig.text(`/hls/${ROOM}/low.m3u8`);
    expect(left).toMatch(/#EXT-X-MEDIA-SEQUENCE:0\n[^]*#EXT-X-ENDLIST\n$/);
    expect(left).not.toMatch(/PRELOAD-HINT|PART:/);
    expect((await rig.call('GET', `/hls/${ROOM}/low/0.m4s`)).status).toBe(200);

    source = await rig.source(ROOM, clip);
    const text = await until(async () => {
      const answer = await rig.call('GET', `/hls/${ROOM}/high.m3u8`);
      return answer.status === 200 && !answer.body.includes('ENDLIST') && answer.body.toString();
    }, 8000, 'the programme to go on');
    const sequence = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
    expect(sequence).toBeGreaterThan(last);
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP');
    // who still plays the old one gets it
    expect((await rig.call('GET', `/hls/${ROOM}/high/0.m4s`)).status).toBe(200);

    const folder = `${rig.folder}/data/origin/${ROOM}`;
    await rig.call('DELETE', `/programmes/${ROOM}?forget=true`);
    expect((await rig.call('GET', `/hls/${ROOM}/high.m3u8`)).status).toBe(404);
    expect((await rig.call('GET', `/hls/${ROOM}/high/${sequence}.m4s`)).status).toBe(404);
    await until(() => readdirSync(folder).filter((name) => name.endsWith('.m4s')).length === 0, 2000, 'an empty disk');
  }, 30_000);
});
