/**
 * WHEP offers and answers as text (RFC 8866, draft-ietf-wish-whep; rules: docs of conformance, "WHIP and WHEP").
 * A viewer offers; we take at most one H.264 video and one Opus audio m-line, or refuse the whole offer.
 */
import { attributes, formatSdp, parseSdp, type SdpMedia } from './sdp.ts';
import { directionOf, isLiteralCandidate, malformed, readOffer, refuse, withUsableCandidates } from './sdp-offer.ts';

export interface OfferedMedia {
  mid: string;
  payloadType: number;
  /** Retransmission payload type (RFC 4588) that belongs to it, when offered. */
  rtxPayloadType?: number;
  /** For the answer's fmtp: the offer's, for Opus with stereo. */
  parameters: string;
}

export interface WhepOffer {
  video?: OfferedMedia;
  audio?: OfferedMedia;
  iceUfrag: string;
}

/**
 * Reads and judges an offer.
 * @throws AppError malformedSdp (400) when it cannot be read or contradicts itself, unacceptableOffer (422) when it asks for what we do not send
 */
export function parseWhepOffer(sdp: string): WhepOffer {
  const { document, audio, video, iceUfrag } = readOffer(sdp);
  for (const media of document.media) {
    const way = directionOf(document, media);
    if (way === 'sendonly' || way === 'inactive') refuse(`The ${media.kind} m-line does not receive.`);
    if (midOf(media) === '') malformed('An m-line has no a=mid.');
  }
  return { video: video && chooseVideo(video), audio: audio && chooseAudio(audio), iceUfrag };
}

/**
 * The offer as the library gets it: without candidates it would have to resolve (mDNS) or cannot use (TCP). Who brings usable ones and leaves open who
 * begins with DTLS is to begin itself: its addresses are checked at once, and we are connected before it has read the answer. Our first flight
 * would come too early then, and who drops it (libdatachannel) waits a second for the next: 6 of 30 joins took 1.0 s so. Without candidates it is the
 * other way round: we are connected last.
 */
export function offerForLibrary(sdp: string): string {
  const offer = withUsableCandidates(parseSdp(sdp), isUsableCandidate);
  if (!offer.media.some(({ lines }) => attributes(lines, 'candidate').length > 0)) return formatSdp(offer);
  const decided = (line: string): string => (line === 'a=setup:actpass' ? 'a=setup:active' : line);
  return formatSdp({ session: offer.session.map(decided), media: offer.media.map((section) => ({ ...section, lines: section.lines.map(decided) })) });
}

/** `candidate:…` (RFC 8839 §5.1): UDP with a literal address. */
export function isUsableCandidate(candidate: string): boolean {
  return isLiteralCandidate(candidate) && candidate.split(' ')[2]?.toLowerCase() === 'udp';
}

export interface SdpFragment {
  iceUfrag?: string;
  candidates: { candidate: string; mid: string }[];
}

/** A trickle fragment (RFC 8840 §9). @throws AppError malformedSdp */
export function parseSdpFragment(fragment: string): SdpFragment {
  const out: SdpFragment = { candidates: [] };
  let mid = '';
  for (const line of fragment.split(/\r?\n/)) {
    if (line === '') continue;
    if (!/^[a-z]=[^\0\r]{1,4096}$/.test(line)) malformed('A line of the fragment cannot be read.');
    if (line.startsWith('a=mid:')) mid = line.slice(6);
    else if (line.startsWith('a=ice-ufrag:')) out.iceUfrag = line.slice(12);
    else if (line.startsWith('a=candidate:') && out.candidates.length < 64) out.candidates.push({ candidate: line.slice(2), mid });
  }
  return out;
}

/**
 * Finishes the library's answer: `a=rtcp-mux-only` on every m-line, each m-line's msid said once, and host candidates for
 * `publicIp` beside the real ones (a server behind NAT).
 */
export function finishAnswer(sdp: string, publicIp?: string): string {
  const out: string[] = [];
  let said = new Set<string>();
  for (const line of sdp.split(/\r?\n/)) {
    if (line === '') continue;
    if (line.startsWith('m=')) said = new Set();
    if (line.startsWith('a=msid:') || line === 'a=rtcp-mux-only') {
      if (said.has(line)) continue;
      said.add(line);
    }
    if (line.startsWith('a=candidate:') && publicIp) {
      const mapped = publicCandidate(line, publicIp);
      if (!mapped || said.has(mapped)) continue;
      said.add(mapped);
      out.push(mapped);
      continue;
    }
    out.push(line);
    if (line === 'a=rtcp-mux' && !said.has('a=rtcp-mux-only')) {
      out.push('a=rtcp-mux-only');
      said.add('a=rtcp-mux-only');
    }
  }
  return `${out.join('\r\n')}\r\n`;
}

function publicCandidate(line: string, publicIp: string): string | undefined {
  const fields = line.split(' ');
  if (fields[7] !== 'host') return undefined;
  const sameFamily = (fields[4] ?? '').includes(':') === publicIp.includes(':');
  if (!sameFamily) return undefined;
  fields[4] = publicIp;
  return fields.join(' ');
}

function midOf(media: SdpMedia): string {
  return attributes(media.lines, 'mid')[0] ?? '';
}

/** Constrained baseline decoders only need packetization-mode 1; 42e01f is what every browser offers, 42…1f comes second. */
function chooseVideo(section: SdpMedia): OfferedMedia {
  const candidates = codecs(section, 'H264/90000')
    .filter(({ parameters }) => parameter(parameters, 'packetization-mode') === '1')
    .map((codec) => ({ ...codec, rank: profileRank(parameter(codec.parameters, 'profile-level-id')) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank);
  const best = candidates[0];
  if (!best) refuse('The video m-line offers no H.264 baseline with packetization-mode=1.');
  const rtx = codecs(section, 'rtx/90000').find(({ parameters }) => parameter(parameters, 'apt') === String(best.payloadType));
  return { mid: midOf(section), payloadType: best.payloadType, rtxPayloadType: rtx?.payloadType, parameters: best.parameters };
}

function profileRank(profileLevelId: string | undefined): number {
  // RFC 6184 §8.1: absent means baseline level 1, which a 720p stream would break.
  const profile = profileLevelId?.toLowerCase();
  if (profile === undefined || !/^42[0-9a-f]{4}$/.test(profile)) return 0;
  return (Number.parseInt(profile.slice(2, 4), 16) & 0x40) !== 0 ? 2 : 1;
}

function chooseAudio(section: SdpMedia): OfferedMedia {
  const opus = codecs(section, 'opus/48000/2')[0];
  if (!opus) refuse('The audio m-line offers no Opus.');
  return { mid: midOf(section), payloadType: opus.payloadType, parameters: inStereo(opus.parameters) };
}

/** The programme's sound is stereo, and says so (RFC 7587 §7.1); a viewer that did not ask for stereo mixes it down itself. */
function inStereo(parameters: string): string {
  const others = parameters.split(';').filter((pair) => pair.trim() !== '' && !/^\s*(sprop-)?stereo\s*=/i.test(pair));
  return [...(others.length > 0 ? others : ['minptime=10', 'useinbandfec=1']), 'stereo=1', 'sprop-stereo=1'].join(';');
}

function codecs(section: SdpMedia, name: string): { payloadType: number; parameters: string }[] {
  const names = byPayloadType(section, 'rtpmap');
  const parameters = byPayloadType(section, 'fmtp');
  return section.formats
    .filter((format) => names.get(format)?.toLowerCase() === name.toLowerCase())
    .map((format) => ({ payloadType: Number(format), parameters: parameters.get(format) ?? '' }));
}

/** `a=name:<payload type> <value>`; the first counts. */
function byPayloadType(section: SdpMedia, name: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const value of attributes(section.lines, name)) {
    const [, format = '', rest = ''] = /^(\d{1,3}) (.*)$/.exec(value) ?? [];
    if (!found.has(format)) found.set(format, rest);
  }
  return found;
}

function parameter(parameters: string, name: string): string | undefined {
  for (const pair of parameters.split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim().toLowerCase() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
