import type { RequestHandler } from 'express';
import type { Config } from '../../config/config.ts';

/** The player alone: nothing on it can be done in somebody's name, so it may lie in another site's frame. */
const EMBEDDABLE = /^\/embed\/[A-Za-z0-9_-]{1,64}\/?$/;
/** Local mode's secret is printed in the source: only pages of this machine. */
const LOOPBACK_ORIGINS = ['http://localhost:*', 'http://127.0.0.1:*', 'https://localhost:*', 'https://127.0.0.1:*'];

/** Sources of `frame-ancestors` for the page at `path`. */
export function frameAncestors(path: string, { embedOrigins, localMode }: Pick<Config, 'embedOrigins' | 'localMode'>): string {
  if (!EMBEDDABLE.test(path) || embedOrigins.includes('none')) return "'none'";
  const origins = localMode ? LOOPBACK_ORIGINS : embedOrigins;
  return origins.includes('*') ? '*' : ["'self'", ...origins].join(' ');
}

/**
 * For the pages: hls.js plays from blob: URLs and runs its worker from one; presigned downloads of recordings may lie on
 * another host; styles are set from scripts. Tokens stand in some URLs, so no referrer leaves.
 */
export function securityHeaders(storeOrigin: string | undefined, config: Pick<Config, 'embedOrigins' | 'localMode'>): RequestHandler {
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob: https:",
    `media-src 'self' blob: https:${storeOrigin ? ` ${storeOrigin}` : ''}`,
    "worker-src 'self' blob:",
    "connect-src 'self' ws: wss:",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
  return (req, res, next) => {
    res.set({
      'Content-Security-Policy': `${policy}; frame-ancestors ${frameAncestors(req.path, config)}`,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Permissions-Policy': 'camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), picture-in-picture=(self)',
    });
    next();
  };
}
