/** Writes an answer through node:http, for the requests that the hot door left to it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { conditional } from './conditional.ts';

/** Headers that `res` has already stay, except those the answer has itself; Vary is added to. */
export function sendAnswer(req: IncomingMessage, res: ServerResponse, whole: Answer): void {
  const { 'if-none-match': ifNoneMatch, 'if-range': ifRange, range } = req.headers;
  const answer = conditional(whole, {
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(typeof ifRange === 'string' ? { ifRange } : {}),
    ...(range === undefined ? {} : { range }),
  });
  res.statusCode = answer.status;
  for (const [name, value] of answer.headers()) {
    const before = name === 'Vary' ? res.getHeader('vary') : undefined;
    res.setHeader(name, before === undefined ? value : `${String(before)}, ${value}`);
  }
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  res.cork();
  for (const buffer of answer.body) res.write(buffer);
  res.end();
}
