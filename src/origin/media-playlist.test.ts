import { describe, expect, it } from 'vitest';
import { delivery, deliveryDirectives } from './blocking-reload.ts';
import { mediaPlaylist, type MediaPlaylistInput } from './media-playlist.ts';
import { multivariantPlaylist } from './multivariant-playlist.ts';
import { partGrid } from './part-grid.ts';
import { SegmentList } from './segment-list.ts';

const grid = partGrid(30, 16);

/** `lengths` are the parts of each segment; the last segment stays open unless `closed`. */
function listOf(lengths: number[], options: { closed?: boolean; discontinuityAt?: number; windowFrames?: number } = {}): SegmentList {
  const list = new SegmentList({ windowFrames: options.windowFrames ?? 16_000, hotFrames: 1600 });
  let part = 40;
  lengths.forEach((length, i) => {
    const broken = i === options.discontinuityAt;
    const init = options.discontinuityAt !== undefined && i >= options.discontinuityAt ? 1 : 0;
    list.begin(broken, { high: init, mid: init, audio: 0 });
    for (let k = 0; k < length; k++) list.add({ frame: 16 * part++, frames: 16, independent: k === 0, bytes: { high: 100_000, mid: 30_000, audio: 8_000 } });
  });
  if (options.closed) list.close();
  return list;
}

function playlist(list: SegmentList, changes: Partial<MediaPlaylistInput> = {}): string {
  return mediaPlaylist({
    rendition: 'high',
    renditions: ['high', 'mid', 'audio'],
    segments: list.segments,
    nextMsn: list.nextMsn,
    grid,
    anchorUnixMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    ended: list.ended,
    delta: false,
    ...changes,
  });
}

describe('media playlist', () => {
  it('names a segment that is neither in memory nor on disk with a GAP from when it is, and keeps its place', () => {
    const list = listOf([4, 4, 4, 4, 4, 4, 4, 2]);
    const lost = list.segments[0];
    const before = playlist(list);
    if (lost) lost.stored = false; // and its parts have no media
    const after = playlist(list);

    expect(before).not.toContain('GAP');
    expect(after.split('\n').filter((line) => line !== '#EXT-X-GAP')).toEqual(before.split('\n'));
    expect(after).toMatch(/MAP:URI="high\/init-0.mp4"\n#EXT-X-PROGRAM-DATE-TIME[^\n]+\n#EXT-X-GAP\n#EXTINF:2.13333,\nhigh\/0.m4s/);
  });

  it('of a young programme', () => {
    expect(playlist(listOf([4, 2]))).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:3
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.60002,HOLD-BACK=9.0,CAN-SKIP-UNTIL=18.0
#EXT-X-PART-INF:PART-TARGET=0.53334
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="high/init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:26.333Z
#EXT-X-PART:DURATION=0.53333,URI="high/0.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.53333,URI="high/0.1.m4s"
#EXT-X-PART:DURATION=0.53333,URI="high/0.2.m4s"
#EXT-X-PART:DURATION=0.53333,URI="high/0.3.m4s"
#EXTINF:2.13333,
high/0.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:28.466Z
#EXT-X-PART:DURATION=0.53333,URI="high/1.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.53333,URI="high/1.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="high/1.2.m4s"
#EXT-X-RENDITION-REPORT:URI="mid.m3u8",LAST-MSN=1,LAST-PART=1
#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=1,LAST-PART=1
`);
  });

  it('skips what is older than six target durations on request', () => {
    const list = listOf(Array<number>(20).fill(4));

    const text = playlist(list, { delta: true });

    // 20 segments of 2.133 s, the last one just filled: the first 11 end 18 s or more before the edge.
    expect(text).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=11\n#EXT-X-PROGRAM-DATE-TIME');
    expect(text).not.toContain('high/10.m4s');
    expect(text).toContain('\nhigh/11.m4s');
    expect(text).not.toContain('#EXT-X-MAP');
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:0');
  });

  it('drops part tags three target durations from the edge', () => {
    const text = playlist(listOf(Array<number>(20).fill(4)));

    expect(text).not.toContain('high/14.0.m4s');
    expect(text).toContain('high/15.0.m4s');
  });

  it('hints at the next segment when the keyframe grid is reached', () => {
    expect(playlist(listOf([4]))).toContain('URI="high/1.0.m4s"');
    expect(playlist(listOf([4, 4], { closed: true }))).toContain('URI="high/2.0.m4s"');
    expect(playlist(listOf([5]))).toContain('URI="high/0.5.m4s"');
  });

  it('marks a change of parameters, and counts it when it has left the window', () => {
    const list = listOf([4, 4, 4, 4], { discontinuityAt: 1, windowFrames: 128 });
    expect(playlist(list)).toContain('high/0.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="high/init-1.mp4"');

    list.trim();
    const text = playlist(list);

    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:2');
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:1');
    expect(text).not.toContain('#EXT-X-DISCONTINUITY\n');
    expect(list.find(1)?.msn).toBe(1);
  });

  it('ends', () => {
    const list = listOf([4, 2], { closed: true });
    list.ended = true;

    const text = playlist(list);

    expect(text.endsWith('#EXTINF:1.06667,\nhigh/1.m4s\n#EXT-X-ENDLIST\n')).toBe(true);
    expect(text).not.toMatch(/PRELOAD-HINT|EXT-X-PART:/);
  });

  it('has part targets that hold where AAC frames do not meet the parts', () => {
    const eight = partGrid(30, 8);
    const list = new SegmentList({ windowFrames: 1600, hotFrames: 1600 });
    list.begin(false, { high: 0, audio: 0 });
    for (let part = 0; part < 4; part++) list.add({ frame: 8 * part, frames: 8, independent: part === 0, bytes: {} });

    const text = playlist(list, { grid: eight, rendition: 'audio' });

    expect(text).toContain('PART-TARGET=0.27734');
    expect([...text.matchAll(/PART:DURATION=([\d.]+)/g)].map((m) => Number(m[1]))).toEqual([0.27733, 0.256, 0.27733, 0.256]);
  });
});

describe('multivariant playlist', () => {
  it('says what is sent', () => {
    const list = listOf([4, 4, 4, 4, 4, 4]);
    const text = multivariantPlaylist({
      variants: [
        { rendition: 'high', codecString: 'avc1.42c01f', width: 1280, height: 720, frameRate: 30, bitrateBps: 2_500_000 },
        { rendition: 'mid', codecString: 'avc1.42c01e', width: 320, height: 180, frameRate: 15, bitrateBps: 600_000 },
      ],
      audio: { codecString: 'mp4a.40.2', channels: 2, bitrateBps: 128_000 },
      grid,
      segments: list.segments,
    });

    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Programme",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1620000,AVERAGE-BANDWIDTH=1620000,CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO="audio"
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=570000,AVERAGE-BANDWIDTH=570000,CODECS="avc1.42c01e,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=15.000,AUDIO="audio"
mid.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=120000,AVERAGE-BANDWIDTH=120000,CODECS="mp4a.40.2",AUDIO="audio"
audio.m3u8
`);
  });
});

describe('blocking reload', () => {
  const query = (text: string) => deliveryDirectives(new URLSearchParams(text));

  it.each(['_HLS_part=1', '_HLS_msn=x', '_HLS_msn=-1', '_HLS_msn=1&_HLS_part=1.5'])('refuses %s', (text) => {
    expect(query(text)).toBeUndefined();
  });

  it('reads directives', () => {
    expect(query('_HLS_msn=7&_HLS_part=2&_HLS_skip=YES')).toEqual({ msn: 7, part: 2, skip: true });
    expect(query('')).toEqual({ skip: false });
  });

  it.each([
    [{ msn: 0 }, 'now'],
    [{ msn: 1 }, 'wait'],
    [{ msn: 1, part: 1 }, 'now'],
    [{ msn: 1, part: 2 }, 'wait'],
    [{ msn: 0, part: 4 }, 'now'],
    [{ msn: 2, part: 0 }, 'wait'],
    [{ msn: 2 }, 'wait'],
    [{ msn: 3 }, 'tooFar'],
    [{ msn: 1, part: 8 }, 'tooFar'],
  ] as const)('with segment 0 whole and two parts of segment 1, %o waits as the draft says: %s', (directives, expected) => {
    expect(delivery(listOf([4, 2]), { skip: false, ...directives }, 0.534)).toBe(expected);
  });

  it('treats a part behind the end of a segment as the next one’s first', () => {
    const list = listOf([4], { closed: true });

    expect(delivery(list, { msn: 0, part: 4, skip: false }, 0.534)).toBe('wait');
    list.begin(false, {});
    list.add({ frame: 99 * 16, frames: 16, independent: true, bytes: {} });
    expect(delivery(list, { msn: 0, part: 4, skip: false }, 0.534)).toBe('now');
  });

  it('never holds a request for an ended programme', () => {
    const list = listOf([4], { closed: true });
    list.ended = true;
    expect(delivery(list, { msn: 500, skip: false }, 0.534)).toBe('now');
  });
});
