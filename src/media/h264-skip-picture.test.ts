import { beforeAll, describe, expect, it } from 'vitest';
import { encodeClip, ffmpeg, run, type Clip } from '../../test/support/programme-source.ts';
import { aacConfig, silentAacFrame } from './aac-config.ts';
import { fragment } from './fmp4-fragment.ts';
import { initSegment } from './fmp4-init.ts';
import { findBox, readBoxes, readFragments } from './fmp4-read.ts';
import { h264Parameters } from './h264-parameter-sets.ts';
import { nextPictureOrder, pictureOrder, skipPicture } from './h264-skip-picture.ts';

let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip(2, 0);
}, 60_000);

describe('pictures of our own', () => {
  it('repeat the picture before them exactly and leave no error in the decoder', async () => {
    const { avcC, units, width, height } = clip.high;
    const parameters = h264Parameters(avcC);
    const samples = units.slice(0, 20).map((u) => ({ data: u.data, duration: 1000, key: u.key }));
    let order = pictureOrder(samples[19]?.data as Buffer, parameters);
    for (let i = 0; i < 40 && order; i++) {
      order = nextPictureOrder(order, parameters);
      samples.push({ data: skipPicture(order, parameters), duration: 1000, key: false });
    }
    // A new epoch begins with its own IDR behind them.
    for (const unit of units.slice(0, 5)) samples.push({ data: unit.data, duration: 1000, key: unit.key });
    const movie = Buffer.concat([
      initSegment([{ id: 1, kind: 'video', timescale: 30000, width, height, config: avcC }]),
      fragment(1, [{ id: 1, decodeTime: 0n, samples }]),
    ]);

    const hashes = await ffmpeg(['-err_detect', 'explode', '-xerror', '-f', 'mp4', '-i', 'pipe:0', '-f', 'framemd5', 'pipe:1'], movie);

    const frames = hashes.toString().split('\n').filter((l) => l !== '' && !l.startsWith('#')).map((l) => l.split(',').at(-1)?.trim());
    expect(frames).toHaveLength(65);
    expect(new Set(frames.slice(19, 60)).size).toBe(1);
    expect(frames[18]).not.toBe(frames[19]);
    expect(frames[60]).toBe(frames[0]);
    expect(skipPicture({ frameNum: 1, pocLsb: 0, reference: true }, parameters).length).toBeLessThan(20);
  });

  it.each([1, 2])('are silence in AAC with %i channels', async (channels) => {
    const config = channels === 2 ? Buffer.from([0x11, 0x90]) : Buffer.from([0x11, 0x88]);
    const samples = Array.from({ length: 50 }, () => ({ data: silentAacFrame(channels), duration: 1024, key: true }));
    const movie = Buffer.concat([
      initSegment([{ id: 2, kind: 'audio', timescale: 48000, sampleRateHz: 48000, bitrateBps: 96000, channels, config }]),
      fragment(1, [{ id: 2, decodeTime: 0n, samples }]),
    ]);

    const pcm = await ffmpeg(['-err_detect', 'explode', '-xerror', '-f', 'mp4', '-i', 'pipe:0', '-f', 's16le', 'pipe:1'], movie);

    expect(aacConfig(config)).toMatchObject({ channels, sampleRateHz: 48000, objectType: 2 });
    expect(pcm.length).toBe(50 * 1024 * 2 * channels);
    expect(pcm.every((byte) => byte === 0)).toBe(true);
  });
});

describe('fMP4', () => {
  it('is read back as it was written', () => {
    const sample = (n: number, key: boolean) => ({ data: Buffer.alloc(n, n), duration: 1000 + n, key });
    const written = fragment(7, [
      { id: 1, decodeTime: 5_000_000_000n, samples: [sample(3, true), sample(4, false)] },
      { id: 2, decodeTime: 12n, samples: [sample(5, true)] },
    ]);

    const [read, more] = readFragments(Buffer.concat([written, written.subarray(0, 40)]));

    expect(more).toBeUndefined();
    expect(read).toMatchObject({ sequence: 7, at: 0, end: written.length });
    expect(read?.tracks[0]).toMatchObject({ id: 1, decodeTime: 5_000_000_000n });
    expect(read?.tracks[0]?.samples.map((s) => [s.size, s.duration, s.key])).toEqual([[3, 1003, true], [4, 1004, false]]);
    const audio = read?.tracks[1]?.samples[0];
    expect(written.subarray(audio?.at, (audio?.at ?? 0) + 5).equals(Buffer.alloc(5, 5))).toBe(true);
    expect(readBoxes(written).map((b) => b.type)).toEqual(['moof', 'mdat']);
  });

  it('has an init segment that FFprobe understands', async () => {
    const { avcC, width, height, units } = clip.mid;
    const init = initSegment([
      { id: 1, kind: 'video', timescale: 30000, width, height, config: avcC },
      { id: 2, kind: 'audio', timescale: 48000, sampleRateHz: 48000, bitrateBps: 96000, channels: 2, config: clip.audio.config },
    ]);
    const movie = Buffer.concat([
      init,
      fragment(1, [
        { id: 1, decodeTime: 0n, samples: units.slice(0, 16).map((u) => ({ data: u.data, duration: 1000, key: u.key })) },
        { id: 2, decodeTime: 0n, samples: clip.audio.units.slice(0, 25).map((data) => ({ data, duration: 1024, key: true })) },
      ]),
    ]);

    const probe = JSON.parse((await run('ffprobe', ['-v', 'error', '-f', 'mp4', '-show_streams', '-of', 'json', 'pipe:0'], movie)).toString()) as { streams: Record<string, unknown>[] };

    expect(findBox(init, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd'])).toBeDefined();
    expect(probe.streams[0]).toMatchObject({ codec_name: 'h264', width: 160, height: 90, r_frame_rate: '30/1', codec_tag_string: 'avc1' });
    expect(probe.streams[1]).toMatchObject({ codec_name: 'aac', sample_rate: '48000', channels: 2 });
  });
});
