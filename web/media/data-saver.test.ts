import { describe, expect, it } from 'vitest';
import type { UplinkWish } from '../../src/domain/uplink.ts';
import { savingWish, sparingAnswer, sparingOffer } from './data-saver.ts';

const camera: UplinkWish = { source: 'camera', width: 1280, height: 720, frameRate: 30, maxBitrateBps: 1_800_000, shown: true };

describe('what a data saver sends', () => {
  it('has 180 lines and 15 pictures a second, whatever is asked for', () => {
    expect(savingWish(camera)).toEqual({ ...camera, width: 320, height: 180, frameRate: 15, maxBitrateBps: 75_000 });
    expect(savingWish({ ...camera, width: 720, height: 1280 })).toMatchObject({ width: 180, height: 320 });
  });

  it('is never more than asked for', () => {
    const small = { ...camera, width: 160, height: 90, frameRate: 8, maxBitrateBps: 60_000 };
    expect(savingWish(small)).toEqual(small);
  });

  it('leaves a screen its size', () => {
    expect(savingWish({ ...camera, source: 'screen', width: 1920, height: 1080 })).toMatchObject({ width: 1920, height: 1080, frameRate: 5, maxBitrateBps: 150_000 });
  });
});

describe('an offer for a narrow connection', () => {
  const offer = (parameters: string, ...more: string[]): string =>
    `${['v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:63 red/48000/2', `a=fmtp:111 ${parameters}`, 'a=fmtp:63 111/111', ...more, 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=fmtp:96 x=1'].join('\r\n')}\r\n`;

  it('asks for narrow Opus in long packets, and leaves the rest alone', () => {
    expect(sparingOffer(offer('minptime=10;useinbandfec=1;stereo=1', 'a=maxptime:60'))).toBe(
      offer('minptime=10;maxaveragebitrate=24000;maxplaybackrate=16000;stereo=0;useinbandfec=1;usedtx=0', 'a=ptime:40'),
    );
  });

  it('wants no transport-wide feedback for the sound', () => {
    const feedback = 'a=rtcp-fb:111 transport-cc';
    const numbers = 'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
    const video = `a=rtcp-fb:96 transport-cc\r\n${numbers}\r\n`;

    expect(sparingOffer(offer('minptime=10', feedback, numbers) + video)).toBe(sparingOffer(offer('minptime=10')) + video);
  });
});

describe('an answer for a narrow connection', () => {
  const answer = (...more: string[]): string => `${['v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', ...more, 'a=mid:1', 'a=sendonly'].join('\r\n')}\r\n`;

  it('limits what goes out with the pictures, what is sent again included', () => {
    expect(sparingAnswer(answer(), 'camera')).toBe(answer('b=AS:98'));
    expect(sparingAnswer(answer('b=AS:2500'), 'camera')).toBe(answer('b=AS:98'));
    expect(sparingAnswer(answer(), 'screen')).toBe(answer('b=AS:195'));
  });
});
