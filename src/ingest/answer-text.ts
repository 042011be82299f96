/** What we change in libwebrtc's answer before the publisher reads it. Pure text work. */
import { isIP } from 'node:net';
import { formatSdp, parseSdp, type SdpDocument } from '../media/sdp.ts';
import { isOpusParameters } from './sparing-opus.ts';

/**
 * `a=rtcp-mux-only` on every bundled m-line (RFC 9725 §4.2 asks for it), and the public address in place of the host's
 * own when it is set (TESSERA_PUBLIC_IP: a 1:1 NAT in front of the host).
 */
export function finishAnswer(answer: string, publicIp: string | undefined): string {
  const document = parseSdp(answer);
  for (const media of document.media)
    media.lines = publicCandidates(media.lines, publicIp).flatMap((line) => (line === 'a=rtcp-mux' ? [line, 'a=rtcp-mux-only'] : [line]));
  return formatSdp(document);
}

/** Opus in stereo at this rate: for music, where 64 kbit/s (libwebrtc's own choice) can be heard. */
const STEREO_BPS = 128_000;

/** The offer says that its Opus is stereo (RFC 7587 §7.1): encoders do, browsers do not. */
export function offersStereo(document: SdpDocument): boolean {
  return document.media.some((media) => media.lines.some((line) => isOpusParameters(media, line) && /[ ;](sprop-)?stereo=1(;|$)/.test(line)));
}

/**
 * An answer that takes Opus in stereo: without `stereo=1` in it libwebrtc decodes to mono, and browsers send mono
 * (RFC 7587 §6.1). It must be in the description that libwebrtc itself gets, too.
 */
export function withStereo(answer: string): string {
  const document = parseSdp(answer);
  for (const media of document.media)
    media.lines = media.lines.map((line) => (isOpusParameters(media, line) && !/[ ;]stereo=/.test(line) ? `${line};stereo=1;maxaveragebitrate=${STEREO_BPS}` : line));
  return formatSdp(document);
}

/** Host candidates with their address replaced; those that become equal, and those of the other address family, are left out. */
export function publicCandidates(lines: readonly string[], publicIp: string | undefined): string[] {
  if (publicIp === undefined) return [...lines];
  const family = isIP(publicIp);
  const seen = new Set<string>();
  const kept: string[] = [];
  for (const line of lines) {
    const words = line.split(' ');
    if (line.startsWith('c=IN ')) kept.push(`c=IN IP${family} ${publicIp}`);
    else if (!line.startsWith('a=candidate:') || words[7] !== 'host') kept.push(line);
    else if (isIP(words[4] ?? '') === family) {
      words[4] = publicIp;
      const same = [words[1], words[2], words[5], words[9]].join(' ');
      if (!seen.has(same)) kept.push(words.join(' '));
      seen.add(same);
    }
  }
  return kept;
}

/** The answer's ICE part as a trickle fragment (RFC 8840 §9), for the 200 of an ICE restart. */
export function answerFragment(answer: string): string {
  const document: SdpDocument = parseSdp(answer);
  const first = document.media[0];
  if (!first) return '';
  const pick = (pattern: RegExp): string[] => first.lines.filter((line) => pattern.test(line));
  const group = document.session.filter((line) => line.startsWith('a=group:BUNDLE'));
  return `${[
    ...group,
    ...pick(/^a=ice-(ufrag|pwd):/),
    `m=${first.kind} ${first.port} ${first.protocol} ${first.formats[0] ?? 0}`,
    ...pick(/^a=mid:/),
    ...pick(/^a=candidate:/),
    'a=end-of-candidates',
  ].join('\r\n')}\r\n`;
}
