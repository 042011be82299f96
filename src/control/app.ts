import express, { type Express } from 'express';
import { AppError } from '../domain/errors.ts';
import { TRUSTED_PROXY } from '../network/caller-address.ts';
import { createEndpoints } from './api/endpoints.ts';
import type { Endpoint } from './api/endpoint.ts';
import { problemHandler } from './api/problem.ts';
import { createRouter } from './api/router.ts';
import { allowedInLocalMode } from './auth/loopback.ts';
import { docs } from './pages/docs.ts';
import { pages } from './pages/pages.ts';
import { securityHeaders } from './pages/security-headers.ts';
import { requestLog } from './request-log.ts';
import type { Services } from './services.ts';
import { sessionLimit } from './session-limit.ts';

export interface ControlApp {
  app: Express;
  endpoints: Endpoint[];
}

/** The express application: log, local-mode door, API, pages, and every refusal as a problem document. */
export function createApp(services: Services, version: string): ControlApp {
  const { config, log, requests, sessionRate, webDir } = services;
  const endpoints = createEndpoints(services, version);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // answers that can be revalidated set theirs
  app.set('trust proxy', TRUSTED_PROXY); // a TLS proxy on the same host tells scheme and caller
  app.set('query parser', 'simple');
  app.use(sessionLimit({ endpoints, rate: sessionRate, requests, log, localMode: config.localMode }));
  app.use(requestLog(log, requests));
  app.use((_req, res, next) => (res.setHeader('X-Content-Type-Options', 'nosniff'), next()));
  if (config.localMode)
    app.use((req, _res, next) => {
      if (!allowedInLocalMode(req.headers)) throw new AppError('forbidden', { detail: 'Local mode answers only to localhost. Set TESSERA_API_KEYS to serve others.' });
      next();
    });
  app.use(createRouter(endpoints, services));
  app.use(securityHeaders(config.s3Endpoint === undefined ? undefined : new URL(config.s3Endpoint).origin, config));
  app.use('/docs', docs());
  app.use(pages(webDir));
  app.use(() => {
    throw new AppError('notFound');
  });
  app.use(problemHandler(log));
  return { app, endpoints };
}
