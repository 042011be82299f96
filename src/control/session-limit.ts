/**
 * The first door of WHIP and WHEP: what is beyond the rate costs a tenth of what the others do, and its body is not read. A few are looked at in
 * one turn of the event loop, caller after caller: a whole burst in one piece would keep everybody else waiting for 100 ms.
 */
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../domain/errors.ts';
import { Turns } from '../node-api/hot/turns.ts';
import { folded, type Logger } from '../observability/logger.ts';
import { applyCors } from './api/cors.ts';
import type { Endpoint } from './api/endpoint.ts';
import { sendProblem } from './api/problem.ts';
import { RateLimit } from './auth/rate-limit.ts';
import { areaOf, type RequestFigures } from './request-figures.ts';

/** For one session: candidates come one by one from a machine with many addresses, and not for ever. */
const PATCHES = { perSecond: 5, burst: 60 };
/** In one turn of the event loop; those within the rate take about a millisecond in all. */
const TAKEN_AT_ONCE = 2;

export interface SessionLimitOptions {
  endpoints: readonly Endpoint[];
  rate: RateLimit;
  requests: RequestFigures;
  log: Logger;
  localMode: boolean;
}

export function sessionLimit({ endpoints, rate, requests, log, localMode }: SessionLimitOptions): RequestHandler {
  const limited = new Set(endpoints.filter((e) => e.limited).map((e) => `${e.method.toUpperCase()} ${areaOf(e.path)}`));
  const patches = new RateLimit(PATCHES);
  const turns = new Turns(TAKEN_AT_ONCE);
  // Somebody's flood must not become one of the log.
  const tell = folded((count) => log.warn({ count }, 'requests beyond the rate refused'));
  return (req, res, next) => {
    const area = areaOf(req.path);
    if (!limited.has(`${req.method} ${area}`)) return next();
    const caller = req.ip ?? '';
    turns.take(caller, () => {
      if (res.destroyed) return;
      const ofSession = req.method === 'PATCH' ? patches.take(req.path) : 0;
      const waitMs = ofSession > 0 ? ofSession : rate.take(caller);
      if (waitMs === 0) return next();
      const error = new AppError('rateLimited', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
      res.locals['requestId'] = randomUUID();
      applyCors(req, res, localMode);
      sendProblem(res, error);
      requests.answered(req.method, area, error.status, 0);
      requests.refused(error.code);
      tell();
    });
  };
}
