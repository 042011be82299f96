/**
 * The clock chain at the programme socket: what happens at one moment in front of the mixer (a flash in a picture, a beep in
 * the sound) has one programme time behind it, and everything stands on the programme's grids.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AAC_FRAME_SAMPLES, aacFrameStartNs, KEYFRAME_GRID_FRAMES, nearestAacFrame, nearestVideoFrame, videoFrameStartNs } from '../../src/domain/programme-time.ts';
import { TRACKS } from '../../src/domain/rendition.ts';
import { envelope, offsetsMs, percentile, risingEdges } from '../support/flash-beep.ts';
import { decodeUnitPictures, decodeUnitSound, MixerRig, plainPicture, type ReceivedUnit } from '../support/mixer-rig.ts';
import { waitFor } from '../support/process.ts';

const SECOND = 1_000_000_000n;
const RUN_MS = 14_000;
const STALL_MS = 300;
const white = plainPicture(640, 360, 235);
const black = plainPicture(640, 360, 16);
const steady = new MixerRig();

/** Flash and beep go on at the same moments: for 120 ms each second. */
function lit(atNs: bigint): boolean {
  return atNs % SECOND < 120_000_000n;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function videoFrames(track: 'video:high' | 'video:mid'): number[] {
  return steady.programme.track(track).map((u) => nearestVideoFrame(u.ptsNs, 30));
}

async function measureOffsets(track: 'video:high' | 'video:mid', rig = steady): Promise<number[]> {
  const video = rig.programme.track(track);
  const init = rig.programme.inits.get(track);
  if (!init) throw new Error('no init');
  const pictures = await decodeUnitPictures(init, video, 16, 9);
  expect(pictures.length).toBe(video.length);
  const brightness = pictures.map((p) => p.reduce((sum, v) => sum + v, 0) / p.length);
  const seconds = (u: ReceivedUnit | undefined): number => Number(u?.ptsNs ?? 0n) / 1e9;
  const flashes = risingEdges(video.map(seconds), brightness);
  const aac = rig.programme.track('audio:aac');
  const sound = envelope(await decodeUnitSound(aac), 48_000, seconds(aac[0]));
  return offsetsMs(flashes, risingEdges(sound.times, sound.values));
}

describe('the clock chain', () => {
  beforeAll(async () => {
    await steady.open();
    const mix = await steady.spare();
    steady.feeds.add((at) => (lit(at) ? white : black));
    steady.feeds.startSound((at) => (lit(at) ? 0.6 * Math.sin((2 * Math.PI * 1000 * Number(at % SECOND)) / 1e9) : 0));
    steady.start(mix);
    await mix.until('ready');
    await pause(RUN_MS / 2);
    // in the dark part of a second, so that no flash is lost in the stall itself
    await waitFor('a dark moment', () => process.hrtime.bigint() % SECOND > 300_000_000n && process.hrtime.bigint() % SECOND < 400_000_000n, { timeoutMs: 3000, intervalMs: 5 });
    mix.process.kill('SIGSTOP');
    await pause(STALL_MS);
    mix.process.kill('SIGCONT');
    await pause(RUN_MS / 4);
    // Longer than a second after an IDR of the grid, and well before the next: the request alone decides.
    const place = (): number => (videoFrames('video:high').at(-1) ?? 0) % KEYFRAME_GRID_FRAMES;
    await waitFor('a moment between IDRs', () => place() >= 36 && place() <= 44, { timeoutMs: 5000, intervalMs: 5 });
    steady.programme.requestKeyframe();
    await pause(RUN_MS / 4);
    const heartbeat = [...mix.messages].reverse().find((m) => m.type === 'heartbeat');
    console.info('mixer:', JSON.stringify(heartbeat), JSON.stringify(mix.messages.find((m) => m.type === 'ready')));
  });

  afterAll(() => steady.close());

  it.each(['video:high', 'video:mid'] as const)('keeps flash and beep together on %s, also over a stall of 300 ms', async (track) => {
    const offsets = await measureOffsets(track);

    console.info(`${track}: beep − flash, ms:`, offsets.map((o) => o.toFixed(0)).join(' '));
    expect(offsets.length).toBeGreaterThanOrEqual(10);
    expect(percentile(offsets.map(Math.abs), 0.95)).toBeLessThanOrEqual(45);
  });

  it.each(['video:high', 'video:mid'] as const)('puts each frame of %s on the grid, none missing, none twice', (track) => {
    const units = steady.programme.track(track);
    const frames = videoFrames(track);

    expect(units.length).toBeGreaterThan(300);
    for (const [i, unit] of units.entries()) expect(unit.ptsNs).toBe(videoFrameStartNs(frames[i] as number, 30));
    for (let i = 1; i < frames.length; i++) expect(frames[i]).toBe((frames[i - 1] as number) + 1);
  });

  it('puts each AAC frame on the grid of 1024 samples, none missing, none twice', () => {
    const units = steady.programme.track('audio:aac');

    expect(units.length).toBeGreaterThan(500);
    for (const [i, unit] of units.entries()) {
      const frame = nearestAacFrame(unit.ptsNs);
      expect(unit.ptsNs).toBe(aacFrameStartNs(frame));
      if (i > 0) expect(frame).toBe(nearestAacFrame((units[i - 1] as ReceivedUnit).ptsNs) + 1);
    }
    expect(AAC_FRAME_SAMPLES).toBe(1024);
  });

  it('goes on with Opus without a hole', () => {
    const units = steady.programme.track('audio:opus');
    for (let i = 2; i < units.length; i++) expect(Number((units[i] as ReceivedUnit).ptsNs - (units[i - 1] as ReceivedUnit).ptsNs) / 1e6).toBeCloseTo(20, 1);
  });

  it('cuts both renditions at the same frames: each grid place, and once on request', () => {
    const keys = (track: 'video:high' | 'video:mid'): number[] => videoFrames(track).filter((_, i) => steady.programme.track(track)[i]?.key);
    const high = keys('video:high');
    const first = videoFrames('video:high')[0] as number;
    const last = videoFrames('video:high').at(-1) as number;

    expect(keys('video:mid').filter((f) => f <= last)).toEqual(high);
    for (let n = Math.ceil(first / KEYFRAME_GRID_FRAMES) * KEYFRAME_GRID_FRAMES; n <= last; n += KEYFRAME_GRID_FRAMES) expect(high).toContain(n);
    expect(high.filter((f) => f % KEYFRAME_GRID_FRAMES !== 0 && f !== first)).toHaveLength(1);
  });

  it('sends avcC once and no parameter sets in band', () => {
    for (const unit of steady.programme.track('video:high'))
      for (let i = 0; i + 4 <= unit.data.length; i += 4 + unit.data.readUInt32BE(i)) expect([1, 5]).toContain((unit.data[i + 4] as number) & 0x1f);
    expect(steady.programme.inits.size).toBe(Object.keys(TRACKS).length);
  });
});

describe('the clock chain of a mix that does with half the pictures', () => {
  /** Not a multiple of the pictures' distance, so that all places between two of them are met. */
  const PERIOD_NS = 541_000_000n;
  const on = (atNs: bigint): boolean => atNs % PERIOD_NS < 150_000_000n;
  const smallWhite = plainPicture(64, 36, 235);
  const smallBlack = plainPicture(64, 36, 16);
  const rig = new MixerRig();

  beforeAll(async () => {
    await rig.open();
    const mix = await rig.spare();
    // many pictures a second: how far apart a camera's are is not the mix's doing, and comes on top (30 a second: 17 ms later on average)
    rig.feeds.add((at) => (on(at) ? smallWhite : smallBlack), { frameRate: 120 });
    rig.feeds.startSound((at) => (on(at) ? 0.6 * Math.sin((2 * Math.PI * 1000 * Number(at % SECOND)) / 1e9) : 0));
    rig.start(mix, 1, rig.room(), { memory: { degradeStep: 'frameRate' }, calmNeededMs: 60_000 });
    await mix.until('ready');
    await pause(6500);
    expect(mix.messages.findLast((m) => m.type === 'degraded')).toMatchObject({ degraded: { step: 'frameRate' } });
  });
  afterAll(() => rig.close());

  it.each(['video:high', 'video:mid'] as const)('keeps flash and beep together on %s at 15 a second', async (track) => {
    const offsets = await measureOffsets(track, rig);

    console.info(`${track} at 15 fps: beep − flash, ms:`, offsets.map((o) => o.toFixed(0)).join(' '));
    const units = rig.programme.track(track);
    for (const [i, unit] of units.slice(1).entries()) expect(Number(unit.ptsNs - (units[i] as ReceivedUnit).ptsNs) / 1e6).toBeCloseTo(1000 / 15, 0);
    expect(offsets.length).toBeGreaterThanOrEqual(9);
    expect(Math.abs(percentile(offsets, 0.5))).toBeLessThan(30);
    expect(percentile(offsets.map(Math.abs), 0.95)).toBeLessThanOrEqual(45);
  });
});
