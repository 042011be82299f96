/** Reads playlists (draft-pantos-hls-rfc8216bis §4) into what the rules ask about. Knows nothing of our server. */

export interface PlaylistPart {
  uri: string;
  seconds: number;
  independent: boolean;
}

export interface PlaylistSegment {
  msn: number;
  /** Absent while the segment is open. */
  uri?: string;
  seconds?: number;
  parts: PlaylistPart[];
  /** EXT-X-GAP: there is no media. */
  gap: boolean;
  discontinuity: boolean;
  discontinuitySequence: number;
  /** URI of its initialisation section. */
  map?: string;
  /** An EXT-X-MAP stands right before it. */
  mapTagged: boolean;
  dateMs?: number;
}

export interface MediaPlaylist {
  version: number;
  targetSeconds: number;
  type?: string;
  independentSegments: boolean;
  canBlockReload: boolean;
  holdBackSeconds?: number;
  partHoldBackSeconds?: number;
  canSkipUntilSeconds?: number;
  partTargetSeconds?: number;
  mediaSequence: number;
  discontinuitySequence: number;
  /** Of an answer to `_HLS_skip`. */
  skipped: number;
  /** Oldest first; the last one may be open. */
  segments: PlaylistSegment[];
  hints: { type: string; uri: string }[];
  reports: { uri: string; lastMsn: number; lastPart: number }[];
  ended: boolean;
}

export interface Variant {
  uri: string;
  bandwidthBps: number;
  averageBps?: number;
  codecs: string[];
  resolution?: string;
  frameRate?: number;
  audioGroup?: string;
}

export interface MultivariantPlaylist {
  independentSegments: boolean;
  variants: Variant[];
  media: { type: string; group: string; uri?: string }[];
}

export function attributes(text: string): Map<string, string> {
  return new Map([...text.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g)].map((m) => [m[1] as string, (m[2] as string).replace(/^"|"$/g, '')]));
}

/** @throws RangeError when it is no playlist */
export function multivariantPlaylist(text: string): MultivariantPlaylist {
  const lines = linesOf(text);
  const out: MultivariantPlaylist = { independentSegments: lines.includes('#EXT-X-INDEPENDENT-SEGMENTS'), variants: [], media: [] };
  lines.forEach((line, i) => {
    const values = attributes(line);
    if (line.startsWith('#EXT-X-MEDIA:')) out.media.push({ type: values.get('TYPE') ?? '', group: values.get('GROUP-ID') ?? '', uri: values.get('URI') });
    if (!line.startsWith('#EXT-X-STREAM-INF:')) return;
    out.variants.push({
      uri: lines[i + 1] ?? '',
      bandwidthBps: Number(values.get('BANDWIDTH')),
      averageBps: number(values.get('AVERAGE-BANDWIDTH')),
      codecs: (values.get('CODECS') ?? '').split(',').filter((c) => c !== ''),
      resolution: values.get('RESOLUTION'),
      frameRate: number(values.get('FRAME-RATE')),
      audioGroup: values.get('AUDIO'),
    });
  });
  return out;
}

/** @throws RangeError when it is no playlist */
export function mediaPlaylist(text: string): MediaPlaylist {
  const lines = linesOf(text);
  const value = (tag: string): string | undefined => lines.find((l) => l.startsWith(`#${tag}:`))?.slice(tag.length + 2);
  const control = attributes(value('EXT-X-SERVER-CONTROL') ?? '');
  const skipped = Number(attributes(value('EXT-X-SKIP') ?? '').get('SKIPPED-SEGMENTS') ?? 0);
  const out: MediaPlaylist = {
    version: Number(value('EXT-X-VERSION') ?? 1),
    targetSeconds: Number(value('EXT-X-TARGETDURATION')),
    type: value('EXT-X-PLAYLIST-TYPE'),
    independentSegments: lines.includes('#EXT-X-INDEPENDENT-SEGMENTS'),
    canBlockReload: control.get('CAN-BLOCK-RELOAD') === 'YES',
    holdBackSeconds: number(control.get('HOLD-BACK')),
    partHoldBackSeconds: number(control.get('PART-HOLD-BACK')),
    canSkipUntilSeconds: number(control.get('CAN-SKIP-UNTIL')),
    partTargetSeconds: number(attributes(value('EXT-X-PART-INF') ?? '').get('PART-TARGET')),
    mediaSequence: Number(value('EXT-X-MEDIA-SEQUENCE') ?? 0),
    discontinuitySequence: Number(value('EXT-X-DISCONTINUITY-SEQUENCE') ?? 0),
    skipped,
    segments: [],
    hints: [],
    reports: [],
    ended: lines.includes('#EXT-X-ENDLIST'),
  };
  let msn = out.mediaSequence + skipped;
  const blank = (): PlaylistSegment => ({ msn, parts: [], gap: false, discontinuity: false, discontinuitySequence: 0, mapTagged: false });
  let segment = blank();
  for (const line of lines) {
    const values = attributes(line);
    if (line === '#EXT-X-DISCONTINUITY') segment.discontinuity = true;
    else if (line === '#EXT-X-GAP') segment.gap = true;
    else if (line.startsWith('#EXT-X-MAP:')) {
      segment.map = values.get('URI');
      segment.mapTagged = true;
    } else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) segment.dateMs = Date.parse(line.slice(25));
    else if (line.startsWith('#EXT-X-PART:')) segment.parts.push({ uri: values.get('URI') ?? '', seconds: Number(values.get('DURATION')), independent: values.get('INDEPENDENT') === 'YES' });
    else if (line.startsWith('#EXTINF:')) segment.seconds = Number.parseFloat(line.slice(8));
    else if (line.startsWith('#EXT-X-PRELOAD-HINT:')) out.hints.push({ type: values.get('TYPE') ?? '', uri: values.get('URI') ?? '' });
    else if (line.startsWith('#EXT-X-RENDITION-REPORT:')) out.reports.push({ uri: values.get('URI') ?? '', lastMsn: Number(values.get('LAST-MSN')), lastPart: Number(values.get('LAST-PART')) });
    else if (line !== '' && !line.startsWith('#')) {
      segment.uri = line;
      out.segments.push(segment);
      msn++;
      segment = blank();
    }
  }
  if (segment.parts.length > 0) out.segments.push(segment);
  return counted(out);
}

/**
 * A delta update with what it left out (§6.2.5.1).
 * @returns undefined when `before` does not hold all of that
 */
export function withSkipped(delta: MediaPlaylist, before: MediaPlaylist): MediaPlaylist | undefined {
  const skipped = before.segments.filter((s) => s.msn >= delta.mediaSequence && s.msn < delta.mediaSequence + delta.skipped);
  if (skipped.length !== delta.skipped) return undefined;
  return counted({ ...delta, skipped: 0, segments: [...skipped, ...delta.segments.map((s) => ({ ...s }))] });
}

/** Where the playlist ends: the newest segment and how many parts it has when it is open. */
export function edgeOf({ segments, mediaSequence }: MediaPlaylist): { msn: number; parts: number } {
  const last = segments.at(-1);
  if (!last) return { msn: mediaSequence, parts: 0 };
  return last.uri === undefined ? { msn: last.msn, parts: last.parts.length } : { msn: last.msn + 1, parts: 0 };
}

export function secondsOf(segment: PlaylistSegment): number {
  return segment.seconds ?? segment.parts.reduce((sum, p) => sum + p.seconds, 0);
}

/** Discontinuities are counted from the playlist's head, maps hold until the next one. */
function counted(playlist: MediaPlaylist): MediaPlaylist {
  let discontinuities = playlist.discontinuitySequence;
  let map: string | undefined;
  for (const segment of playlist.segments) {
    if (segment.discontinuity) discontinuities++;
    segment.discontinuitySequence = discontinuities;
    map = segment.map ??= map;
  }
  return playlist;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines[0] !== '#EXTM3U') throw new RangeError('not a playlist');
  return lines;
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
