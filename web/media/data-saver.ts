import type { UplinkWish } from '../../src/domain/uplink.ts';

/** Sound at this rate is clear speech; packets of 40 ms, for a packet's headers cost as much as 20 ms of it. */
export const SAVER_AUDIO_BPS = 24_000;
const AUDIO_PACKET_MS = 40;
/** libopus repairs lost packets at this rate of bits only when it leaves out what is above 8 kHz (its thresholds: 16 kbit/s wideband, 22 fullband, and a fifth more). */
const AUDIO_RATE_HZ = 16_000;
/** With the sound, what is sent again, and all headers 150 kbit/s go out (measured by `npm run bench:data-saver`). */
const VIDEO_BPS = 75_000;
const SHORT_SIDE = 180;
const FRAME_RATE = 15;
/** A shared screen stays as large as it is, or nobody could read it; it changes less often. */
const SCREEN_FRAME_RATE = 5;
const SCREEN_BPS = 150_000;

/** What is sent instead of what the room asks for: 180 lines, 15 pictures a second. Never more than asked. */
export function savingWish(wish: UplinkWish): UplinkWish {
  if (wish.source === 'screen') return { ...wish, frameRate: Math.min(wish.frameRate, SCREEN_FRAME_RATE), maxBitrateBps: Math.min(wish.maxBitrateBps, SCREEN_BPS) };
  const scale = Math.min(1, SHORT_SIDE / Math.min(wish.width, wish.height));
  return {
    ...wish,
    width: 2 * Math.round((wish.width * scale) / 2),
    height: 2 * Math.round((wish.height * scale) / 2),
    frameRate: Math.min(wish.frameRate, FRAME_RATE),
    maxBitrateBps: Math.min(wish.maxBitrateBps, VIDEO_BPS),
  };
}

/**
 * An offer that wants Opus narrow: mono, 24 kbit/s, 40 ms a packet, lost packets repaired from the next. The service sends the
 * mix-minus so, and asks for the same in its answer; the browser has no other way to be told. Transport-wide feedback is for the
 * pictures only: for the sound, whose rate is fixed, it takes 10 kbit/s in each direction.
 */
export function sparingOffer(sdp: string): string {
  const payloadTypes = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r?$/gim)].map((match) => match[1]));
  return sdp
    .replace(/^a=fmtp:(\d+) ([^\r\n]*)/gm, (line, payloadType: string, parameters: string) => {
      if (!payloadTypes.has(payloadType)) return line;
      const kept = parameters.split(';').filter((p) => !/^\s*(stereo|sprop-stereo|maxaveragebitrate|maxplaybackrate|useinbandfec|usedtx)=/.test(p));
      return `a=fmtp:${payloadType} ${[...kept, `maxaveragebitrate=${SAVER_AUDIO_BPS}`, `maxplaybackrate=${AUDIO_RATE_HZ}`, 'stereo=0', 'useinbandfec=1', 'usedtx=0'].join(';')}`;
    })
    .replace(sectionsOf('audio'), (section) => `${section.replace(/^a=((max)?ptime:|rtcp-fb:\d+ transport-cc|extmap:\d+ \S*transport-wide-cc).*\r?\n/gm, '')}a=ptime:${AUDIO_PACKET_MS}\r\n`);
}

/** More than the pictures, for what is sent again. */
const WITH_REPAIRS = 1.3;

/**
 * The answer with a limit for all that goes out with the pictures (RFC 4566 `b=AS`). Without one Chromium looks for room up to 300 kbit/s by
 * sending old packets again: over a link of that size, and on a bill, that is what was to be saved.
 */
export function sparingAnswer(sdp: string, source: UplinkWish['source']): string {
  const line = `b=AS:${Math.ceil(((source === 'screen' ? SCREEN_BPS : VIDEO_BPS) * WITH_REPAIRS) / 1000)}\r\n`;
  // RFC 4566 section 5: i=, c=, b= and only then attributes
  return sdp.replace(sectionsOf('video'), (section) => section.replace(/^b=.*\r?\n/gm, '').replace(/^a=/m, `${line}a=`));
}

function sectionsOf(kind: 'audio' | 'video'): RegExp {
  return new RegExp(`^m=${kind} [\\s\\S]*?(?=^m=|$(?![\\s\\S]))`, 'gm');
}
