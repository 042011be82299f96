/**
 * Whether a WHIP offer can be taken, decided on its text before libwebrtc sees it (RFC 9725 §4.2, conformance.md):
 * what cannot be read or contradicts itself is 400, what we do not take is 422, and there are no partial answers.
 */
import { AppError } from '../domain/errors.ts';
import { attributes, codecNames, inherited, parseSdp, SdpSyntaxError, type SdpDocument, type SdpMedia } from '../media/sdp.ts';

/** What @roamhq/wrtc decodes (field-notes.md): no H.264. */
const VIDEO_CODECS = ['VP8', 'VP9', 'AV1'];
const AUDIO_CODECS = ['OPUS', 'PCMU', 'PCMA', 'G722'];
const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;

export interface CheckedOffer {
  document: SdpDocument;
  audio: boolean;
  video: boolean;
  /** The caller takes the mix-minus on its audio m-line. */
  wantsAudioBack: boolean;
  iceUfrag: string;
}

/** @throws AppError malformedSdp, unacceptableOffer */
export function checkOffer(text: string): CheckedOffer {
  const document = read(text);
  const of = (kind: string): SdpMedia[] => document.media.filter((m) => m.kind === kind);
  if (document.media.length === 0) refuse('The offer has no audio and no video.');
  const mids = checkMids(document);
  for (const media of document.media) {
    if (media.kind !== 'audio' && media.kind !== 'video') refuse(`A ${media.kind} m-line is not taken here.`);
    if (attributes(media.lines, 'crypto').length > 0) refuse('SDES is not taken; DTLS-SRTP is needed.');
    if (!/^(UDP|TCP)\/TLS\/RTP\/SAVPF$/.test(media.protocol)) refuse(`The transport ${media.protocol} is not taken; UDP/TLS/RTP/SAVPF is needed.`);
  }
  if (of('audio').length > 1 || of('video').length > 1) refuse('At most one audio and one video track can be published in a session.');
  checkBundle(document, mids);
  for (const media of document.media) {
    checkTransport(document, media);
    checkMedia(document, media);
  }
  checkOneTransport(document);
  const audio = of('audio')[0];
  return {
    document,
    audio: audio !== undefined,
    video: of('video').length > 0,
    wantsAudioBack: audio !== undefined && direction(document, audio) === 'sendrecv',
    iceUfrag: inherited(document, document.media[0] as SdpMedia, 'ice-ufrag') as string,
  };
}

function read(text: string): SdpDocument {
  try {
    return parseSdp(text);
  } catch (error) {
    if (error instanceof SdpSyntaxError) malformed(error.message);
    throw error;
  }
}

function checkMids(document: SdpDocument): string[] {
  const mids = document.media.map((media) => {
    const all = attributes(media.lines, 'mid');
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
    .map((words) => words.slice(1));
  for (const mid of groups.flat()) if (!mids.includes(mid)) malformed('The BUNDLE group names a media section that is not there.');
  if (document.media.length === 1) return;
  if (mids.includes('') || !groups.some((group) => mids.every((mid) => group.includes(mid)))) refuse('All media sections must be in one BUNDLE group.');
}

function checkTransport(document: SdpDocument, media: SdpMedia): void {
  const ufrag = inherited(document, media, 'ice-ufrag');
  const password = inherited(document, media, 'ice-pwd');
  // RFC 8839 §5.4: lengths of ufrag and password
  if (!ufrag || !password || !/^[A-Za-z0-9+/]{4,256}$/.test(ufrag) || !/^[A-Za-z0-9+/]{22,256}$/.test(password)) malformed('The ICE credentials are missing or impossible.');
  const fingerprint = inherited(document, media, 'fingerprint');
  if (!fingerprint || !/^sha-\d+ [0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}$/i.test(fingerprint)) malformed('The DTLS fingerprint is missing or impossible.');
  const setup = inherited(document, media, 'setup');
  if (setup !== undefined && !['actpass', 'active', 'passive'].includes(setup)) malformed('The DTLS setup attribute is impossible in an offer.');
  if (attributes(media.lines, 'rtcp-mux').length === 0 && attributes(media.lines, 'rtcp-mux-only').length === 0) refuse('RTP and RTCP must be multiplexed (a=rtcp-mux).');
  if (media.port === 0 && attributes(media.lines, 'bundle-only').length === 0) refuse('A media section of the offer is switched off.');
}

function checkMedia(document: SdpDocument, media: SdpMedia): void {
  const given = DIRECTIONS.filter((name) => attributes(media.lines, name).length > 0);
  if (given.length > 1) malformed('A media section has more than one direction.');
  const way = direction(document, media);
  if (way === 'recvonly' || way === 'inactive') refuse(`The ${media.kind} track is ${way}; publishing needs sendonly or sendrecv.`);
  const names = codecNames(media);
  for (const format of media.formats) if (!/^\d{1,3}$/.test(format) || Number(format) > 127) malformed('A payload type is impossible.');
  const offered = media.formats.map((format) => names.get(format));
  if (media.formats.length > 0 && offered.every((name) => name === undefined)) malformed('No payload type of a media section is explained.');
  const wanted = media.kind === 'video' ? VIDEO_CODECS : AUDIO_CODECS;
  if (!offered.some((name) => name !== undefined && wanted.includes(name)))
    refuse(media.kind === 'video' ? 'Video must be offered as VP8, VP9 or AV1.' : 'Audio must be offered as Opus.');
}

/** Bundled sections share one transport, so credentials that differ contradict each other (RFC 8843 §7.1). */
function checkOneTransport(document: SdpDocument): void {
  for (const name of ['ice-ufrag', 'ice-pwd', 'fingerprint'])
    if (new Set(document.media.map((media) => inherited(document, media, name))).size > 1) malformed(`Bundled media sections differ in ${name}.`);
}

function direction(document: SdpDocument, media: SdpMedia): (typeof DIRECTIONS)[number] {
  return DIRECTIONS.find((name) => inherited(document, media, name) !== undefined) ?? 'sendrecv';
}

function malformed(detail: string): never {
  throw new AppError('malformedSdp', { detail });
}
function refuse(detail: string): never {
  throw new AppError('unacceptableOffer', { detail });
}
