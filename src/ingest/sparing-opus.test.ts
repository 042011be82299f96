import { describe, expect, it } from 'vitest';
import { parseSdp } from '../media/sdp.ts';
import { sparingOpusOf, withSparingOpus } from './sparing-opus.ts';

function audio(parameters: string, ...more: string[]): string {
  return `${['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=rtpmap:111 opus/48000/2', `a=fmtp:111 ${parameters}`, ...more].join('\r\n')}\r\n`;
}

describe('Opus for a narrow connection', () => {
  it('is what an offer asks for that wants 40 kbit/s at most', () => {
    const of = (parameters: string, ...more: string[]) => sparingOpusOf(parseSdp(audio(parameters, ...more)));

    expect(of('minptime=10;maxaveragebitrate=24000;useinbandfec=1', 'a=ptime:40')).toEqual({ maxAverageBitrateBps: 24_000, packetMs: 40, maxPlaybackRateHz: undefined });
    expect(of('maxaveragebitrate=24000;maxplaybackrate=16000', 'a=ptime:40')).toEqual({ maxAverageBitrateBps: 24_000, packetMs: 40, maxPlaybackRateHz: 16_000 });
    expect(of('maxaveragebitrate=24000')).toMatchObject({ maxAverageBitrateBps: 24_000, packetMs: undefined });
    expect(of('minptime=10;useinbandfec=1', 'a=ptime:40')).toBeUndefined();
    expect(of('stereo=1;maxaveragebitrate=128000')).toBeUndefined();
    expect(of('maxaveragebitrate=1000')).toBeUndefined();
    expect(of('maxaveragebitrate=24000', 'a=ptime:7')).toMatchObject({ maxAverageBitrateBps: 24_000, packetMs: undefined });
  });

  it('is asked for in return', () => {
    const answer = withSparingOpus(audio('minptime=10;useinbandfec=1', 'a=maxptime:120', 'a=sendrecv'), { maxAverageBitrateBps: 24_000, packetMs: 40, maxPlaybackRateHz: 16_000 });

    expect(answer).toBe(audio('minptime=10;maxaveragebitrate=24000;maxplaybackrate=16000;stereo=0;useinbandfec=1', 'a=sendrecv', 'a=ptime:40'));
  });
});
