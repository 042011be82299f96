import { describe, expect, it } from 'vitest';
import type { Exchange, Observed, PlaylistAnswer, RenditionObserved } from './observed.ts';
import { mediaPlaylist, multivariantPlaylist, withSkipped } from './playlist-text.ts';
import { judge } from './rule.ts';
import { RULES } from './rules.ts';

const URL_OF = 'http://host/hls/r/t/secret/index.m3u8';
const PART = 0.53333;
const NAMES = ['high', 'audio'] as const;

/** A segment with its first part at `start` seconds; `parts` of them are listed, and it is complete when `whole`. */
interface Shape {
  segments: number;
  /** Parts of the open segment behind them. */
  open: number;
  from?: number;
}

/** A playlist as it should be. */
function text(name: (typeof NAMES)[number], { segments, open, from = 0 }: Shape): string {
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-TARGETDURATION:3',
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.60002,HOLD-BACK=9.0,CAN-SKIP-UNTIL=18.0',
    '#EXT-X-PART-INF:PART-TARGET=0.53334',
    `#EXT-X-MEDIA-SEQUENCE:${from}`,
    '#EXT-X-DISCONTINUITY-SEQUENCE:0',
    `#EXT-X-MAP:URI="${name}/init-0.mp4"`,
  ];
  const end = segments * 4 + open;
  for (let msn = from; msn <= segments; msn++) {
    const whole = msn < segments;
    if (!whole && open === 0) break;
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(Date.UTC(2026, 0, 1) + Math.round((msn * 64_000) / 30)).toISOString()}`);
    if ((end - (msn + 1) * 4) * PART < 9)
      for (let i = 0; i < (whole ? 4 : open); i++) lines.push(`#EXT-X-PART:DURATION=${PART},URI="${name}/${msn}.${i}.m4s"${i === 0 || name === 'audio' ? ',INDEPENDENT=YES' : ''}`);
    if (whole) lines.push('#EXTINF:2.13333,', `${name}/${msn}.m4s`);
  }
  const [msn, part] = open > 0 ? [segments, open - 1] : [segments - 1, 3];
  lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${name}/${open === 4 ? segments + 1 : segments}.${open % 4}.m4s"`);
  lines.push(`#EXT-X-RENDITION-REPORT:URI="${name === 'high' ? 'audio' : 'high'}.m3u8",LAST-MSN=${msn},LAST-PART=${part}`);
  return `${lines.join('\n')}\n`;
}

const MULTIVARIANT = `#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="x",URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1100000,AVERAGE-BANDWIDTH=1100000,CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO="audio"
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=100000,AVERAGE-BANDWIDTH=100000,CODECS="mp4a.40.2",AUDIO="audio"
audio.m3u8
`;

function exchange(path: string, atMs: number, changes: Partial<Exchange> = {}): Exchange {
  return { url: new URL(path, URL_OF).href, askedAtMs: atMs, headAtMs: atMs, answeredAtMs: atMs + 1, status: 200, headers: { 'cache-control': 'public, max-age=31536000' }, bytes: 1000, ...changes };
}

/** Six answers per rendition, a part apart; every third asked for as a delta. */
function good(change: (text: string, name: string, turn: number) => string = (t) => t, last?: (text: string) => string): Observed {
  const renditions = NAMES.map((name): RenditionObserved => {
    const answers: PlaylistAnswer[] = [];
    const uri = `${name}.m3u8`;
    const turns = 8;
    for (let turn = 0; turn < turns; turn++) {
      const parts = 81 + turn;
      let body = change(text(name, { segments: parts >> 2, open: parts & 3 }), name, turn);
      if (turn === turns - 1 && last) body = last(body);
      const skip = turn % 3 === 2;
      const atMs = 533.3 * turn;
      const raw = mediaPlaylist(skip ? skipping(body) : body);
      const playlist = raw.skipped > 0 ? withSkipped(raw, (answers.at(-1) as PlaylistAnswer).playlist) : raw;
      answers.push({
        ...exchange(uri, atMs, { askedAtMs: atMs - 500, headers: { 'content-encoding': 'gzip', 'cache-control': turn === 0 ? 'public, max-age=1' : 'public, max-age=18' } }),
        ...(turn === 0 ? {} : { want: { msn: parts - 1 >> 2, part: (parts - 1) & 3 } }),
        skip,
        raw,
        playlist: playlist ?? raw,
      });
    }
    const uris = new Set(answers.flatMap((a) => a.playlist.segments.flatMap((s) => s.parts.map((p) => p.uri))));
    const parts = [...uris].map((part) => {
      const [msn, index] = part.slice(name.length + 1).split('.').map(Number) as [number, number];
      const startSeconds = ((msn * 4 + index) * 16) / 30;
      return [part, { startSeconds, seconds: 16 / 30, samples: name === 'high' ? 16 : 25, startsWithKey: index === 0 || name === 'audio', bytes: name === 'high' ? 66_667 : 6667 }] as const;
    });
    return {
      uri,
      answers,
      inits: new Map([[`${name}/init-0.mp4`, name === 'high' ? { kind: 'video', timescale: 30_000, codec: 'avc1.42c01f', width: 1280, height: 720 } : { kind: 'audio', timescale: 48_000, codec: 'mp4a.40.2' }]]),
      parts: new Map(parts),
      segments: [{ uri: `${name}/18.m4s`, bytesOfParts: 10, same: true }],
      hints: [0, 1, 2].map((i) => ({ ...exchange(`${name}/20.${i}.m4s`, 500 * i), uri: `${name}/20.${i}.m4s`, bytes: name === 'high' ? 66_667 : 6667 })),
      media: [exchange(`${name}/20.0.m4s`, 0)],
      removed: [exchange(`${name}/0.m4s`, 0)],
      failures: [],
      removedLater: 0,
      excused: 0,
    };
  });
  return {
    url: URL_OF,
    multivariant: [{ ...exchange('index.m3u8', 0, { headers: { 'content-encoding': 'gzip' } }), playlist: multivariantPlaylist(MULTIVARIANT) }],
    renditions,
    probes: [
      { name: 'partWithoutMsn', ...exchange('high.m3u8?_HLS_part=0', 0, { status: 400 }) },
      { name: 'tooFar', ...exchange('high.m3u8?_HLS_msn=70', 0, { status: 400 }) },
      { name: 'old', ...exchange('high.m3u8?_HLS_msn=1', 0) },
      { name: 'identity', ...exchange('high.m3u8', 0) },
    ],
  };
}

/** What a server sends for `_HLS_skip=YES`: here everything but the newest ten segments. */
function skipping(body: string, kept = 10): string {
  const lines = body.split('\n');
  const first = lines.findIndex((l) => l.startsWith('#EXT-X-MAP'));
  const uris = lines.filter((l) => l.endsWith('.m4s'));
  const skipped = uris.length - kept;
  const from = lines.indexOf(uris[skipped - 1] as string) + 1;
  return [...lines.slice(0, first), `#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`, ...lines.slice(from)].join('\n');
}

function violatedBy(observed: Observed): string[] {
  return Object.entries(judge(RULES, observed).rules).flatMap(([id, verdict]) => (verdict.verdict === 'violated' ? [id] : []));
}

/** The same change on every playlist of the high rendition. */
function everywhere(search: string | RegExp, replacement: string): Observed {
  return good((t, name) => (name === 'high' ? t.replace(search, replacement) : t));
}

function high(observed: Observed): RenditionObserved {
  return observed.renditions[0] as RenditionObserved;
}

/** A programme that has ended, as it should. */
function ended(): Observed {
  return good(undefined, (t) => {
    const lines = t.split('\n');
    return [...lines.slice(0, lines.findLastIndex((l) => l.endsWith('.m4s')) + 1).filter((l) => !/HINT|REPORT|^#EXT-X-PART:/.test(l)), '#EXT-X-ENDLIST', ''].join('\n');
  });
}

describe('a programme that keeps the rules', () => {
  it('violates none, live and at its end', () => {
    expect(judge(RULES, good()).rules).toMatchObject({ '9-delta': { verdict: 'ok' }, '4-end': { verdict: 'notSeen' }, '11-token': { verdict: 'ok' } });
    expect(violatedBy(good())).toEqual([]);
    expect(judge(RULES, ended()).rules['4-end']).toMatchObject({ verdict: 'ok' });
    expect(violatedBy(ended())).toEqual([]);
  });
});

/** One wrong programme for each rule. */
const WRONG: Record<string, () => Observed> = {
  '1-target-duration': () => everywhere('#EXTINF:2.13333,\nhigh/18', '#EXTINF:3.60000,\nhigh/18'),
  '1-live-length': () => good((t, _n, turn) => (turn === 0 ? t : text('high', { segments: 20, open: 1, from: 18 }))),
  '1-playlist-type': () => everywhere('#EXT-X-VERSION:9', '#EXT-X-VERSION:9\n#EXT-X-PLAYLIST-TYPE:EVENT'),
  '2-numbers': () => good((t, _n, turn) => (turn === 0 ? t.replace('MEDIA-SEQUENCE:0', 'MEDIA-SEQUENCE:5') : t)),
  '2-removed': () => {
    const o = good();
    high(o).removed = [exchange('high/0.m4s', 0, { status: 404 })];
    return o;
  },
  '3-discontinuities': () => everywhere('high/18.m4s\n', 'high/18.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="high/init-0.mp4"\n'),
  '3-maps': () => good((t, n) => t.replace(`${n}/18.m4s\n`, `${n}/18.m4s\n#EXT-X-MAP:URI="${n}/init-1.mp4"\n`)),
  '4-end': () => good(undefined, (t) => `${t}#EXT-X-ENDLIST\n`),
  '5-same-header': () => everywhere('HOLD-BACK=9.0', 'HOLD-BACK=10.0'),
  '5-dates': () => everywhere('T00:00:38.400Z', 'T00:00:38.500Z'),
  '5-timestamps': () => {
    const o = good();
    for (const [uri, facts] of high(o).parts) if (uri.startsWith('high/20')) high(o).parts.set(uri, { ...facts, startSeconds: facts.startSeconds + 0.1 });
    return o;
  },
  '6-part-target': () => everywhere(/DURATION=0.53333,URI="high\/19.1/, 'DURATION=0.6,URI="high/19.1'),
  '6-short-parts': () => everywhere(/DURATION=0.53333,URI="high\/19.1/, 'DURATION=0.4,URI="high/19.1'),
  '6-true-length': () => everywhere(/DURATION=0.53333,URI="high\/19.1/, 'DURATION=0.5,URI="high/19.1'),
  '6-independent': () => everywhere('URI="high/19.1.m4s"', 'URI="high/19.1.m4s",INDEPENDENT=YES'),
  '6-independent-segments': () => everywhere('URI="high/19.0.m4s",INDEPENDENT=YES', 'URI="high/19.0.m4s"'),
  '6-no-holes': () => {
    const o = good();
    const facts = high(o).parts.get('high/19.1.m4s');
    if (facts) high(o).parts.set('high/19.1.m4s', { ...facts, startSeconds: facts.startSeconds + 0.01 });
    return o;
  },
  '6-segment-of-parts': () => {
    const o = good();
    high(o).segments[0] = { uri: 'high/18.m4s', bytesOfParts: 10, same: false };
    return o;
  },
  '6-cadence': () => {
    const o = good();
    for (const answer of high(o).answers.slice(4)) answer.headAtMs += 200;
    return o;
  },
  '6-part-tags': () => everywhere(/#EXT-X-PART:[^\n]*high\/18[^\n]*\n/g, ''),
  '7-server-control': () => everywhere('PART-HOLD-BACK=1.60002', 'PART-HOLD-BACK=1.20000'),
  '8-holds': () => good((t, _n, turn) => (turn === 5 ? text('high', { segments: 20, open: 3 }) : t)),
  '8-part-without-msn': () => probed('partWithoutMsn', 200),
  '8-too-far': () => probed('tooFar', 200),
  '8-old': () => probed('old', 503),
  '8-answers': () => {
    const o = good();
    high(o).failures.push('high.m3u8 answered 503');
    return o;
  },
  '9-delta': () => {
    const o = good();
    for (const a of high(o).answers) if (a.skip) a.raw = mediaPlaylist(skipping(text('high', { segments: 21, open: 1 }), 4));
    return o;
  },
  '9-hints': () => {
    const o = good();
    high(o).hints = high(o).hints.map((h) => ({ ...h, answeredAtMs: h.headAtMs + 400 }));
    return o;
  },
  '9-hint-present': () => everywhere(/#EXT-X-PRELOAD-HINT.*\n/, ''),
  '9-reports': () => everywhere(/#EXT-X-RENDITION-REPORT.*\n/, ''),
  '10-independent-segments': () => multivariant('#EXT-X-INDEPENDENT-SEGMENTS\n', ''),
  '10-codecs': () => multivariant('avc1.42c01f', 'avc1.64001f'),
  '10-resolution': () => multivariant('1280x720', '1920x1080'),
  '10-frame-rate': () => multivariant('FRAME-RATE=30.000', 'FRAME-RATE=25.000'),
  '10-bandwidth': () => multivariant('BANDWIDTH=1100000,AVERAGE', 'BANDWIDTH=800000,AVERAGE'),
  '10-audio-only': () => multivariant(/#EXT-X-STREAM-INF:BANDWIDTH=100000.*\naudio.m3u8\n/, ''),
  '11-gzip': () => {
    const o = good();
    for (const a of high(o).answers) a.headers = { 'cache-control': a.headers['cache-control'] ?? '' };
    return o;
  },
  '11-cache': () => {
    const o = good();
    high(o).media = [exchange('high/20.0.m4s', 0, { headers: { 'cache-control': 'no-store' } })];
    return o;
  },
  '11-token': () => {
    const o = good();
    high(o).media = [{ ...exchange('high/20.0.m4s', 0), url: 'http://host/hls/r/high/20.0.m4s' }];
    return o;
  },
};

describe('each rule', () => {
  it.each(RULES.map((r) => r.id))('%s can fail', (id) => {
    const wrong = WRONG[id];
    expect(wrong, 'a wrong programme').toBeDefined();
    expect(violatedBy((wrong as () => Observed)())).toContain(id);
  });
});

it('a hinted part that is not the listed one is told', () => {
  const o = good();
  high(o).hints = high(o).hints.map((h) => ({ ...h, bytes: h.bytes - 1 }));
  expect(violatedBy(o)).toEqual(['9-hints']);
});

it('a segment with a GAP has no media that could be missing', () => {
  const [segment] = mediaPlaylist('#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXT-X-GAP\n#EXTINF:2.1,\nhigh/0.m4s\n').segments;
  expect(segment).toMatchObject({ gap: true, uri: 'high/0.m4s' });
});

function probed(name: Observed['probes'][number]['name'], status: number): Observed {
  const o = good();
  o.probes = o.probes.map((p) => (p.name === name ? { ...p, status } : p));
  return o;
}

function multivariant(search: string | RegExp, replacement: string): Observed {
  const o = good();
  o.multivariant = o.multivariant.map((m) => ({ ...m, playlist: multivariantPlaylist(MULTIVARIANT.replace(search, replacement)) }));
  return o;
}
