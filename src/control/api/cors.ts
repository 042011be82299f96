import type { Request, Response } from 'express';
import { corsHeaders } from '../auth/cross-origin.ts';

export function applyCors(req: Request, res: Response, localMode: boolean): void {
  for (const [name, value] of corsHeaders(req.headers.origin, localMode)) {
    if (name === 'Vary') res.vary(value);
    else res.setHeader(name, value);
  }
  if (req.method !== 'OPTIONS' || !res.hasHeader('Access-Control-Allow-Origin')) return;
  res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PATCH, DELETE, OPTIONS');
  res.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, If-Match, If-None-Match, If-Modified-Since, Range');
  res.setHeader('Access-Control-Max-Age', '86400');
}
