/** What must be the same in all renditions: discontinuities, header, wall clock (conformance.md HLS 3, 5). */
import type { Observed, RenditionObserved } from './observed.ts';
import { secondsOf, type MediaPlaylist, type PlaylistSegment } from './playlist-text.ts';
import type { Rule } from './rule.ts';
import { each, over } from './rules-of-playlists.ts';

/** An AAC frame and the rounding of a date. */
const CLOCK_TOLERANCE_MS = 25;

export const acrossRules: Rule[] = [
  {
    id: '3-discontinuities',
    text: 'DISCONTINUITY stands before the same segments in all renditions, with the same sequence number, for ever',
    check: (o) => [
      ...between(o, (a, b) => (a.discontinuity === b.discontinuity && a.discontinuitySequence === b.discontinuitySequence ? [] : [`discontinuity ${a.discontinuitySequence} and ${b.discontinuitySequence}`])),
      ...over(o, (before, now) => {
        const known = new Map(before.segments.map((s) => [s.msn, s.discontinuitySequence]));
        return now.segments.filter((s) => known.has(s.msn) && known.get(s.msn) !== s.discontinuitySequence).map((s) => `the discontinuity number of segment ${s.msn} changed`);
      }),
    ],
  },
  {
    id: '3-maps',
    text: 'A new MAP comes only with a DISCONTINUITY, a DISCONTINUITY always has a MAP, and only where parameters or time change',
    check: (o) =>
      each(o, (p) =>
        p.segments.slice(1).flatMap((segment, i) => {
          const before = p.segments[i] as PlaylistSegment;
          if (segment.map !== before.map && !segment.discontinuity) return [`segment ${segment.msn} has another MAP without a DISCONTINUITY`];
          if (segment.discontinuity && !segment.mapTagged) return [`segment ${segment.msn} has a DISCONTINUITY without a MAP`];
          return [];
        }),
      ),
  },
  {
    id: '5-same-header',
    text: 'Target duration, PART-TARGET and SERVER-CONTROL are the same in all renditions',
    check: (o) => {
      const header = (p: MediaPlaylist): string => JSON.stringify([p.targetSeconds, p.partTargetSeconds, p.canBlockReload, p.holdBackSeconds, p.partHoldBackSeconds, p.canSkipUntilSeconds]);
      const all = new Set(o.renditions.flatMap((r) => r.answers.map((a) => header(a.playlist))));
      return all.size <= 1 ? [] : [`${all.size} different ones: ${[...all].join(' ')}`];
    },
  },
  {
    id: '5-dates',
    text: 'PROGRAM-DATE-TIME is in all renditions, the same for the same segment, and goes on by EXTINF',
    check: (o) => [
      ...each(o, (p) => (p.segments.length > 0 && p.segments[0]?.dateMs === undefined ? ['the first segment has no PROGRAM-DATE-TIME'] : [])),
      ...between(o, (a, b) => (a.dateMs === undefined || b.dateMs === undefined || Math.abs(a.dateMs - b.dateMs) <= CLOCK_TOLERANCE_MS ? [] : [`dates are ${a.dateMs - b.dateMs} ms apart`])),
      ...each(o, (p) =>
        p.segments.slice(1).flatMap((segment, i) => {
          const before = p.segments[i] as PlaylistSegment;
          if (segment.discontinuity || segment.dateMs === undefined || before.dateMs === undefined) return [];
          const off = segment.dateMs - before.dateMs - 1000 * secondsOf(before);
          return Math.abs(off) <= CLOCK_TOLERANCE_MS ? [] : [`segment ${segment.msn} begins ${off.toFixed(0)} ms beside the end of the one before`];
        }),
      ),
    ],
  },
  {
    id: '5-timestamps',
    text: "Decode times in the media keep one distance from PROGRAM-DATE-TIME, in all renditions",
    check: (o) => {
      const offsets = o.renditions.flatMap((r) => clockOffsets(r));
      if (offsets.length === 0) return 'notSeen';
      const middle = offsets.map((f) => f.offsetMs).sort((a, b) => a - b)[offsets.length >> 1] as number;
      return offsets.filter((f) => Math.abs(f.offsetMs - middle) > CLOCK_TOLERANCE_MS).map((f) => `${f.uri} is ${(f.offsetMs - middle).toFixed(0)} ms beside the others`);
    },
  },
];

/** Date − decode time of each part that was read. */
function clockOffsets(rendition: RenditionObserved): { uri: string; offsetMs: number }[] {
  const out = new Map<string, number>();
  for (const { playlist } of rendition.answers)
    for (const segment of playlist.segments) {
      let at = segment.dateMs;
      if (at === undefined) continue;
      for (const part of segment.parts) {
        const facts = rendition.parts.get(part.uri);
        if (facts) out.set(part.uri, at - 1000 * facts.startSeconds);
        at += 1000 * part.seconds;
      }
    }
  return [...out].map(([uri, offsetMs]) => ({ uri, offsetMs }));
}

/** Sentences of a check of the same segment in two renditions. */
function between(observed: Observed, check: (a: PlaylistSegment, b: PlaylistSegment) => string[]): string[] {
  const newest = observed.renditions.map((r) => ({ uri: r.uri, segments: new Map(r.answers.flatMap((a) => a.playlist.segments.map((s) => [s.msn, s]))) }));
  const [first, ...others] = newest;
  return others.flatMap((other) =>
    [...other.segments].flatMap(([msn, segment]) => {
      const same = first?.segments.get(msn);
      return same ? check(same, segment).map((text) => `segment ${msn} of ${first?.uri} and ${other.uri}: ${text}`) : [];
    }),
  );
}
