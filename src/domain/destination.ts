/**
 * Where a restream may be pushed to (conformance.md, "Push URLs"): parsed by ourselves into its few parts, so that no text
 * of a caller ever becomes an FFmpeg URL or option as it stands.
 */
import { AppError } from './errors.ts';

export interface RtmpDestination {
  protocol: 'rtmp' | 'rtmps';
  /** Name or address, without the brackets of IPv6. */
  host: string;
  port: number;
  app: string;
  /** With its query; it is the key, so a secret. */
  streamName: string;
}

export interface SrtDestination {
  protocol: 'srt';
  host: string;
  port: number;
  /** Secret, as it often holds the key. */
  streamId?: string;
  passphrase?: string;
  keyLengthBytes?: 16 | 24 | 32;
  latencyMs: number;
}

export type Destination = RtmpDestination | SrtDestination;

const MOST_CHARACTERS = 900;
const DEFAULT_PORTS = { rtmp: 1935, rtmps: 443 } as const;
const DEFAULT_SRT_LATENCY_MS = 500;
/** Letters, digits and what URLs use between them. No space, quote, backslash, pipe, bracket or control character. */
const URL_TEXT = /^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]+$/;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$/;
const IPV6 = /^[0-9A-Fa-f:.]{2,45}$/;
/** What may stand in an app or stream name after percent decoding is left encoded; these are refused in either form. */
const ENCODED_CONTROL = /%(?:[01][0-9A-Fa-f]|20|22|5[Cc]|7[Ff])/;

/** @throws AppError invalidDestination with a sentence that does not repeat the URL */
export function parseDestination(text: string): Destination {
  if (typeof text !== 'string' || text === '') throw invalid('The URL is empty.');
  if (text.length > MOST_CHARACTERS) throw invalid(`The URL is longer than ${MOST_CHARACTERS} characters.`);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'rtmp' && scheme !== 'rtmps' && scheme !== 'srt') throw invalid('The URL must begin with rtmp://, rtmps:// or srt://.');
  if (!URL_TEXT.test(text) || ENCODED_CONTROL.test(text)) throw invalid('The URL holds spaces or characters that do not belong into one.');
  const match = /^[^:]+:\/\/([^/?]*)([^?]*)(?:\?(.*))?$/.exec(text);
  const [, authority = '', path = '', query] = match ?? [];
  if (authority.includes('@')) throw invalid('User name and password in the URL are not supported.');
  const { host, port } = parseAuthority(authority);
  if (scheme === 'srt') return parseSrt(host, port, path, query ?? '');
  const at = port ?? DEFAULT_PORTS[scheme];
  const segments = path.split('/').slice(1);
  if (segments.length < 2 || segments.some((s) => s === '' || s === '.' || s === '..'))
    throw invalid('The URL must hold the application and the stream key, such as rtmp://host/live/key.');
  // As in FFmpeg and OBS: the last part is the key, an application may have an instance
  const appParts = segments.length === 2 ? 1 : 2;
  const name = segments.slice(appParts).join('/');
  return { protocol: scheme, host, port: at, app: segments.slice(0, appParts).join('/'), streamName: query === undefined ? name : `${name}?${query}` };
}

/** The URL without anything that gives access; `***` alone when it cannot be read. */
export function redactDestination(text: string): string {
  try {
    const d = parseDestination(text);
    const host = d.host.includes(':') ? `[${d.host}]` : d.host;
    if (d.protocol === 'srt') return `srt://${host}:${d.port}${d.streamId === undefined && d.passphrase === undefined ? '' : '?***'}`;
    const port = d.port === DEFAULT_PORTS[d.protocol] ? '' : `:${d.port}`;
    return `${d.protocol}://${host}${port}/${d.app.split('/')[0]}/***`;
  } catch {
    return '***';
  }
}

function parseAuthority(authority: string): { host: string; port: number | undefined } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(authority);
  if (!match) throw invalid('The host in the URL is not valid.');
  const [, v6, name, portText] = match;
  const host = v6 ?? name ?? '';
  if (v6 === undefined ? !HOST_NAME.test(host) : !IPV6.test(host)) throw invalid('The host in the URL is not valid.');
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) throw invalid('The port in the URL is not valid.');
  return { host: host.toLowerCase(), port };
}

function parseSrt(host: string, port: number | undefined, path: string, query: string): SrtDestination {
  if (port === undefined) throw invalid('An SRT URL needs a port.');
  if (path !== '' && path !== '/') throw invalid('An SRT URL has no path.');
  const destination: SrtDestination = { protocol: 'srt', host, port, latencyMs: DEFAULT_SRT_LATENCY_MS };
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (seen.has(name)) throw invalid('The SRT URL names an option twice.');
    seen.add(name);
    switch (name) {
      case 'mode':
        if (value !== 'caller') throw invalid('Only mode=caller is possible: Tessera connects, it does not listen.');
        break;
      case 'streamid':
        if (value === '' || value.length > 512 || /[\u0000-\u001f\u007f"\\]/.test(value)) throw invalid('The SRT stream id is not valid.');
        destination.streamId = value;
        break;
      case 'passphrase':
        if (!/^[\x21-\x7e]{10,79}$/.test(value)) throw invalid('An SRT passphrase has 10 to 79 characters.');
        destination.passphrase = value;
        break;
      case 'pbkeylen':
        if (value !== '16' && value !== '24' && value !== '32') throw invalid('pbkeylen must be 16, 24 or 32.');
        destination.keyLengthBytes = Number(value) as 16 | 24 | 32;
        break;
      case 'latency':
        if (!/^\d{1,5}$/.test(value) || Number(value) < 20 || Number(value) > 8000) throw invalid('latency must be 20 to 8000 (milliseconds).');
        destination.latencyMs = Number(value);
        break;
      default:
        throw invalid('The SRT URL holds an option that is not supported; streamid, passphrase, pbkeylen, latency and mode=caller are.');
    }
  }
  return destination;
}

function invalid(detail: string): AppError {
  return new AppError('invalidDestination', { detail });
}
