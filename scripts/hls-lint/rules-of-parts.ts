/** Partial segments against the media itself, and their cadence (conformance.md HLS 6). */
import type { Observed, RenditionObserved } from './observed.ts';
import { secondsOf, type PlaylistPart, type PlaylistSegment } from './playlist-text.ts';
import type { Rule } from './rule.ts';
import { each } from './rules-of-playlists.ts';

/** DURATION has five digits. */
const LENGTH_TOLERANCE_SECONDS = 0.0005;
/** A part that is as long as PART-TARGET comes when it does; what the event loops and the network between add. */
const CADENCE_SLACK_MS = 75;
/** Parts of a young programme say little about the longest one. */
const ENOUGH_PARTS = 20;

export const partRules: Rule[] = [
  {
    id: '6-part-target',
    text: 'No part is longer than PART-TARGET, which is as long as the longest one',
    check: (o) => [
      ...each(o, (p) => p.segments.flatMap((s) => s.parts.filter((part) => part.seconds > (p.partTargetSeconds ?? 0) + 1e-6).map((part) => `${part.uri} of ${part.seconds} s is above PART-TARGET ${p.partTargetSeconds ?? 'missing'}`))),
      ...untrueTarget(o),
    ],
  },
  {
    id: '6-short-parts',
    text: 'Parts are at least 85 % of PART-TARGET, but for independent ones and the last one of a segment',
    check: (o) =>
      each(o, (p) =>
        p.segments.flatMap((s) =>
          s.parts
            .filter((part, i) => part.seconds < 0.85 * (p.partTargetSeconds ?? 0) && !part.independent && !(i === s.parts.length - 1))
            .map((part) => `${part.uri} of ${part.seconds} s is too short for PART-TARGET ${p.partTargetSeconds ?? 'missing'}`),
        ),
      ),
  },
  {
    id: '6-true-length',
    text: "DURATION is what the part's samples add up to",
    check: (o) => perPart(o, (part, facts) => (Math.abs(part.seconds - facts.seconds) <= LENGTH_TOLERANCE_SECONDS ? [] : [`DURATION ${part.seconds}, its samples are ${facts.seconds.toFixed(5)} s`])),
  },
  {
    id: '6-independent',
    text: 'INDEPENDENT=YES stands exactly where a part starts with an IDR',
    check: (o) => perPart(o, (part, facts) => (part.independent === facts.startsWithKey ? [] : [part.independent ? 'INDEPENDENT without an IDR at its start' : 'starts with an IDR and is not INDEPENDENT'])),
  },
  {
    id: '6-independent-segments',
    text: 'Every segment starts with an independent part',
    check: (o) => each(o, (p) => p.segments.filter((s) => s.parts[0] && !s.parts[0].independent).map((s) => `segment ${s.msn} does not`)),
  },
  {
    id: '6-no-holes',
    text: 'Each part begins where the one before ended',
    check: (o) => o.renditions.flatMap((r) => holes(r).map((text) => `${r.uri}: ${text}`)),
  },
  {
    id: '6-segment-of-parts',
    text: 'A segment is exactly its parts, in length and in bytes',
    check: (o) => {
      const compared = o.renditions.flatMap((r) => r.segments);
      if (compared.length === 0) return 'notSeen';
      return [
        ...compared.filter((s) => !s.same).map((s) => `${s.uri} is not what its parts are`),
        ...each(o, (p) =>
          p.segments.flatMap((s) => {
            const parts = s.parts.reduce((sum, part) => sum + part.seconds, 0);
            return s.seconds === undefined || s.parts.length === 0 || Math.abs(parts - s.seconds) <= LENGTH_TOLERANCE_SECONDS ? [] : [`segment ${s.msn} of ${s.seconds} s has parts of ${parts.toFixed(5)} s`];
          }),
        ),
      ];
    },
  },
  {
    id: '6-cadence',
    text: 'A new part comes within one PART-TARGET of the one before',
    check: (o) => {
      const steps = o.renditions.flatMap((r) => cadence(r));
      return steps.length === 0
        ? 'notSeen'
        : steps.filter((s) => s.stepMs > s.allowedMs + CADENCE_SLACK_MS).map((s) => `${s.uri} came ${s.stepMs.toFixed(0)} ms after the one before, ${s.allowedMs.toFixed(0)} are allowed`);
    },
  },
  {
    id: '6-part-tags',
    text: 'PART tags stand for three target durations from the edge and are gone behind that',
    check: (o) =>
      each(o, (p) => {
        if (p.ended) return [];
        let behind = 0;
        const out: string[] = [];
        for (const segment of [...p.segments].reverse()) {
          const begins = behind + secondsOf(segment);
          if (begins <= 3 * p.targetSeconds && segment.parts.length === 0) out.push(`segment ${segment.msn} lost its parts ${begins.toFixed(1)} s from the edge`);
          if (behind > 3 * p.targetSeconds && segment.parts.length > 0) out.push(`segment ${segment.msn} has parts ${behind.toFixed(1)} s from the edge`);
          behind = begins;
        }
        return out;
      }),
  },
];

/** Time between the answers that had a new part first. */
export function cadence(rendition: RenditionObserved): { uri: string; stepMs: number; allowedMs: number }[] {
  const out: { uri: string; stepMs: number; allowedMs: number }[] = [];
  const seen = new Set<string>();
  let lastAtMs: number | undefined;
  for (const { playlist, headAtMs } of rendition.answers) {
    const fresh = playlist.segments.flatMap((s) => s.parts).filter((part) => !seen.has(part.uri));
    for (const part of fresh) seen.add(part.uri);
    const newest = fresh.at(-1);
    if (!newest) continue;
    if (lastAtMs !== undefined) out.push({ uri: newest.uri, stepMs: headAtMs - lastAtMs, allowedMs: 1000 * (playlist.partTargetSeconds ?? 0) });
    lastAtMs = headAtMs;
  }
  return out;
}

function untrueTarget(o: Observed): string[] {
  const lengths = o.renditions.flatMap((r) => [...r.parts.values()].map((f) => f.seconds));
  const target = o.renditions[0]?.answers[0]?.playlist.partTargetSeconds;
  if (lengths.length < ENOUGH_PARTS || target === undefined) return [];
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  return target > longest + 0.001 ? [`PART-TARGET is ${target}, the longest part is ${longest.toFixed(5)} s`] : [];
}

function perPart(o: Observed, check: (part: PlaylistPart, facts: { seconds: number; startsWithKey: boolean }) => string[]): string[] {
  return o.renditions.flatMap((r) =>
    [...listed(r)].flatMap((part) => {
      const facts = r.parts.get(part.uri);
      return facts ? check(part, facts).map((text) => `${part.uri}: ${text}`) : [];
    }),
  );
}

function listed(rendition: RenditionObserved): Iterable<PlaylistPart> {
  return new Map(rendition.answers.flatMap((a) => a.playlist.segments.flatMap((s) => s.parts.map((p) => [p.uri, p])))).values();
}

function holes(rendition: RenditionObserved): string[] {
  const segments = new Map<number, PlaylistSegment>();
  for (const { playlist } of rendition.answers) for (const s of playlist.segments) if (s.parts.length >= (segments.get(s.msn)?.parts.length ?? 0)) segments.set(s.msn, s);
  const out: string[] = [];
  let end: number | undefined;
  for (const msn of [...segments.keys()].sort((a, b) => a - b)) {
    const segment = segments.get(msn) as PlaylistSegment;
    if (segment.discontinuity) end = undefined;
    for (const part of segment.parts) {
      const facts = rendition.parts.get(part.uri);
      if (facts && end !== undefined && Math.abs(facts.startSeconds - end) > LENGTH_TOLERANCE_SECONDS) out.push(`${part.uri} begins ${(1000 * (facts.startSeconds - end)).toFixed(1)} ms behind the end of the one before`);
      end = facts && facts.startSeconds + facts.seconds;
    }
  }
  return out;
}

