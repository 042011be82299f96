import type { Request, Response } from 'express';
import { isLoopbackOrigin } from '../auth/loopback.ts';

const EXPOSED = 'Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate, Content-Length, Content-Range, Date';

/**
 * Lets pages of other origins publish and watch: tokens travel in headers or paths, never in cookies, so any origin may.
 * In local mode only loopback origins (auth/loopback.ts).
 */
export function applyCors(req: Request, res: Response, localMode: boolean): void {
  const origin = req.headers.origin;
  if (localMode) res.vary('Origin');
  if (localMode && (origin === undefined || !isLoopbackOrigin(origin))) return;
  res.setHeader('Access-Control-Allow-Origin', localMode && origin !== undefined ? origin : '*');
  res.setHeader('Access-Control-Expose-Headers', EXPOSED);
  if (req.method !== 'OPTIONS') return;
  res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PATCH, DELETE, OPTIONS');
  res.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, If-Match, If-None-Match, If-Modified-Since, Range');
  res.setHeader('Access-Control-Max-Age', '86400');
}
