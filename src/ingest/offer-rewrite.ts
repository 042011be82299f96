/** What we change in a checked offer before libwebrtc reads it. Pure text work. */
import { codecNames, formatSdp, type SdpDocument, type SdpMedia } from '../media/sdp.ts';
import { isLiteralCandidate, withUsableCandidates } from '../media/sdp-offer.ts';

/** VP8 is the cheapest to decode, so it goes first; the publisher sends the first codec of the answer. */
const PREFERENCE = ['VP8', 'VP9', 'AV1', 'OPUS'];
const DROPPED = /^a=(msid|msid-semantic|simulcast|rid|ssrc:\d+ (msid|mslabel|label))(:|$| )/;

/**
 * - one MediaStream for both tracks, because libwebrtc synchronises only within one (field-notes.md);
 * - no simulcast: the publisher then sends a single encoding;
 * - no candidates with host names, and a bounded number of the others.
 */
export function rewriteOffer(document: SdpDocument): string {
  const { session, media: sections } = withUsableCandidates(document, isLiteralCandidate);
  return formatSdp({
    session: session.filter((line) => !line.startsWith('a=msid-semantic')),
    media: sections.map((media) => ({
      ...media,
      formats: preferred(media),
      lines: [...media.lines.filter((line) => !DROPPED.test(line)), `a=msid:publication ${media.kind}`],
    })),
  });
}

function preferred(media: SdpMedia): string[] {
  const names = codecNames(media);
  const rank = (format: string): number => {
    const at = PREFERENCE.indexOf(names.get(format) ?? '');
    return at < 0 ? PREFERENCE.length : at;
  };
  return [...media.formats].sort((a, b) => rank(a) - rank(b)); // stable: the rest keeps its order
}

/** The offer with other ICE credentials and without candidates: an ICE restart in the publisher's name (RFC 9725 §4.3.2). */
export function withIceCredentials(offer: string, ufrag: string, password: string): string {
  return offer
    .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${ufrag}`)
    .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${password}`)
    .replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, '');
}
