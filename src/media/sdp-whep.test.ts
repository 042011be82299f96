import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { finishAnswer, isUsableCandidate, parseSdpFragment, parseWhepOffer, offerForLibrary } from './sdp-whep.ts';

const SESSION = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1'];
const TRANSPORT = ['a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901', `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=setup:actpass', 'a=rtcp-mux', 'a=recvonly'];
const VIDEO = [
  'm=video 9 UDP/TLS/RTP/SAVPF 96 102 103 108 109',
  'a=mid:0',
  ...TRANSPORT,
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:102 H264/90000',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
  'a=rtpmap:103 rtx/90000',
  'a=fmtp:103 apt=102',
  'a=rtpmap:108 H264/90000',
  'a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  'a=rtpmap:109 rtx/90000',
  'a=fmtp:109 apt=108',
];
const AUDIO = ['m=audio 9 UDP/TLS/RTP/SAVPF 111 0', 'a=mid:1', ...TRANSPORT, 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:0 PCMU/8000'];
const text = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;
const without = (lines: string[], start: string): string[] => lines.filter((line) => !line.startsWith(start));
const instead = (lines: string[], from: string | RegExp, to: string): string[] => lines.map((line) => line.replace(from, to));

function codeOf(sdp: string): string {
  try {
    parseWhepOffer(sdp);
    return 'accepted';
  } catch (error) {
    return (error as AppError).code;
  }
}

describe('parseWhepOffer', () => {
  it('chooses constrained baseline with its RTX, and Opus', () => {
    const offer = parseWhepOffer(text(...SESSION, ...VIDEO, ...AUDIO));

    expect(offer.video).toMatchObject({ mid: '0', payloadType: 108, rtxPayloadType: 109 });
    expect(offer.audio).toMatchObject({ mid: '1', payloadType: 111 });
    expect(offer.iceUfrag).toBe('abcd');
  });

  it.each([
    ['minptime=10;useinbandfec=1', 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1'],
    ['minptime=10;stereo=0; sprop-stereo=0', 'minptime=10;stereo=1;sprop-stereo=1'],
    ['', 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1'],
  ])('answers Opus %j in stereo', (offered, answered) => {
    const audio = instead(AUDIO, 'minptime=10;useinbandfec=1', offered);

    expect(parseWhepOffer(text(...SESSION, ...VIDEO, ...audio)).audio?.parameters).toBe(answered);
  });

  it.each([
    ['one kind alone', text(...without(SESSION, 'a=group'), ...AUDIO)],
    ['plain baseline', text(...SESSION, ...instead(VIDEO, '42e01f', '64001f'), ...AUDIO)],
    ['sendrecv', text(...SESSION, ...instead(VIDEO, 'a=recvonly', 'a=sendrecv'), ...AUDIO)],
    ['a section that is in the bundle only', text(...SESSION, ...VIDEO, ...instead(AUDIO, 'm=audio 9', 'm=audio 0').filter((line) => !/^a=(ice-|fingerprint|setup|rtcp-mux)/.test(line)), 'a=bundle-only')],
    ['bare line feeds', text(...SESSION, ...VIDEO, ...AUDIO).replaceAll('\r', '')],
  ])('takes %s', (_what, sdp) => {
    expect(codeOf(sdp)).toBe('accepted');
  });

  it.each([
    ['nothing', ''],
    ['other text', 'hello'],
    ['JSON', '{"type":"offer"}'],
    ['no origin', text(...without(SESSION, 'o='), ...VIDEO, ...AUDIO)],
    ['a broken m-line', text(...SESSION, 'm=video', 'a=mid:0')],
    ['no ICE credentials', text(...SESSION, ...without(VIDEO, 'a=ice-ufrag'), ...AUDIO)],
    ['no fingerprint', text(...SESSION, ...VIDEO, ...without(AUDIO, 'a=fingerprint'))],
    ['no mid', text(...SESSION, ...without(VIDEO, 'a=mid'), ...AUDIO)],
    ['a payload type twice', text(...SESSION, ...instead(VIDEO, ' 96 ', ' 96 96 '), ...AUDIO)],
    ['a fingerprint of another length', text(...SESSION, ...instead(VIDEO, 'sha-256', 'sha-512'), ...instead(AUDIO, 'sha-256', 'sha-512'))],
    ['credentials that differ', text(...SESSION, ...VIDEO, ...instead(AUDIO, 'ufrag:abcd', 'ufrag:efgh'))],
    ['the same mid twice', text(...SESSION, ...VIDEO, ...instead(AUDIO, 'a=mid:1', 'a=mid:0'))],
    ['a bundle of what is not there', text(...instead(SESSION, '0 1', '0 1 2'), ...VIDEO, ...AUDIO)],
    ['two directions', text(...SESSION, ...VIDEO, 'a=sendonly', ...AUDIO)],
    ['an answer', text(...SESSION, ...instead(VIDEO, 'actpass', 'holdconn'), ...AUDIO)],
  ])('calls %s malformed', (_what, sdp) => {
    expect(codeOf(sdp)).toBe('malformedSdp');
  });

  it.each([
    ['no m-line', text(...without(SESSION, 'a=group'))],
    ['two videos', text(...instead(SESSION, '0 1', '0 1 2'), ...VIDEO, ...instead(VIDEO, 'a=mid:0', 'a=mid:2'), ...AUDIO)],
    ['two audios', text(...instead(SESSION, '0 1', '0 1 2'), ...VIDEO, ...AUDIO, ...instead(AUDIO, 'a=mid:1', 'a=mid:2'))],
    ['a data channel', text(...instead(SESSION, '0 1', '0 2'), ...VIDEO, 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:2', ...TRANSPORT)],
    ['no H.264', text(...SESSION, ...instead(VIDEO, 'H264', 'VP9'), ...AUDIO)],
    ['packetization-mode 0 only', text(...SESSION, ...instead(VIDEO, 'packetization-mode=1', 'packetization-mode=0'), ...AUDIO)],
    ['high profile only', text(...SESSION, ...instead(VIDEO, /42.01f/, '64001f'), ...AUDIO)],
    ['no Opus', text(...SESSION, ...VIDEO, ...instead(AUDIO, 'opus/48000/2', 'G722/8000'))],
    ['sending', text(...SESSION, ...instead(VIDEO, 'a=recvonly', 'a=sendonly'), ...AUDIO)],
    ['SDES', text(...SESSION, ...VIDEO, 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x', ...AUDIO)],
    ['plain RTP', text(...SESSION, ...instead(VIDEO, 'UDP/TLS/RTP/SAVPF', 'RTP/AVP'), ...AUDIO)],
    ['RTCP on its own port', text(...SESSION, ...without(VIDEO, 'a=rtcp-mux'), ...AUDIO)],
    ['no bundle', text(...without(SESSION, 'a=group'), ...VIDEO, ...AUDIO)],
    ['a rejected m-line', text(...SESSION, ...instead(VIDEO, 'm=video 9', 'm=video 0'), ...AUDIO)],
  ])('does not accept %s', (_what, sdp) => {
    expect(codeOf(sdp)).toBe('unacceptableOffer');
  });
});

describe('finishAnswer', () => {
  const answer = text('v=0', 'm=video 9 x 96', 'a=msid:programme video', 'a=msid:programme video', 'a=rtcp-mux', 'a=candidate:1 1 UDP 21 10.0.0.5 41000 typ host', 'm=audio 9 x 111', 'a=rtcp-mux');

  it('says rtcp-mux-only on each m-line and an msid once', () => {
    const lines = finishAnswer(answer).split('\r\n');

    expect(lines.filter((line) => line === 'a=rtcp-mux-only')).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('a=msid:'))).toHaveLength(1);
  });

  it('puts the public address into the candidates', () => {
    expect(finishAnswer(answer, '203.0.113.7')).toContain('a=candidate:1 1 UDP 21 203.0.113.7 41000 typ host');
    expect(finishAnswer(answer, '203.0.113.7')).not.toContain('10.0.0.5');
  });
});

describe('candidates', () => {
  it('passes over what would have to be resolved and what is not UDP', () => {
    expect(isUsableCandidate('candidate:1 1 udp 2122 192.0.2.2 5000 typ host')).toBe(true);
    expect(isUsableCandidate('candidate:1 1 udp 2122 0f1e2d3c.local 5000 typ host')).toBe(false);
    expect(isUsableCandidate('candidate:1 1 tcp 2122 192.0.2.2 9 typ host tcptype active')).toBe(false);
  });

  it('keeps no more of them than a client can have', () => {
    const candidates = Array.from({ length: 900 }, (_, i) => `a=candidate:${i} 1 udp 1 192.0.2.${i % 250} ${1000 + i} typ host`);

    const kept = offerForLibrary(text(...SESSION, ...VIDEO, ...candidates, ...AUDIO, ...candidates));

    expect(kept.match(/^a=candidate:/gm)).toHaveLength(64);
    expect(kept).toContain('m=audio');
  });

  it('leaves the beginning of DTLS to a caller with candidates, where it is free to', () => {
    const setups = (sdp: string): RegExpMatchArray | null => offerForLibrary(sdp).match(/^a=setup:.*(?=\r)/gm);
    const without = text(...SESSION, ...VIDEO, ...AUDIO);
    const hidden = text(...SESSION, ...VIDEO, 'a=candidate:1 1 udp 1 0f1e2d3c.local 5000 typ host', ...AUDIO);
    const usable = text(...SESSION, ...VIDEO, 'a=candidate:1 1 udp 1 192.0.2.2 5000 typ host', ...AUDIO);

    expect([setups(without), setups(hidden), setups(usable)]).toEqual(['actpass', 'actpass', 'active'].map((setup) => [`a=setup:${setup}`, `a=setup:${setup}`]));
    expect(setups(usable.replaceAll('actpass', 'passive'))).toEqual(['a=setup:passive', 'a=setup:passive']);
  });

  it('reads a fragment by its m-lines', () => {
    const fragment = text('a=ice-ufrag:abcd', 'a=ice-pwd:x', 'm=video 9 RTP/AVP 0', 'a=mid:0', 'a=candidate:1 1 udp 1 192.0.2.2 5 typ host', 'a=end-of-candidates');

    expect(parseSdpFragment(fragment)).toEqual({ iceUfrag: 'abcd', candidates: [{ candidate: 'candidate:1 1 udp 1 192.0.2.2 5 typ host', mid: '0' }] });
    expect(() => parseSdpFragment('rubbish')).toThrow(AppError);
  });
});
