import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Config } from '../config/config.ts';
import { AppError, isErrorCode } from '../domain/errors.ts';

const ANSWER_LIMIT_BYTES = 4 * 1024 * 1024;

/** Calls other roles over their node-api. One per process: it keeps connections open. */
export class NodeClient {
  // No limit on open ones: blocking playlist reloads are held, and must not keep commands waiting behind them.
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });

  constructor(private readonly config: Pick<Config, 'internalSecret'>) {}

  /**
   * @param nodeUrl from the node's record
   * @param body sent as JSON when given
   * @returns the parsed answer, undefined for 204
   * @throws AppError with the node's own code, `unavailable` when it cannot be reached, `timeout` after `timeoutMs`
   */
  async call<T>(nodeUrl: string, method: string, path: string, body?: unknown, timeoutMs = 10_000): Promise<T> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string | number> = payload ? { 'content-type': 'application/json', 'content-length': payload.length } : {};
    const response = await this.open(nodeUrl, { method, path, headers, signal: AbortSignal.timeout(timeoutMs) }, payload);
    const text = await readText(response).catch((cause: unknown) => {
      throw cause instanceof AppError ? cause : new AppError(isTimeout(cause) ? 'timeout' : 'unavailable', { cause, retryAfterSeconds: 1 });
    });
    const status = response.statusCode ?? 500;
    if (status >= 400) throw toError(status, text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** A request whose answer is streamed by the caller (HLS, tail). The caller consumes or destroys it. */
  open(
    nodeUrl: string,
    options: Pick<RequestOptions, 'method' | 'path' | 'signal'> & { headers?: Record<string, string | number | string[] | undefined> },
    payload?: Buffer,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { ...options.headers };
      for (const [key, value] of Object.entries(headers)) if (value === undefined) delete headers[key];
      if (this.config.internalSecret) headers['authorization'] = `Bearer ${this.config.internalSecret}`;
      const req = request({ ...target(nodeUrl), ...options, headers: headers as Record<string, string>, agent: this.#agent }, resolve);
      req.on('error', (error) => {
        reject(new AppError(isTimeout(error) ? 'timeout' : 'unavailable', { cause: error, retryAfterSeconds: 1 }));
      });
      req.end(payload);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function target(nodeUrl: string): RequestOptions {
  if (nodeUrl.startsWith('unix:')) return { socketPath: nodeUrl.slice('unix:'.length), host: 'localhost' };
  const url = new URL(nodeUrl);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port };
}

/** How an AbortSignal.timeout shows in what it aborted. */
function isTimeout(error: unknown): boolean {
  const { name, cause } = error as Error;
  return name === 'TimeoutError' || (cause as Error | undefined)?.name === 'TimeoutError';
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > ANSWER_LIMIT_BYTES) throw new AppError('internal', { detail: 'A node answered too much.' });
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function toError(status: number, text: string): AppError {
  try {
    const problem = JSON.parse(text) as { code?: unknown; detail?: string; retryAfterSeconds?: number; problems?: { pointer: string; detail: string }[] };
    if (isErrorCode(problem.code))
      return new AppError(problem.code, { detail: problem.detail, retryAfterSeconds: problem.retryAfterSeconds, problems: problem.problems });
  } catch {
    // not a problem document
  }
  return new AppError('internal', { cause: new Error(`node answered ${status}`) });
}
