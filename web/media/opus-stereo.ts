/**
 * Asks for stereo in an offer: Chromium decodes Opus to mono unless its own description says `stereo=1` (RFC 7587 section 6.1),
 * and has no other way to be told.
 */
export function withOpusStereo(sdp: string): string {
  const payloadTypes = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r?$/gim)].map((match) => match[1]));
  return sdp.replace(/^a=fmtp:(\d+) ([^\r\n]*)/gm, (line, payloadType: string, parameters: string) =>
    payloadTypes.has(payloadType) && !/(^|;)\s*stereo=/.test(parameters) ? `${line};stereo=1` : line,
  );
}
