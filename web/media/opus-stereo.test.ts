import { describe, expect, it } from 'vitest';
import { withOpusStereo } from './opus-stereo.ts';

describe('withOpusStereo', () => {
  const offer = (opus: string): string =>
    ['m=audio 9 UDP/TLS/RTP/SAVPF 111 63', 'a=rtpmap:111 opus/48000/2', `a=fmtp:111 ${opus}`, 'a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111', ''].join('\r\n');

  it('adds stereo to the parameters of Opus, and to no other line', () => {
    expect(withOpusStereo(offer('minptime=10;useinbandfec=1'))).toBe(offer('minptime=10;useinbandfec=1;stereo=1'));
  });

  it('leaves an offer alone that says it already, and one without Opus', () => {
    expect(withOpusStereo(offer('stereo=1;minptime=10'))).toBe(offer('stereo=1;minptime=10'));
    expect(withOpusStereo('a=rtpmap:0 PCMU/8000\r\na=fmtp:0 x=1\r\n')).toBe('a=rtpmap:0 PCMU/8000\r\na=fmtp:0 x=1\r\n');
  });

  it('is not misled by sprop-stereo', () => {
    expect(withOpusStereo(offer('sprop-stereo=1'))).toBe(offer('sprop-stereo=1;stereo=1'));
  });
});
