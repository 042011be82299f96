/**
 * Whether a WHIP offer can be taken, decided on its text before libwebrtc sees it (RFC 9725 §4.2, conformance.md):
 * what cannot be read or contradicts itself is 400, what we do not take is 422, and there are no partial answers.
 */
import { codecNames, type SdpDocument, type SdpMedia } from '../media/sdp.ts';
import { directionOf, malformed, readOffer, refuse } from '../media/sdp-offer.ts';

/** What @roamhq/wrtc decodes (field-notes.md): no H.264. */
const VIDEO_CODECS = ['VP8', 'VP9', 'AV1'];
const AUDIO_CODECS = ['OPUS', 'PCMU', 'PCMA', 'G722'];

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
  const { document, audio, video, iceUfrag } = readOffer(text);
  for (const media of document.media) checkMedia(document, media);
  return {
    document,
    audio: audio !== undefined,
    video: video !== undefined,
    wantsAudioBack: audio !== undefined && directionOf(document, audio) === 'sendrecv',
    iceUfrag,
  };
}

function checkMedia(document: SdpDocument, media: SdpMedia): void {
  const way = directionOf(document, media);
  if (way === 'recvonly' || way === 'inactive') refuse(`The ${media.kind} track is ${way}; publishing needs sendonly or sendrecv.`);
  const names = codecNames(media);
  const offered = media.formats.map((format) => names.get(format));
  if (offered.every((name) => name === undefined)) malformed('No payload type of a media section is explained.');
  const wanted = media.kind === 'video' ? VIDEO_CODECS : AUDIO_CODECS;
  if (!offered.some((name) => name !== undefined && wanted.includes(name)))
    refuse(media.kind === 'video' ? 'Video must be offered as VP8, VP9 or AV1.' : 'Audio must be offered as Opus, PCMU, PCMA or G722.');
}
