import type { RequestHandler } from 'express';

/**
 * For the pages: hls.js plays from blob: URLs and runs its worker from one; presigned downloads of recordings may lie on
 * another host; styles are set from scripts. Tokens stand in some URLs, so no referrer leaves.
 */
export function securityHeaders(storeOrigin: string | undefined): RequestHandler {
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
    "frame-ancestors 'none'",
  ].join('; ');
  return (_req, res, next) => {
    res.set({
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Permissions-Policy': 'camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self)',
    });
    next();
  };
}
