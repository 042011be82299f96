import { describe, expect, it } from 'vitest';
import { HotRequestReader, MAX_HEAD_BYTES, takesGzip } from './hot-request.ts';

const read = (text: string) => new HotRequestReader('/hls/').read(text, 0);
const GET = 'GET /hls/room/high/3.1.m4s?_HLS_msn=3 HTTP/1.1\r\nHost: h\r\n';

describe('requests that are read here', () => {
  it('knows path, query and the headers that matter', () => {
    const text = `${GET}accept-encoding: br, GZIP;q=0.5\r\nAuthorization: Bearer x\r\nConnection: Keep-Alive\r\nRange:  bytes=0-1 \r\nX-Other: 1\r\n\r\nGET `;

    expect(read(text)).toEqual({
      kind: 'hot',
      request: { head: false, path: '/hls/room/high/3.1.m4s', query: '_HLS_msn=3', headers: { host: 'h', gzip: true, authorization: 'Bearer x', range: 'bytes=0-1' } },
      next: text.length - 4,
    });
  });

  it('reads equal header lines once', () => {
    const reader = new HotRequestReader('/hls/');
    const two = `${GET}\r\nHEAD /hls/a/b HTTP/1.1\r\nHost: h\r\n\r\n`;

    const first = reader.read(two, 0);
    const second = first.kind === 'hot' ? reader.read(two, first.next) : first;

    expect(first.kind === 'hot' && second.kind === 'hot' && first.request.headers === second.request.headers).toBe(true);
    expect(second).toMatchObject({ request: { head: true, path: '/hls/a/b', query: '' }, next: two.length });
  });

  it('waits for every missing byte', () => {
    const text = `${GET}\r\n`;
    for (let length = 0; length < text.length; length++) expect([length, read(text.slice(0, length)).kind]).toEqual([length, 'more']);
  });
});

describe('what is left to node:http', () => {
  it.each([
    ['another method', 'POST /hls/a/b HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['another path', 'GET /api/rooms HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['an absolute target', 'GET http://h/hls/a/b HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['HTTP/1.0', 'GET /hls/a/b HTTP/1.0\r\nHost: h\r\n\r\n'],
    ['percent signs', 'GET /hls/a/%62 HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['spaces in the target', 'GET /hls/a/ b HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['no headers at all', 'GET /hls/a/b HTTP/1.1\r\n\r\n'],
    ['no Host', 'GET /hls/a/b HTTP/1.1\r\nA: b\r\n\r\n'],
    ['two Hosts', `${GET}host: g\r\n\r\n`],
    ['two Authorizations', `${GET}Authorization: a\r\nAuthorization: b\r\n\r\n`],
    ['a body', `${GET}Content-Length: 4\r\n\r\nabcd`],
    ['an empty body', `${GET}Content-Length: 0\r\n\r\n`],
    ['chunks', `${GET}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['an upgrade', `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ['the end of the connection', `${GET}Connection: close\r\n\r\n`],
    ['a folded line', `${GET}A: b\r\n c\r\n\r\n`],
    ['a space before the colon', `${GET}Content-Length : 4\r\n\r\nabcd`],
    ['a bare line feed', `${GET}A: b\nContent-Length: 4\r\n\r\nabcd`],
    ['a bare carriage return', `${GET}A: b\rc\r\n\r\n`],
    ['a NUL', `${GET}A: b\0\r\n\r\n`],
    ['an empty line in front', `\r\n${GET}\r\n`],
    ['many headers', `${GET}${'a: b\r\n'.repeat(70)}\r\n`],
    ['a long head', `${GET}a: ${'b'.repeat(MAX_HEAD_BYTES)}\r\n\r\n`],
    ['a long head that has not ended', `${GET}a: ${'b'.repeat(MAX_HEAD_BYTES)}`],
  ])('%s', (_what, text) => {
    expect(read(text).kind).toBe('foreign');
  });
});

it.each([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['deflate, gzip;q=1.0, *;q=0.5', true],
  ['gzip;q=0', false],
  ['br', false],
  ['x-gzip', true],
])('takes gzip from %s: %s', (header, takes) => {
  expect(takesGzip(header)).toBe(takes);
});
