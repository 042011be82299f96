/**
 * Lets pages of other origins publish and watch: tokens travel in headers or paths, never in cookies, so any origin may.
 * In local mode only loopback origins (loopback.ts).
 */
import { isLoopbackOrigin } from './loopback.ts';

const EXPOSED = 'Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate, Content-Length, Content-Range, Date';

/** @param origin the Origin header */
export function corsHeaders(origin: string | undefined, localMode: boolean): [name: string, value: string][] {
  const vary: [string, string][] = localMode ? [['Vary', 'Origin']] : [];
  if (localMode && (origin === undefined || !isLoopbackOrigin(origin))) return vary;
  return [...vary, ['Access-Control-Allow-Origin', localMode && origin !== undefined ? origin : '*'], ['Access-Control-Expose-Headers', EXPOSED]];
}

/** The same as they stand in an answer. */
export function corsLines(origin: string | undefined, localMode: boolean): string {
  return localMode ? linesOf(corsHeaders(origin, true)) : ANYWHERE;
}

const ANYWHERE = linesOf(corsHeaders(undefined, false));

function linesOf(headers: readonly [string, string][]): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
