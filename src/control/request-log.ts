/** One structured line per request, without query strings and without the tokens that stand in some paths. */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Logger } from '../observability/logger.ts';
import { areaOf, type RequestFigures } from './request-figures.ts';

export function requestLog(log: Logger, figures: RequestFigures): RequestHandler {
  return (req, res, next) => {
    const requestId = randomUUID();
    const begun = performance.now();
    res.locals['requestId'] = requestId;
    res.setHeader('X-Request-Id', requestId);
    res.once('close', () => {
      const ms = performance.now() - begun;
      const area = areaOf(req.path);
      const code = res.locals['errorCode'] as string | undefined;
      figures.answered(req.method, area, res.statusCode, ms);
      if (code !== undefined) figures.refused(code);
      const quiet = res.statusCode === 429 || area === 'operation' || (area === 'hls' && res.statusCode < 500) || (res.statusCode < 400 && (area === 'pages' || req.method === 'GET' || req.method === 'OPTIONS'));
      log[quiet ? 'debug' : 'info']({ requestId, method: req.method, path: loggedPath(req), status: res.statusCode, ms: Math.round(ms), code }, 'request');
    });
    next();
  };
}

function loggedPath(req: Request): string {
  const path = req.originalUrl.split('?', 1)[0] ?? '';
  return path
    .replace(/^(\/hls\/[^/]*\/t\/)[^/]*/, '$1…')
    .replace(/^(\/whe?i?p\/[^/]*\/.{6})[^/]*/, '$1…')
    .slice(0, 200);
}
