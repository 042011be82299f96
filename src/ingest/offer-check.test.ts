import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { attributes, parseSdp } from '../media/sdp.ts';
import { answerFragment, finishAnswer, publicCandidates } from './answer-text.ts';
import { checkOffer } from './offer-check.ts';
import { rewriteOffer, withIceCredentials } from './offer-rewrite.ts';
import { parseFragment } from './sdp-fragment.ts';

const TRANSPORT = [
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789abcdef01234567',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'a=rtcp-mux',
];
const AUDIO = ['m=audio 9 UDP/TLS/RTP/SAVPF 111 0', ...TRANSPORT, 'a=mid:0', 'a=sendrecv', 'a=msid:one mic', 'a=rtpmap:111 opus/48000/2', 'a=ssrc:1 msid:one mic', 'a=ssrc:1 cname:x'];
const VIDEO = ['m=video 9 UDP/TLS/RTP/SAVPF 98 96 97', ...TRANSPORT, 'a=mid:1', 'a=sendonly', 'a=msid:two cam', 'a=rtpmap:98 VP9/90000', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'];
const H264 = VIDEO.map((line) => line.replace('98 96 97', '102').replace('98 VP9', '102 H264')).filter((line) => !/a=(rtpmap|fmtp):9[67]/.test(line));

function offer(sections: string[][], group = 'a=group:BUNDLE 0 1'): string {
  return `${['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', group, ...sections.flat()].join('\r\n')}\r\n`;
}
function codeOf(text: string): string {
  try {
    checkOffer(text);
    return 'taken';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}
const without = (lines: string[], start: string): string[] => lines.filter((line) => !line.startsWith(start));
const changed = (lines: string[], from: string | RegExp, to: string): string[] => lines.map((line) => line.replace(from, to));

describe('checkOffer', () => {
  it('takes what browsers send and tells what is in it', () => {
    expect(checkOffer(offer([AUDIO, VIDEO]))).toMatchObject({ audio: true, video: true, wantsAudioBack: true, iceUfrag: 'abcd' });
    expect(checkOffer(offer([changed(AUDIO, 'sendrecv', 'sendonly')], 'a=group:BUNDLE 0'))).toMatchObject({ video: false, wantsAudioBack: false });
    expect(checkOffer(offer([VIDEO], 'a=group:BUNDLE 1'))).toMatchObject({ audio: false, video: true });
  });

  it.each([
    ['nothing', ''],
    ['no SDP', 'hello'],
    ['JSON', '{"type":"offer"}'],
    ['a line that is none', offer([AUDIO, VIDEO]).replace('a=mid:0', 'mid 0')],
    ['a NUL byte', offer([AUDIO, VIDEO]).replace('a=mid:0', 'a=mid:\0')],
    ['a broken m-line', offer([changed(AUDIO, 'm=audio 9', 'm=audio nine'), VIDEO])],
    ['a port above 65535', offer([changed(AUDIO, 'm=audio 9', 'm=audio 70000'), VIDEO])],
    ['two equal mids', offer([AUDIO, changed(VIDEO, 'a=mid:1', 'a=mid:0')])],
    ['a group of unknown mids', offer([AUDIO, VIDEO], 'a=group:BUNDLE 0 1 2')],
    ['no ICE credentials', offer([without(AUDIO, 'a=ice-pwd'), VIDEO])],
    ['a password that is too short', offer([changed(AUDIO, /ice-pwd:.*/, 'ice-pwd:short'), VIDEO])],
    ['no fingerprint', offer([without(AUDIO, 'a=fingerprint'), VIDEO])],
    ['two directions', offer([[...AUDIO, 'a=sendonly'], VIDEO])],
    ['credentials that differ within the bundle', offer([changed(AUDIO, 'abcd', 'efgh'), VIDEO])],
    ['payload types without meaning', offer([AUDIO, without(VIDEO, 'a=rtpmap')])],
  ])('calls %s malformed', (_what, text) => {
    expect(codeOf(text)).toBe('malformedSdp');
  });

  it.each([
    ['no media', offer([], 'a=group:BUNDLE')],
    ['two videos', offer([VIDEO, changed(VIDEO, 'a=mid:1', 'a=mid:2')], 'a=group:BUNDLE 1 2')],
    ['two audios', offer([AUDIO, changed(AUDIO, 'a=mid:0', 'a=mid:2')], 'a=group:BUNDLE 0 2')],
    ['a data channel', offer([AUDIO, ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', ...TRANSPORT, 'a=mid:1']])],
    ['SDES', offer([[...AUDIO, 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x'], VIDEO])],
    ['plain RTP', offer([changed(AUDIO, 'UDP/TLS/RTP/SAVPF', 'RTP/AVP'), VIDEO])],
    ['H.264 only', offer([AUDIO, H264])],
    ['no bundle', offer([AUDIO, VIDEO], 'a=x')],
    ['half a bundle', offer([AUDIO, VIDEO], 'a=group:BUNDLE 0')],
    ['no rtcp-mux', offer([without(AUDIO, 'a=rtcp-mux'), VIDEO])],
    ['a track that only receives', offer([AUDIO, changed(VIDEO, 'sendonly', 'recvonly')])],
    ['a section switched off', offer([AUDIO, changed(VIDEO, 'm=video 9', 'm=video 0')])],
  ])('refuses %s', (_what, text) => {
    expect(codeOf(text)).toBe('unacceptableOffer');
  });
});

describe('rewriteOffer', () => {
  const rewritten = rewriteOffer(
    checkOffer(offer([AUDIO, [...VIDEO, 'a=rid:h send', 'a=simulcast:send h', 'a=candidate:1 1 udp 1 10.0.0.1 5000 typ host', 'a=candidate:2 1 udp 1 abc.local 5000 typ host']])).document,
  );
  it('puts both tracks into one stream', () => {
    expect(parseSdp(rewritten).media.map((m) => attributes(m.lines, 'msid'))).toEqual([['publication audio'], ['publication video']]);
    expect(rewritten).not.toMatch(/ssrc:1 msid/);
    expect(rewritten).toMatch(/ssrc:1 cname/);
  });
  it('puts VP8 first, and leaves out simulcast and host names', () => {
    expect(parseSdp(rewritten).media[1]?.formats).toEqual(['96', '98', '97']);
    expect(rewritten).not.toMatch(/simulcast|a=rid|\.local/);
    expect(rewritten).toMatch(/10\.0\.0\.1/);
  });
  it('changes the credentials for a restart', () => {
    const restarted = withIceCredentials(rewritten, 'wxyz', 'p'.repeat(24));
    expect(checkOffer(restarted).iceUfrag).toBe('wxyz');
    expect(restarted).not.toMatch(/candidate/);
  });
});

describe('the answer', () => {
  const answer = offer([[...AUDIO, 'a=candidate:1 1 udp 9 192.0.2.2 5000 typ host generation 0 network-id 1', 'a=candidate:2 1 udp 8 127.0.0.1 5000 typ host generation 0 network-id 3', 'a=candidate:3 1 udp 7 fd00::2 5000 typ host generation 0', 'a=candidate:4 1 tcp 6 192.0.2.2 5000 typ host tcptype passive generation 0', 'a=candidate:5 1 udp 5 198.51.100.9 6000 typ srflx raddr 192.0.2.2 rport 5000'], VIDEO]);

  it('says rtcp-mux-only on every m-line', () => {
    expect(parseSdp(finishAnswer(answer, undefined)).media.map((m) => attributes(m.lines, 'rtcp-mux-only'))).toEqual([[''], ['']]);
  });
  it('shows the public address once per transport, and only its family', () => {
    const candidates = publicCandidates(parseSdp(answer).media[0]?.lines ?? [], '203.0.113.7').filter((line) => line.startsWith('a=candidate'));
    expect(candidates.map((line) => line.split(' ').slice(2, 6).join(' '))).toEqual(['udp 9 203.0.113.7 5000', 'tcp 6 203.0.113.7 5000', 'udp 5 198.51.100.9 6000']);
  });
  it('gives its ICE part as a fragment', () => {
    const fragment = answerFragment(answer);
    expect(parseFragment(fragment)).toMatchObject({ ufrag: 'abcd', password: '0123456789abcdef01234567' });
    expect(parseFragment(fragment).candidates).toHaveLength(5);
  });
});

describe('parseFragment', () => {
  it('skips candidates with host names', () => {
    expect(parseFragment('a=ice-ufrag:abcd\r\na=mid:1\r\na=candidate:1 1 udp 1 x.local 5000 typ host\r\na=candidate:2 1 udp 1 10.0.0.1 5000 typ host\r\n').candidates).toEqual([
      { mid: '1', candidate: 'candidate:2 1 udp 1 10.0.0.1 5000 typ host' },
    ]);
  });
  it.each(['', 'nonsense', 'a=ice-ufrag:!!!!'])('refuses %j', (text) => {
    expect(() => parseFragment(text)).toThrow(AppError);
  });
});
