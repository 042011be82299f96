/** The multivariant playlist against what is sent (conformance.md HLS 10; Apple's authoring specification for the bounds of live rates). */
import type { Observed, RenditionObserved } from './observed.ts';
import type { Variant } from './playlist-text.ts';
import type { Rule } from './rule.ts';

/** A live stream's measured mean may be above AVERAGE-BANDWIDTH by so much, its peak above BANDWIDTH. */
const AVERAGE_SLACK = 1.1;
const PEAK_SLACK = 1.25;
/** Somebody who is told twice of what is sent gets a rendition too low. */
const OVERSTATED = 2;
const ENOUGH_SECONDS = 10;

export const multivariantRules: Rule[] = [
  {
    id: '10-independent-segments',
    text: 'EXT-X-INDEPENDENT-SEGMENTS',
    check: (o) => o.multivariant.filter((m) => !m.playlist.independentSegments).map(() => 'missing'),
  },
  {
    id: '10-codecs',
    text: 'CODECS are those of the initialisation sections, H.264 as avc1',
    check: (o) =>
      perVariant(o, (variant, video, audio) => {
        const sent = [video, audio].flatMap((r) => (r ? [...r.inits.values()].map((i) => i.codec) : []));
        return [
          ...sent.filter((codec) => !variant.codecs.includes(codec)).map((codec) => `${codec} is sent and not in CODECS`),
          ...variant.codecs.filter((codec) => sent.length > 0 && !sent.includes(codec)).map((codec) => `${codec} is in CODECS and not sent`),
          ...variant.codecs.filter((codec) => /^(avc3|hvc1|hev1)/.test(codec)).map((codec) => `${codec} instead of avc1`),
        ];
      }),
  },
  {
    id: '10-resolution',
    text: 'RESOLUTION is that of the initialisation section',
    check: (o) => perVariant(o, (variant, video) => (video ? [...video.inits.values()].filter((i) => `${i.width}x${i.height}` !== variant.resolution).map((i) => `${variant.resolution ?? 'no RESOLUTION'}, ${i.width}x${i.height} is sent`) : [])),
  },
  {
    id: '10-frame-rate',
    text: 'FRAME-RATE is what the samples make',
    check: (o) =>
      perVariant(o, (variant, video) => {
        if (!video) return [];
        const rates = [...video.parts.values()].map((f) => f.samples / f.seconds).sort((a, b) => a - b);
        const middle = rates[rates.length >> 1];
        return middle === undefined || Math.abs(middle - (variant.frameRate ?? 0)) <= 0.5 ? [] : [`FRAME-RATE ${variant.frameRate ?? 'missing'}, ${middle.toFixed(2)} are sent`];
      }),
  },
  {
    id: '10-bandwidth',
    text: 'Measured peak ≤ 125 % of BANDWIDTH, measured mean ≤ 110 % of AVERAGE-BANDWIDTH, and neither is told as twice what it is',
    check: (o) => {
      const out = perVariant(o, (variant, video, audio) => {
        const rates = [video, audio].filter((r) => r !== undefined).map(measuredRates);
        const seconds = Math.min(...rates.map((r) => r.seconds));
        if (rates.length === 0 || seconds < ENOUGH_SECONDS) return [];
        const peakBps = rates.reduce((sum, r) => sum + r.peakBps, 0);
        const averageBps = rates.reduce((sum, r) => sum + r.averageBps, 0);
        const wrong: string[] = [];
        if (peakBps > PEAK_SLACK * variant.bandwidthBps || variant.bandwidthBps > OVERSTATED * peakBps) wrong.push(`BANDWIDTH ${variant.bandwidthBps}, the peak is ${Math.round(peakBps)}`);
        const told = variant.averageBps ?? 0;
        if (averageBps > AVERAGE_SLACK * told || told > OVERSTATED * averageBps) wrong.push(`AVERAGE-BANDWIDTH ${told}, the mean is ${Math.round(averageBps)}`);
        return wrong;
      });
      return out;
    },
  },
  {
    id: '10-audio-only',
    text: 'There is a variant of sound alone, and every variant has its sound',
    check: (o) =>
      o.multivariant.flatMap(({ playlist }) => [
        ...(playlist.variants.some((v) => v.resolution === undefined && v.codecs.every((c) => c.startsWith('mp4a'))) ? [] : ['no variant of sound alone']),
        ...playlist.variants.filter((v) => v.audioGroup !== undefined && !playlist.media.some((m) => m.type === 'AUDIO' && m.group === v.audioGroup)).map((v) => `${v.uri} names the audio group ${v.audioGroup}, which is not there`),
      ]),
  },
];

/** Of the whole segments whose parts were all read. */
export function measuredRates(rendition: RenditionObserved): { peakBps: number; averageBps: number; seconds: number } {
  const whole = new Map(rendition.answers.flatMap((a) => a.playlist.segments.filter((s) => s.uri !== undefined && s.parts.length > 0).map((s) => [s.msn, s])));
  let bytes = 0;
  let seconds = 0;
  let peakBps = 0;
  for (const segment of whole.values()) {
    const facts = segment.parts.map((p) => rendition.parts.get(p.uri));
    if (facts.some((f) => f === undefined)) continue;
    const size = facts.reduce((sum, f) => sum + (f?.bytes ?? 0), 0);
    const length = facts.reduce((sum, f) => sum + (f?.seconds ?? 0), 0);
    bytes += size;
    seconds += length;
    // a segment cut short is no measure of a peak over a target duration
    if (length > 1) peakBps = Math.max(peakBps, (8 * size) / length);
  }
  return { peakBps, averageBps: seconds > 0 ? (8 * bytes) / seconds : 0, seconds };
}

/** Of the newest multivariant playlist, with the renditions that a variant plays. */
function perVariant(o: Observed, check: (variant: Variant, video: RenditionObserved | undefined, audio: RenditionObserved | undefined) => string[]): string[] {
  const newest = o.multivariant.at(-1)?.playlist;
  if (!newest) return [];
  return newest.variants.flatMap((variant) => {
    const own = o.renditions.find((r) => r.uri === variant.uri);
    const group = newest.media.find((m) => m.type === 'AUDIO' && m.group === variant.audioGroup)?.uri;
    const audio = o.renditions.find((r) => r.uri === group);
    const isAudio = own !== undefined && [...own.inits.values()].some((i) => i.kind === 'audio');
    return check(variant, isAudio ? undefined : own, isAudio ? own : audio).map((text) => `${variant.uri}: ${text}`);
  });
}
