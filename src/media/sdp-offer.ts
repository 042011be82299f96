/**
 * What WHIP and WHEP ask of every offer before its codecs matter (RFC 9725 §4.2, RFC 8843, RFC 8839, RFC 8122). What cannot be
 * read or contradicts itself is 400, what is not taken is 422; there are no partial answers. An attacker's SDP ends here: the
 * native libraries behind see only what has passed.
 */
import { isIP } from 'node:net';
import { AppError } from '../domain/errors.ts';
import { attributes, inherited, parseSdp, SdpSyntaxError, type SdpDocument, type SdpMedia } from './sdp.ts';

const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface Offer {
  document: SdpDocument;
  audio: SdpMedia | undefined;
  video: SdpMedia | undefined;
  iceUfrag: string;
}

/**
 * Candidates of one client, in its offer and trickled: a browser on a laptop with VPNs has some 30. Each is an address that we
 * send connectivity checks to, so a long list would make us a scanner of other people's ports.
 */
export const MAX_REMOTE_CANDIDATES = 64;

/** @throws AppError malformedSdp (400), unacceptableOffer (422) */
export function readOffer(text: string): Offer {
  const document = read(text);
  const { media } = document;
  if (media.length === 0) refuse('The offer has no audio and no video.');
  const mids = checkMids(media);
  const of = (kind: string): SdpMedia[] => media.filter((m) => m.kind === kind);
  for (const section of media) {
    if (section.kind !== 'audio' && section.kind !== 'video') refuse(`A media section of the kind "${section.kind.slice(0, 20)}" is not taken here.`);
    if (attributes(section.lines, 'crypto').length > 0) refuse('SDES is not taken; DTLS-SRTP is needed.');
    if (!/^(UDP|TCP)\/TLS\/RTP\/SAVPF?$/.test(section.protocol)) refuse('The transport is not taken; UDP/TLS/RTP/SAVPF is needed.');
  }
  if (of('audio').length > 1 || of('video').length > 1) refuse('At most one audio and one video track can be in a session.');
  checkBundle(document, mids);
  for (const section of media) {
    checkTransport(document, section);
    checkFormats(section);
  }
  for (const name of ['ice-ufrag', 'ice-pwd', 'fingerprint', 'setup'])
    if (new Set(media.map((section) => transportAttribute(document, section, name))).size > 1) malformed(`Bundled media sections differ in ${name}.`);
  return { document, audio: of('audio')[0], video: of('video')[0], iceUfrag: inherited(document, media[0] as SdpMedia, 'ice-ufrag') as string };
}

/** A section that is only there in the bundle (`a=bundle-only`, the policy "max-bundle") says nothing of its own transport (RFC 9143 §7.1.3). */
function transportAttribute(document: SdpDocument, media: SdpMedia, name: string): string | undefined {
  const own = inherited(document, media, name);
  if (own !== undefined || attributes(media.lines, 'bundle-only').length === 0) return own;
  return inherited(document, document.media[0] as SdpMedia, name);
}

/** @throws AppError malformedSdp when a section has several */
export function directionOf(document: SdpDocument, media: SdpMedia): Direction {
  const given = (lines: readonly string[]): Direction[] => DIRECTIONS.filter((name) => attributes(lines, name).length > 0);
  const own = given(media.lines);
  if (own.length > 1) malformed('A media section has more than one direction.');
  return own[0] ?? given(document.session)[0] ?? 'sendrecv';
}

/** RFC 8839 §5.1: a literal address. Names are not resolved: a caller could make this host ask its resolver anything (mDNS names are found from the other side). */
export function isLiteralCandidate(candidate: string): boolean {
  const fields = candidate.split(' ');
  return fields.length >= 8 && isIP(fields[4] ?? '') !== 0;
}

/** The sections without candidates that `usable` refuses, and without those beyond the bound. */
export function withUsableCandidates(document: SdpDocument, usable: (candidate: string) => boolean): SdpDocument {
  let left = MAX_REMOTE_CANDIDATES;
  const keep = (line: string): boolean => !line.startsWith('a=candidate:') || (usable(line.slice(2)) && left-- > 0);
  return { session: document.session.filter((line) => !line.startsWith('a=candidate:')), media: document.media.map((media) => ({ ...media, lines: media.lines.filter(keep) })) };
}

export function malformed(detail: string): never {
  throw new AppError('malformedSdp', { detail });
}
export function refuse(detail: string): never {
  throw new AppError('unacceptableOffer', { detail });
}

function read(text: string): SdpDocument {
  try {
    return parseSdp(text);
  } catch (error) {
    if (error instanceof SdpSyntaxError) malformed(error.message);
    throw error;
  }
}

function checkMids(media: readonly SdpMedia[]): string[] {
  const mids = media.map(({ lines }) => {
    const all = attributes(lines, 'mid');
    if (all.length > 1 || (all[0] !== undefined && !/^[\x21-\x7e]{1,64}$/.test(all[0]))) malformed('A media section has an impossible mid.');
    return all[0] ?? '';
  });
  const named = mids.filter((mid) => mid !== '');
  if (new Set(named).size !== named.length) malformed('Two media sections have the same mid.');
  return mids;
}

function checkBundle(document: SdpDocument, mids: readonly string[]): void {
  const groups = attributes(document.session, 'group')
    .map((value) => value.split(' '))
    .filter((words) => words[0] === 'BUNDLE')
    .map((words) => words.slice(1).filter((mid) => mid !== ''));
  for (const mid of groups.flat()) if (!mids.includes(mid)) malformed('The BUNDLE group names a media section that is not there.');
  if (mids.length === 1) return;
  if (mids.includes('') || !groups.some((group) => mids.every((mid) => group.includes(mid)))) refuse('All media sections must be in one BUNDLE group.');
}

function checkTransport(document: SdpDocument, media: SdpMedia): void {
  const ufrag = transportAttribute(document, media, 'ice-ufrag');
  const password = transportAttribute(document, media, 'ice-pwd');
  // RFC 8839 §5.4: lengths of ufrag and password
  if (!ufrag || !password || !/^[A-Za-z0-9+/]{4,256}$/.test(ufrag) || !/^[A-Za-z0-9+/]{22,256}$/.test(password)) malformed('The ICE credentials are missing or impossible.');
  const fingerprint = transportAttribute(document, media, 'fingerprint');
  if (!fingerprint || !isFingerprint(fingerprint)) malformed('The DTLS fingerprint is missing or impossible.');
  const setup = transportAttribute(document, media, 'setup');
  if (setup !== undefined && !['actpass', 'active', 'passive'].includes(setup)) malformed('The DTLS setup attribute is impossible in an offer.');
  if (transportAttribute(document, media, 'rtcp-mux') === undefined && transportAttribute(document, media, 'rtcp-mux-only') === undefined) refuse('RTP and RTCP must be multiplexed (a=rtcp-mux).');
  if (media.port === 0 && attributes(media.lines, 'bundle-only').length === 0) refuse('A media section of the offer is switched off.');
}

/** RFC 8122 §5: as many bytes as the hash has. */
function isFingerprint(value: string): boolean {
  const [, bits = '', hex = ''] = /^sha-(1|224|256|384|512) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)$/i.exec(value) ?? [];
  return hex !== '' && (hex.length + 1) / 3 === (bits === '1' ? 20 : Number(bits) / 8);
}

function checkFormats({ formats }: SdpMedia): void {
  if (formats.some((format) => !/^\d{1,3}$/.test(format) || Number(format) > 127)) malformed('A payload type is impossible.');
  if (new Set(formats).size !== formats.length) malformed('A payload type is there twice.'); // also bounds what is looked up for each
}
