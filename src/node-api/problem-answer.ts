/** An error as a problem document in memory (RFC 9457). */
import type { AppError } from '../domain/errors.ts';
import { Answer } from './hot/answer.ts';

/** Short, so that a CDN asks once a second at most for what is not there (yet). */
const REMEMBERED = 'public, max-age=1';

/** @param cacheable the same for everybody who asks: 400 and 404 may be kept for a second */
export function problemAnswer(error: AppError, cacheable = false): Answer {
  const { title, status, code, detail, problems, retryAfterSeconds } = error;
  const text = JSON.stringify({ type: 'about:blank', title, status, code, detail, problems, retryAfterSeconds });
  return new Answer({
    status,
    contentType: 'application/problem+json',
    cacheControl: cacheable && (status === 400 || status === 404) ? REMEMBERED : 'no-store',
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    body: [Buffer.from(text)],
  });
}
