import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDestination, redactDestination } from './destination.ts';
import { AppError } from './errors.ts';

describe('parseDestination', () => {
  it.each([
    ['rtmp://a.example/live/key', { protocol: 'rtmp', host: 'a.example', port: 1935, app: 'live', streamName: 'key' }],
    ['RTMPS://Live.Example:443/rtmp/FB-1-0-Ab?s_bl=1&a=Abz', { protocol: 'rtmps', host: 'live.example', port: 443, app: 'rtmp', streamName: 'FB-1-0-Ab?s_bl=1&a=Abz' }],
    ['rtmp://10.0.0.1:1936/app/instance/key', { protocol: 'rtmp', host: '10.0.0.1', port: 1936, app: 'app/instance', streamName: 'key' }],
    ['rtmp://[2001:db8::1]/live/key', { protocol: 'rtmp', host: '2001:db8::1', port: 1935, app: 'live', streamName: 'key' }],
    ['srt://a.example:9000', { protocol: 'srt', host: 'a.example', port: 9000, latencyMs: 500 }],
    [
      'srt://a.example:9000?mode=caller&streamid=%23!::r=live/key,m=publish&passphrase=0123456789&pbkeylen=32&latency=200',
      { protocol: 'srt', host: 'a.example', port: 9000, streamId: '#!::r=live/key,m=publish', passphrase: '0123456789', keyLengthBytes: 32, latencyMs: 200 },
    ],
  ])('takes %s', (url, wanted) => {
    expect(parseDestination(url)).toEqual(wanted);
  });

  it.each([
    '', 'http://a.example/live/key', 'file:///etc/passwd', 'rtmp:/a/b/c', 'rtmpt://a.example/live/key', 'tee:rtmp://a/b/c',
    'rtmp://a.example', 'rtmp://a.example/live', 'rtmp://a.example/live/', 'rtmp://a.example//key', 'rtmp:///live/key', 'rtmp://a.example/../key',
    'rtmp://a.example/live/key live=1', ' rtmp://a.example/live/key', 'rtmp://a.example/live/key\n', 'rtmp://a.example/live/key%0a-f', 'rtmp://a.example/live/key%20x=1',
    'rtmp://user:secret@a.example/live/key', 'rtmp://a.example:0/live/key', 'rtmp://a.example:70000/live/key', 'rtmp://-a/live/key', 'rtmp://a_b/live/key',
    'rtmp://a.example/live/key|[f=mpegts]udp://b', 'rtmp://a.example/live/"key"', 'rtmp://a.example/live/key#x', 'rtmp://[::1/live/key', 'rtmp://ä.example/live/key',
    `rtmp://a.example/live/${'x'.repeat(900)}`,
    'srt://a.example', 'srt://:9000', 'srt://a.example:9000?mode=listener', 'srt://a.example:9000?mode=rendezvous', 'srt://a.example:9000?passphrase=short',
    'srt://a.example:9000?latency=0', 'srt://a.example:9000?localaddr=0.0.0.0', 'srt://a.example:9000?mode=caller&mode=listener', 'srt://a.example:9000/path', 'srt://a.example:9000?streamid=a%0ab',
  ])('refuses %j', (url) => {
    const parse = (): unknown => parseDestination(url);
    expect(parse).toThrow(AppError);
    expect(parse).toThrow(expect.objectContaining({ code: 'invalidDestination' }));
  });

  it('never throws anything else, and never repeats a secret', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string().map((s) => `rtmp://a/${s}`), fc.string().map((s) => `srt://a:1?${s}`)), (text) => {
        try {
          parseDestination(text);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('redactDestination', () => {
  it.each([
    ['rtmp://a.example/live/key?user=me', 'rtmp://a.example/live/***'],
    ['rtmp://a.example:1936/live/secret-instance/key', 'rtmp://a.example:1936/live/***'],
    ['rtmps://a.example/live/key', 'rtmps://a.example/live/***'],
    ['srt://[2001:db8::1]:9000?streamid=secret', 'srt://[2001:db8::1]:9000?***'],
    ['srt://a.example:9000', 'srt://a.example:9000'],
    ['rtmp://user:secret@a.example/live/key', '***'],
  ])('%s → %s', (url, wanted) => {
    expect(redactDestination(url)).toBe(wanted);
  });
});
