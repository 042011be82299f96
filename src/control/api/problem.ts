/** The one place where an error becomes an answer: RFC 9457 problem documents. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import type { Logger } from '../../observability/logger.ts';

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  /** The request's id, to be found again in the log. */
  instance: string;
  problems?: { pointer: string; detail: string }[];
}

/** What body-parser and express throw: http-errors with a `type`. */
interface HttpError {
  status?: number;
  type?: string;
}

/** Any error as AppError; what is not expected becomes `internal` and tells the caller nothing. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { status, type } = (typeof error === 'object' && error !== null ? error : {}) as HttpError;
  if (type === 'entity.too.large') return new AppError('bodyTooLarge', { cause: error });
  if (type === 'entity.parse.failed') return new AppError('badRequest', { detail: 'The body is not valid JSON.', cause: error });
  if (type === 'charset.unsupported' || type === 'encoding.unsupported') return new AppError('unsupportedMediaType', { cause: error });
  if (isRedisAway(error)) return new AppError('unavailable', { detail: 'The state of the service cannot be read at the moment.', cause: error, retryAfterSeconds: 2 });
  if (status !== undefined && status >= 400 && status < 500) return new AppError('badRequest', { cause: error });
  return new AppError('internal', { cause: error });
}

/** How ioredis says that its server cannot be reached, or is still loading. */
function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'MaxRetriesPerRequestError' || /^(Connection is closed|Stream isn't writeable|LOADING )/.test(error.message);
}

export function problemOf(error: AppError, requestId: string): Problem {
  return {
    type: 'about:blank',
    title: error.title,
    status: error.status,
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    instance: `urn:tessera:request:${requestId}`,
    ...(error.problems ? { problems: error.problems } : {}),
  };
}

/** Writes the problem; when the answer has already begun, the connection is cut instead. */
export function sendProblem(res: Response, error: AppError): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.status(error.status);
  if (error.status === 401) {
    const reason = error.code === 'tokenExpired' ? ', error="invalid_token", error_description="expired"' : '';
    res.setHeader('WWW-Authenticate', `Bearer realm="tessera"${reason}`);
  }
  if (error.retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(error.retryAfterSeconds));
  res.setHeader('Cache-Control', 'no-store');
  res.removeHeader('ETag');
  const body = Buffer.from(JSON.stringify(problemOf(error, String(res.locals['requestId'] ?? ''))));
  res.setHeader('Content-Type', 'application/problem+json'); // no charset: JSON has none (RFC 8259 section 11)
  res.setHeader('Content-Length', body.length);
  res.end(body);
}

export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, _req: Request, res: Response, _next) => {
    const error = toAppError(thrown);
    if (error.fault === 'service') {
      const context = { code: error.code, requestId: res.locals['requestId'] as unknown };
      if (error.code === 'internal') logger.error({ ...context, err: error.cause ?? error }, 'request failed');
      else logger.warn({ ...context, cause: error.cause instanceof Error ? error.cause.message : undefined }, error.message);
    }
    res.locals['errorCode'] = error.code;
    sendProblem(res, error);
  };
}
