/**
 * Reads the plainest HTTP/1.1 requests there are, GET and HEAD without a body below one prefix, and nothing else: whatever is
 * in any way unusual is `foreign` and left to node:http, so that no two readers ever disagree about where a request ends
 * (RFC 9112 section 11.2).
 */

export interface HotHeaders {
  host: string;
  /** Accept-Encoding names gzip, and does not refuse it. */
  gzip: boolean;
  authorization?: string;
  forwardedFor?: string;
  origin?: string;
  ifNoneMatch?: string;
  ifRange?: string;
  range?: string;
}

export interface HotRequest {
  head: boolean;
  /** Path as sent: begins with the prefix, no percent signs. */
  path: string;
  /** Behind the question mark; empty without one. */
  query: string;
  headers: HotHeaders;
}

/** `elsewhere`: plain, but for another method or path; later requests on the connection may be hot again. */
export type Reading = { kind: 'more' } | { kind: 'foreign'; elsewhere: boolean } | { kind: 'hot'; request: HotRequest; next: number };

/** More is not read before it goes to node:http, whose own limit is 16 KiB. */
export const MAX_HEAD_BYTES = 12 * 1024;
const MAX_HEADERS = 64;
const MORE: Reading = { kind: 'more' };
const FOREIGN: Reading = { kind: 'foreign', elsewhere: false };
const ELSEWHERE: Reading = { kind: 'foreign', elsewhere: true };

const TARGET = /^\/[\x21\x22\x24\x26-\x7e]*$/; // no '#', no '%', no space or control character
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*$/;
/** Would give the request a body, another protocol or another meaning. */
const NOT_HERE = new Set(['content-length', 'transfer-encoding', 'expect', 'upgrade', 'trailer', 'te', 'if-match', 'if-unmodified-since', 'http2-settings', 'proxy-connection']);

/** One per connection: most requests on it have the same header lines, which are then not read again. */
export class HotRequestReader {
  #block = '';
  #headers: HotHeaders | undefined;

  /** @param prefix `/hls/` */
  constructor(private readonly prefix: string) {}

  /** @param text latin1 of the bytes @param from where the next request begins */
  read(text: string, from: number): Reading {
    const isGet = text.startsWith('GET ', from);
    if (!isGet && !text.startsWith('HEAD ', from)) return text.length - from < 5 && ('GET '.startsWith(text.slice(from)) || 'HEAD '.startsWith(text.slice(from))) ? MORE : ELSEWHERE;
    const end = text.indexOf('\r\n\r\n', from);
    if (end < 0) return text.length - from > MAX_HEAD_BYTES ? FOREIGN : MORE;
    if (end - from > MAX_HEAD_BYTES) return FOREIGN;
    const line = text.indexOf('\r\n', from);
    if (line === end || !text.startsWith(' HTTP/1.1', line - 9)) return FOREIGN;
    const at = from + (isGet ? 4 : 5);
    if (!text.startsWith(this.prefix, at)) return ELSEWHERE;
    const target = text.slice(at, line - 9);
    if (!TARGET.test(target)) return FOREIGN;
    const block = text.slice(line + 2, end);
    if (block !== this.#block || !this.#headers) {
      const headers = readHeaders(block);
      if (!headers) return FOREIGN;
      this.#headers = headers;
      this.#block = block;
    }
    const mark = target.indexOf('?');
    const path = mark < 0 ? target : target.slice(0, mark);
    return { kind: 'hot', request: { head: !isGet, path, query: mark < 0 ? '' : target.slice(mark + 1), headers: this.#headers }, next: end + 4 };
  }
}

function readHeaders(block: string): HotHeaders | undefined {
  const lines = block.split('\r\n');
  if (lines.length > MAX_HEADERS) return undefined;
  const seen = new Map<string, string>();
  for (const line of lines) {
    const match = HEADER.exec(line);
    if (!match) return undefined;
    const name = (match[1] as string).toLowerCase();
    if (NOT_HERE.has(name)) return undefined;
    if (LISTS.has(name) && seen.has(name)) seen.set(name, `${seen.get(name)},${match[2]}`);
    else if (seen.has(name) && HotNames.has(name)) return undefined;
    else seen.set(name, match[2] as string);
  }
  const connection = seen.get('connection');
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  const host = seen.get('host');
  if (host === undefined) return undefined;
  const optional = (key: keyof HotHeaders, name: string): Partial<HotHeaders> => (seen.has(name) ? { [key]: seen.get(name) } : {});
  return {
    host,
    gzip: takesGzip(seen.get('accept-encoding')),
    ...optional('authorization', 'authorization'),
    ...optional('forwardedFor', 'x-forwarded-for'),
    ...optional('origin', 'origin'),
    ...optional('ifNoneMatch', 'if-none-match'),
    ...optional('ifRange', 'if-range'),
    ...optional('range', 'range'),
  };
}

/** May come line by line (RFC 9110 section 5.3). */
const LISTS = new Set(['accept-encoding', 'x-forwarded-for']);

/** Must come once. */
const HotNames = new Set(['host', 'connection', 'authorization', 'origin', 'if-none-match', 'if-range', 'range']);

/** RFC 9110 section 12.5.3, as far as it decides between gzip and nothing. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const match = /(?:^|,)[ \t]*(?:gzip|x-gzip)[ \t]*(?:;[ \t]*q=([0-9.]+))?[ \t]*(?:,|$)/i.exec(acceptEncoding ?? '');
  return match !== null && (match[1] === undefined || Number(match[1]) > 0);
}
