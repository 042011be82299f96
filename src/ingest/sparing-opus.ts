/** Opus for somebody on a narrow connection, who says so in the offer. Pure text work. */
import { codecNames, formatSdp, parseSdp, type SdpDocument, type SdpMedia } from '../media/sdp.ts';

export interface SparingOpus {
  maxAverageBitrateBps: number;
  /** Milliseconds of sound in a packet. */
  packetMs: number | undefined;
  /** Highest sample rate that is of use; undefined: all of it. */
  maxPlaybackRateHz: number | undefined;
}

/** An offer that wants to receive no more than this means that its connection is narrow. */
const NARROW_BPS = 40_000;
const LEAST_BPS = 6_000;

/**
 * What the offer asks its Opus to be (RFC 7587 §6.1): `maxaveragebitrate` of at most 40 kbit/s, and the packets' length.
 * libwebrtc obeys both for what it sends (the mix-minus). @returns undefined for an offer that asks for no less than usual
 */
export function sparingOpusOf(offer: SdpDocument): SparingOpus | undefined {
  for (const media of offer.media) {
    for (const line of media.lines) {
      if (!isOpusParameters(media, line)) continue;
      const bps = Number(/[ ;]maxaveragebitrate=(\d{4,6})(;|$)/.exec(line)?.[1]);
      if (!(bps >= LEAST_BPS && bps <= NARROW_BPS)) continue;
      const packetMs = Number(media.lines.find((l) => /^a=ptime:(20|40|60)$/.test(l))?.slice('a=ptime:'.length));
      const playbackHz = Number(/[ ;]maxplaybackrate=(8000|12000|16000|24000|48000)(;|$)/.exec(line)?.[1]);
      return { maxAverageBitrateBps: bps, packetMs: packetMs > 0 ? packetMs : undefined, maxPlaybackRateHz: playbackHz > 0 ? playbackHz : undefined };
    }
  }
  return undefined;
}

/**
 * The answer that asks the publisher for the same in return: who receives little can send little. Mono, with in-band repair of lost
 * packets, the same rate and the same length of packets.
 */
export function withSparingOpus(answer: string, { maxAverageBitrateBps, packetMs, maxPlaybackRateHz }: SparingOpus): string {
  const parameters = [`maxaveragebitrate=${maxAverageBitrateBps}`, ...(maxPlaybackRateHz === undefined ? [] : [`maxplaybackrate=${maxPlaybackRateHz}`]), 'stereo=0', 'useinbandfec=1'].join(';');
  const document = parseSdp(answer);
  for (const media of document.media) {
    if (media.kind !== 'audio') continue;
    media.lines = media.lines
      .filter((line) => packetMs === undefined || !/^a=(max)?ptime:/.test(line))
      .map((line) => (isOpusParameters(media, line) ? `${withoutParameters(line)};${parameters}` : line));
    if (packetMs !== undefined) media.lines.push(`a=ptime:${packetMs}`);
  }
  return formatSdp(document);
}

function withoutParameters(line: string): string {
  return line.replace(/;?(maxaveragebitrate|maxplaybackrate|stereo|useinbandfec)=\d+/g, '').replace(/ ;/, ' ');
}

export function isOpusParameters(media: SdpMedia, line: string): boolean {
  if (media.kind !== 'audio') return false;
  const format = /^a=fmtp:(\d+) /.exec(line)?.[1];
  return format !== undefined && codecNames(media).get(format) === 'OPUS';
}
