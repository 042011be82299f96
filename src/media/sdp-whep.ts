/**
 * WHEP offers and answers as text (RFC 8866, draft-ietf-wish-whep; rules: docs of conformance, "WHIP and WHEP").
 * A viewer offers; we take at most one H.264 video and one Opus audio m-line, or refuse the whole offer.
 */
import { AppError } from '../domain/errors.ts';

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

interface Section {
  kind: string;
  port: number;
  protocol: string;
  payloadTypes: number[];
  lines: string[];
}

const MAX_MEDIA_SECTIONS = 16;

/**
 * Reads and judges an offer.
 * @throws AppError malformedSdp (400) when it cannot be read or contradicts itself, unacceptableOffer (422) when it asks for what we do not send
 */
export function parseWhepOffer(sdp: string): WhepOffer {
  const { session, sections } = split(sdp);
  const bundle = bundledMids(session);
  const seen = new Set<string>();
  const offer: WhepOffer = { iceUfrag: '' };
  for (const section of sections) {
    const mid = attribute(section.lines, 'mid');
    if (mid === undefined || !/^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}$/.test(mid)) malformed('An m-line has no usable a=mid.');
    if (seen.has(mid)) malformed('Two m-lines have the same a=mid.');
    seen.add(mid);
    if (section.kind !== 'video' && section.kind !== 'audio') refuse(`An m-line of kind "${section.kind.slice(0, 20)}" cannot be taken.`);
    if (offer[section.kind]) refuse(`More than one ${section.kind} m-line.`);
    if (section.port === 0) refuse(`The ${section.kind} m-line is rejected by the offer itself.`);
    checkTransport(section, session);
    if (sections.length > 1 && !bundle.has(mid)) refuse('All m-lines must be bundled.');
    const direction = ['sendrecv', 'recvonly', 'sendonly', 'inactive'].filter((d) => [...section.lines].includes(`a=${d}`));
    if (direction.length > 1) malformed('An m-line has two directions.');
    if (direction[0] === 'sendonly' || direction[0] === 'inactive') refuse(`The ${section.kind} m-line does not receive.`);
    offer[section.kind] = section.kind === 'video' ? chooseVideo(section, mid) : chooseAudio(section, mid);
    offer.iceUfrag ||= attribute(section.lines, 'ice-ufrag') ?? attribute(session, 'ice-ufrag') ?? '';
  }
  for (const mid of bundle) if (!seen.has(mid)) malformed('a=group:BUNDLE names an m-line that is not there.');
  return offer;
}

/** The offer as the library gets it: without candidates it would have to resolve (mDNS) or cannot use (TCP). */
export function withoutUnusableCandidates(sdp: string): string {
  return sdp
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('a=candidate:') || isUsableCandidate(line.slice(2)))
    .join('\r\n');
}

/** `candidate:…` (RFC 8839 §5.1): UDP with a literal address. */
export function isUsableCandidate(candidate: string): boolean {
  const fields = candidate.split(' ');
  return fields.length >= 8 && fields[2]?.toLowerCase() === 'udp' && /^([0-9.]{7,15}|[0-9a-fA-F:]{2,45})$/.test(fields[4] ?? '');
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
    if (!/^[a-z]=/.test(line)) malformed('The fragment is not SDP.');
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

function split(sdp: string): { session: string[]; sections: Section[] } {
  const lines = sdp.split(/\r?\n/).filter((line) => line !== '');
  if (lines[0] !== 'v=0') malformed('It does not begin with v=0.');
  const session: string[] = [];
  const sections: Section[] = [];
  for (const line of lines) {
    if (!/^[a-z]=/.test(line)) malformed('A line is not of the form x=….');
    if (line.startsWith('m=')) {
      const match = /^m=([A-Za-z]+) (\d{1,5}) ([A-Z/]+) (.+)$/.exec(line);
      if (!match) malformed('An m-line cannot be read.');
      const [, kind = '', port = '', protocol = '', formats = ''] = match;
      sections.push({ kind, port: Number(port), protocol, payloadTypes: formats.split(' ').map(Number), lines: [] });
      if (sections.length > MAX_MEDIA_SECTIONS) refuse('Too many m-lines.');
      continue;
    }
    (sections[sections.length - 1]?.lines ?? session).push(line);
  }
  if (!session.some((line) => line.startsWith('o='))) malformed('It has no o= line.');
  if (sections.length === 0) malformed('It has no m-line.');
  return { session, sections };
}

function bundledMids(session: readonly string[]): Set<string> {
  const line = session.find((l) => l.startsWith('a=group:BUNDLE'));
  return new Set(line?.slice('a=group:BUNDLE'.length).split(' ').filter((mid) => mid !== '') ?? []);
}

function checkTransport(section: Section, session: readonly string[]): void {
  if (section.lines.some((line) => line.startsWith('a=crypto:')) || !/^UDP\/TLS\/RTP\/SAVPF?$/.test(section.protocol))
    refuse('Only DTLS-SRTP is spoken.');
  for (const name of ['ice-ufrag', 'ice-pwd', 'fingerprint'])
    if ((attribute(section.lines, name) ?? attribute(session, name)) === undefined) malformed(`a=${name} is missing.`);
  if (!section.lines.includes('a=rtcp-mux')) refuse('a=rtcp-mux is needed.');
  const setup = attribute(section.lines, 'setup') ?? attribute(session, 'setup') ?? 'actpass';
  if (!['actpass', 'active', 'passive'].includes(setup)) malformed('a=setup is not one for an offer.');
}

/** Constrained baseline decoders only need packetization-mode 1; 42e01f is what every browser offers, 42…1f comes second. */
function chooseVideo(section: Section, mid: string): OfferedMedia {
  const candidates = codecs(section, 'H264/90000')
    .filter(({ parameters }) => parameter(parameters, 'packetization-mode') === '1')
    .map((codec) => ({ ...codec, rank: profileRank(parameter(codec.parameters, 'profile-level-id')) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank);
  const best = candidates[0];
  if (!best) refuse('The video m-line offers no H.264 baseline with packetization-mode=1.');
  const rtx = codecs(section, 'rtx/90000').find(({ parameters }) => parameter(parameters, 'apt') === String(best.payloadType));
  return { mid, payloadType: best.payloadType, rtxPayloadType: rtx?.payloadType, parameters: best.parameters };
}

function profileRank(profileLevelId: string | undefined): number {
  // RFC 6184 §8.1: absent means baseline level 1, which a 720p stream would break.
  const profile = profileLevelId?.toLowerCase();
  if (profile === undefined || !/^42[0-9a-f]{4}$/.test(profile)) return 0;
  return (Number.parseInt(profile.slice(2, 4), 16) & 0x40) !== 0 ? 2 : 1;
}

function chooseAudio(section: Section, mid: string): OfferedMedia {
  const opus = codecs(section, 'opus/48000/2')[0];
  if (!opus) refuse('The audio m-line offers no Opus.');
  return { mid, payloadType: opus.payloadType, parameters: inStereo(opus.parameters) };
}

/** The programme's sound is stereo, and says so (RFC 7587 §7.1); a viewer that did not ask for stereo mixes it down itself. */
function inStereo(parameters: string): string {
  const others = parameters.split(';').filter((pair) => pair.trim() !== '' && !/^\s*(sprop-)?stereo\s*=/i.test(pair));
  return [...(others.length > 0 ? others : ['minptime=10', 'useinbandfec=1']), 'stereo=1', 'sprop-stereo=1'].join(';');
}

function codecs(section: Section, name: string): { payloadType: number; parameters: string }[] {
  return section.payloadTypes
    .filter((pt) => Number.isInteger(pt) && pt >= 0 && pt <= 127)
    .filter((pt) => attribute(section.lines, 'rtpmap', `${pt} `)?.toLowerCase() === name.toLowerCase())
    .map((payloadType) => ({ payloadType, parameters: attribute(section.lines, 'fmtp', `${payloadType} `) ?? '' }));
}

function parameter(parameters: string, name: string): string | undefined {
  for (const pair of parameters.split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim().toLowerCase() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

function attribute(lines: readonly string[], name: string, start = ''): string | undefined {
  const prefix = `a=${name}:${start}`;
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
}

function malformed(detail: string): never {
  throw new AppError('malformedSdp', { detail });
}

function refuse(detail: string): never {
  throw new AppError('unacceptableOffer', { detail });
}
