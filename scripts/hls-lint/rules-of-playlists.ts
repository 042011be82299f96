/** What each playlist must be by itself, and over time: target duration, numbers, end, server control (conformance.md HLS 1, 2, 4, 7). */
import type { Observed, PlaylistAnswer, RenditionObserved } from './observed.ts';
import { secondsOf, type MediaPlaylist } from './playlist-text.ts';
import type { Rule } from './rule.ts';

export const playlistRules: Rule[] = [
  {
    id: '1-target-duration',
    text: 'TARGETDURATION is constant, and no rounded EXTINF is above it',
    check: (o) => [
      ...over(o, (before, now) => (before.targetSeconds === now.targetSeconds ? [] : [`TARGETDURATION went from ${before.targetSeconds} to ${now.targetSeconds}`])),
      ...each(o, (p) => p.segments.filter((s) => s.seconds !== undefined && Math.round(s.seconds) > p.targetSeconds).map((s) => `segment ${s.msn} of ${s.seconds} s is above TARGETDURATION ${p.targetSeconds}`)),
    ],
  },
  {
    id: '1-live-length',
    text: 'A live playlist that has let segments go holds three target durations',
    check: (o) =>
      over(o, (before, now) => {
        if (now.ended || now.mediaSequence <= before.mediaSequence) return [];
        const seconds = now.segments.reduce((sum, s) => sum + secondsOf(s), 0);
        return seconds < 3 * now.targetSeconds ? [`${seconds.toFixed(3)} s are left, three target durations are ${3 * now.targetSeconds} s`] : [];
      }),
  },
  {
    id: '1-playlist-type',
    text: 'A live playlist has no PLAYLIST-TYPE',
    check: (o) => each(o, (p) => (!p.ended && p.type !== undefined ? [`PLAYLIST-TYPE:${p.type}`] : [])),
  },
  {
    id: '2-numbers',
    text: 'Media sequence numbers never go back, and a number names one segment',
    check: (o) =>
      over(o, (before, now) => {
        const out: string[] = [];
        if (now.mediaSequence < before.mediaSequence) out.push(`MEDIA-SEQUENCE went from ${before.mediaSequence} to ${now.mediaSequence}`);
        if (lastMsn(now) < lastMsn(before)) out.push(`the newest segment went from ${lastMsn(before)} to ${lastMsn(now)}`);
        const known = new Map(before.segments.map((s) => [s.msn, s]));
        for (const segment of now.segments) {
          const then = known.get(segment.msn);
          if (!then || then.uri === undefined) continue;
          if (then.uri !== segment.uri || then.seconds !== segment.seconds || then.map !== segment.map || then.dateMs !== segment.dateMs) out.push(`segment ${segment.msn} is not what it was`);
        }
        return out;
      }),
  },
  {
    id: '2-removed',
    text: 'A segment that has left the playlist can still be fetched',
    check: (o) => {
      const removed = o.renditions.flatMap((r) => r.removed);
      return removed.length === 0 ? 'notSeen' : removed.filter((e) => e.status !== 200).map((e) => `${path(e.url)} answered ${e.status}`);
    },
  },
  {
    id: '4-end',
    text: 'ENDLIST comes in all renditions, without PRELOAD-HINT, and nothing follows it',
    check: (o) => {
      const ended = o.renditions.filter((r) => r.answers.some((a) => a.playlist.ended));
      if (ended.length === 0) return 'notSeen';
      return [
        ...o.renditions.filter((r) => !ended.includes(r)).map((r) => `${r.uri} did not end`),
        ...each(o, (p) => (p.ended && p.hints.length > 0 ? ['PRELOAD-HINT stands with ENDLIST'] : [])),
        ...each(o, (p) => (p.ended && p.segments.some((s) => s.uri === undefined) ? ['an open segment stands with ENDLIST'] : [])),
        ...over(o, (before, now) => (before.ended && (!now.ended || lastMsn(now) !== lastMsn(before)) ? ['the playlist goes on behind ENDLIST'] : [])),
      ];
    },
  },
  {
    id: '7-server-control',
    text: 'CAN-BLOCK-RELOAD, PART-HOLD-BACK ≥ 3 × PART-TARGET, HOLD-BACK ≥ 3 × TARGETDURATION, CAN-SKIP-UNTIL ≥ 6 × TARGETDURATION',
    check: (o) =>
      each(o, (p) => {
        const least = (name: string, value: number | undefined, bound: number): string[] =>
          value === undefined || value < bound - 1e-6 ? [`${name} is ${value ?? 'missing'}, at least ${bound.toFixed(3)} is asked for`] : [];
        return [
          ...(p.canBlockReload ? [] : ['CAN-BLOCK-RELOAD is missing']),
          ...least('PART-HOLD-BACK', p.partHoldBackSeconds, 3 * (p.partTargetSeconds ?? Number.POSITIVE_INFINITY)),
          ...least('HOLD-BACK', p.holdBackSeconds, 3 * p.targetSeconds),
          ...least('CAN-SKIP-UNTIL', p.canSkipUntilSeconds, 6 * p.targetSeconds),
        ];
      }),
  },
];

/** Sentences of a check of each playlist, with the rendition's name. */
export function each(observed: Observed, check: (playlist: MediaPlaylist, answer: PlaylistAnswer, rendition: RenditionObserved) => string[]): string[] {
  return observed.renditions.flatMap((r) => r.answers.flatMap((a) => check(a.playlist, a, r).map((text) => `${r.uri}: ${text}`)));
}

/** Sentences of a check of each playlist against the one before it, within a rendition. */
export function over(observed: Observed, check: (before: MediaPlaylist, now: MediaPlaylist) => string[]): string[] {
  return observed.renditions.flatMap((r) => r.answers.slice(1).flatMap((a, i) => check((r.answers[i] as PlaylistAnswer).playlist, a.playlist).map((text) => `${r.uri}: ${text}`)));
}

export function lastMsn(playlist: MediaPlaylist): number {
  return playlist.segments.at(-1)?.msn ?? playlist.mediaSequence - 1;
}

export function path(url: string): string {
  return new URL(url).pathname;
}
