import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OriginRig, packetTimes, sleep, until } from '../support/origin-rig.ts';
import { encodeClip, ffmpeg, run, type Clip, type ProgrammeSource } from '../support/programme-source.ts';

const ROOM = 'continuity';
const PART_MS = (16 * 1000) / 30;
let rig: OriginRig;
let clips: Clip[];
let source: ProgrammeSource | undefined;

beforeAll(async () => {
  clips = [await encodeClip(8, 5), await encodeClip(8, 40), await encodeClip(8, 23)];
  rig = new OriginRig();
  await rig.start();
}, 60_000);
afterAll(async () => {
  source?.kill();
  await rig.close();
});

describe('a programme whose mixer is killed again and again', () => {
  const arrivals: { at: number; part: string }[] = [];

  it('goes on without a gap for whoever reads its HLS', async () => {
    // A viewer that always asks for the next part.
    let watching = true;
    const viewer = (async () => {
      await until(async () => (await rig.call('GET', `/hls/${ROOM}/index.m3u8`)).status === 200, 10_000, 'the first playlist');
      let seen = '';
      while (watching) {
        const text = await rig.text(`/hls/${ROOM}/high.m3u8${seen}`);
        const report = /RENDITION-REPORT:URI="mid.m3u8",LAST-MSN=(\d+),LAST-PART=(\d+)/.exec(text);
        if (!report) break;
        arrivals.push({ at: Date.now(), part: `${report[1]}.${report[2]}` });
        seen = `?_HLS_msn=${report[1]}&_HLS_part=${Number(report[2]) + 1}`;
      }
    })();
    const began = Date.now();
    for (const clip of clips) {
      source = await rig.source(ROOM, clip);
      await sleep(6000);
      source.kill();
      await sleep(900);
    }
    watching = false;
    await viewer;
    const state = await rig.json<{ durationMs: number; gaps: { lengthMs: number; reason: string }[] }>('GET', `/programmes/${ROOM}`);

    const gaps = arrivals.slice(1).map((a, i) => a.at - (arrivals[i] as { at: number }).at);
    expect(Math.max(...gaps)).toBeLessThan(PART_MS + 350);
    const elapsed = (arrivals.at(-1)?.at ?? 0) - (arrivals[0]?.at ?? 0);
    expect(arrivals.length).toBeGreaterThan(elapsed / PART_MS - 2);
    expect(new Set(arrivals.map((a) => a.part)).size).toBe(arrivals.length);
    expect(state.gaps.length).toBeGreaterThanOrEqual(2);
    expect(state.gaps.every((g) => g.reason === 'mixerRestart')).toBe(true);
  }, 60_000);

  it.each(['high', 'mid', 'audio'])('has %s without a hole in its times and without an error in decoding', async (rendition) => {
    const folder = `${rig.folder}/copy`;
    const playlist = await rig.save(ROOM, rendition, folder);

    const times = packetTimes((await run('ffprobe', ['-v', 'error', '-allowed_extensions', 'ALL', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', playlist])).toString());
    const frame = rendition === 'audio' ? 1024 / 48000 : 1 / 30;
    const steps = times.slice(1).map((t, i) => t - (times[i] as number));

    expect(times.length * frame).toBeGreaterThan(14);
    expect(Math.max(...steps.map((s) => Math.abs(s - frame)))).toBeLessThan(0.002);
    await ffmpeg(['-err_detect', 'explode', '-xerror', '-allowed_extensions', 'ALL', '-i', playlist, '-f', 'null', '-']);
  }, 60_000);

  it('keeps target duration, numbers and keyframes as conformance.md asks', async () => {
    const text = await rig.text(`/hls/${ROOM}/high.m3u8`);
    const target = Number(/TARGETDURATION:(\d+)/.exec(text)?.[1]);
    const durations = [...text.matchAll(/#EXTINF:([\d.]+)/g)].map((m) => Number(m[1]));

    expect(Math.max(...durations.map(Math.round))).toBeLessThanOrEqual(target);
    expect(text).not.toContain('#EXT-X-DISCONTINUITY\n');
    expect(text.match(/#EXT-X-MAP/g)).toHaveLength(1);
  });
});
