/** Blocking reloads, delta updates, hints, reports, and HTTP around them (conformance.md HLS 8, 9, 11). */
import type { Exchange, Observed } from './observed.ts';
import { edgeOf } from './playlist-text.ts';
import type { Rule } from './rule.ts';
import { each, path } from './rules-of-playlists.ts';

const AT_ONCE_MS = 250;
/** From the head to the end of a held part: more means that it was sent before it was whole. */
const WHOLE_MS = 150;
/** Of a sum of durations written with five digits. */
const ROUNDING_SECONDS = 0.001;
const LONG_SECONDS = 86_400;
/** Parts of the other rendition that may have come between two answers. */
const REPORT_LAG_PARTS = 1;

export const deliveryRules: Rule[] = [
  {
    id: '8-holds',
    text: 'A blocking reload is answered when it holds the part that was named, within three target durations',
    check: (o) =>
      each(o, (p, answer) => {
        if (!answer.want || p.ended) return [];
        const { msn, parts } = edgeOf(p);
        const there = msn > answer.want.msn || (msn === answer.want.msn && parts > answer.want.part);
        const heldMs = answer.headAtMs - answer.askedAtMs;
        return [
          ...(there ? [] : [`${answer.want.msn}.${answer.want.part} was asked for and is not in the answer`]),
          ...(heldMs > 3000 * p.targetSeconds + AT_ONCE_MS ? [`held for ${heldMs.toFixed(0)} ms`] : []),
        ];
      }),
  },
  probeRule('8-part-without-msn', '_HLS_part without _HLS_msn is refused with 400', 'partWithoutMsn', (e) => e.status === 400),
  probeRule('8-too-far', 'A segment too far ahead is refused with 400', 'tooFar', (e) => e.status === 400),
  probeRule('8-old', 'An old segment is answered at once', 'old', (e) => e.status === 200 && e.headAtMs - e.askedAtMs <= AT_ONCE_MS),
  {
    id: '8-answers',
    text: 'Nothing that a player asks for fails',
    check: (o) => o.renditions.flatMap((r) => [...r.failures, ...r.media.filter((e) => e.status !== 200).map((e) => `${path(e.url)} answered ${e.status}`)].map((text) => `${r.uri}: ${text}`)),
  },
  {
    id: '9-delta',
    text: 'A delta update leaves out segments, and none that is within CAN-SKIP-UNTIL',
    check: (o) => {
      const asked = o.renditions.flatMap((r) => r.answers.filter((a) => a.skip && !a.playlist.ended));
      if (asked.length === 0) return 'notSeen';
      return asked.flatMap(({ raw, playlist }) => {
        const kept = raw.segments.reduce((sum, s) => sum + (s.seconds ?? s.parts.reduce((t, p) => t + p.seconds, 0)), 0);
        const whole = playlist.segments.reduce((sum, s) => sum + (s.seconds ?? s.parts.reduce((t, p) => t + p.seconds, 0)), 0);
        const until = raw.canSkipUntilSeconds ?? 0;
        if (raw.skipped > 0 && kept < until - ROUNDING_SECONDS) return [`${kept.toFixed(1)} s are left of ${whole.toFixed(1)} s, CAN-SKIP-UNTIL is ${until}`];
        return raw.skipped === 0 && whole > until + 2 * raw.targetSeconds ? [`nothing was left out of ${whole.toFixed(1)} s`] : [];
      });
    },
  },
  {
    id: '9-hints',
    text: 'A hinted part is held until it is whole, then sent, and is the part that is listed later',
    check: (o) => {
      const hints = o.renditions.flatMap((r) => r.hints);
      const used = hints.filter((h) => h.status === 200);
      if (hints.length === 0) return 'notSeen';
      return [
        ...used.filter((h) => h.answeredAtMs - h.headAtMs > WHOLE_MS).map((h) => `${h.uri} took ${(h.answeredAtMs - h.headAtMs).toFixed(0)} ms from its head to its end`),
        // A segment that ends early takes the hinted part with it: once in a while
        ...hints.filter((h) => h.status !== 200 && h.status !== 404).map((h) => `${h.uri} answered ${h.status}`),
        ...o.renditions.flatMap((r) =>
          r.hints.flatMap((h) => {
            const listed = r.parts.get(h.uri);
            return h.status === 200 && listed && listed.bytes !== h.bytes ? [`${h.uri} had ${h.bytes} bytes as a hint and has ${listed.bytes} as a part`] : [];
          }),
        ),
        ...(used.length < 0.8 * hints.length ? [`only ${used.length} of ${hints.length} hinted parts came`] : []),
      ];
    },
  },
  {
    id: '9-hint-present',
    text: 'Every live playlist hints at the next part',
    check: (o) => each(o, (p) => (p.ended || p.hints.some((h) => h.type === 'PART') ? [] : ['no PRELOAD-HINT'])),
  },
  {
    id: '9-reports',
    text: 'RENDITION-REPORT tells the edge of every other rendition',
    check: (o) => {
      const uris = o.renditions.map((r) => r.uri);
      return each(o, (p, answer, r) => {
        if (p.ended || p.segments.length === 0) return [];
        const wanted = uris.filter((uri) => uri !== r.uri);
        const missing = wanted.filter((uri) => !p.reports.some((report) => new URL(report.uri, answer.url).pathname === new URL(uri, o.url).pathname));
        const last = p.segments.at(-1);
        const own = { msn: last?.msn ?? 0, part: (last?.parts.length ?? 0) - 1 };
        const off = p.reports.filter((report) => report.lastMsn < own.msn - 1 || report.lastMsn > own.msn + 1 || (report.lastMsn === own.msn && Math.abs(report.lastPart - own.part) > REPORT_LAG_PARTS));
        return [...missing.map((uri) => `no report of ${uri}`), ...off.map((report) => `the report of ${report.uri} says ${report.lastMsn}.${report.lastPart} at ${own.msn}.${own.part}`)];
      });
    },
  },
  {
    id: '11-gzip',
    text: 'Playlists are gzipped for who takes that, and only then',
    check: (o) => [
      ...each(o, (_p, a) => (a.headers['content-encoding'] === 'gzip' ? [] : ['not gzipped'])),
      ...o.multivariant.filter((m) => m.headers['content-encoding'] !== 'gzip').map(() => 'the multivariant playlist is not gzipped'),
      ...o.probes.filter((p) => p.name === 'identity' && p.headers['content-encoding'] !== undefined).map((p) => `encoded as ${p.headers['content-encoding']} for who did not ask for it`),
    ],
  },
  {
    id: '11-cache',
    text: 'Cache-Control by kind: media for long, blocking playlists for a while, live playlists for less than a target duration',
    check: (o) => [
      ...each(o, (p, a) => {
        const seconds = maxAge(a);
        if (seconds === undefined) return ['a playlist without max-age'];
        if (p.ended) return [];
        if (a.want) return seconds >= p.targetSeconds ? [] : [`a blocking playlist is cacheable for ${seconds} s only`];
        return seconds < p.targetSeconds ? [] : [`a live playlist is cacheable for ${seconds} s`];
      }),
      ...o.renditions.flatMap((r) => r.media.filter((e) => e.status === 200 && (maxAge(e) ?? 0) < LONG_SECONDS).map((e) => `${path(e.url)} is cacheable for ${maxAge(e) ?? 0} s only`)),
    ],
  },
  {
    id: '11-token',
    text: 'The token of the first address is in every other',
    check: (o) => {
      const token = new URL(o.url).searchParams.get('token') ?? /\/t\/([^/]+)\//.exec(o.url)?.[1];
      if (token === undefined) return 'notSeen';
      const urls = o.renditions.flatMap((r) => [...r.answers.map((a) => a.url), ...r.media.map((m) => m.url)]);
      return urls.filter((url) => !decodeURIComponent(url).includes(token)).map((url) => `${path(url)} lost the token`);
    },
  },
];

function probeRule(id: string, text: string, name: Observed['probes'][number]['name'], good: (exchange: Exchange) => boolean): Rule {
  return {
    id,
    text,
    check: (o) => {
      const probes = o.probes.filter((p) => p.name === name);
      if (probes.length === 0) return 'notSeen';
      return probes.filter((p) => !good(p)).map((p) => `${path(p.url)}${new URL(p.url).search} answered ${p.status} after ${(p.headAtMs - p.askedAtMs).toFixed(0)} ms`);
    },
  };
}

function maxAge(exchange: Exchange): number | undefined {
  const found = /max-age=(\d+)/.exec(exchange.headers['cache-control'] ?? '');
  return found ? Number(found[1]) : undefined;
}
