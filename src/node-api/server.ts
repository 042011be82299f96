/**
 * The small HTTP server each media role has for control and for the operator: routes of contract.ts, `/healthz`, `/readyz`,
 * `/metrics`. Plain node:http, because media passes through it (origin) and express is the outer door only.
 */
import { timingSafeEqual } from 'node:crypto';
import { mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import type { Config, RoleName } from '../config/config.ts';
import { AppError } from '../domain/errors.ts';
import { folded, type Logger } from '../observability/logger.ts';
import type { HotDesk } from './hot/hot-desk.ts';
import { HotDoor } from './hot/hot-door.ts';
import type { HotHeaders } from './hot/hot-request.ts';
import { sendAnswer } from './hot/send-answer.ts';
import { problemAnswer } from './problem-answer.ts';

export interface NodeRequest {
  method: string;
  /** Decoded values of the pattern's `:names`. */
  params: Record<string, string>;
  query: URLSearchParams;
  raw: IncomingMessage;
  response: ServerResponse;
  /** Reads and parses the JSON body. @throws AppError badRequest, bodyTooLarge */
  json<T>(): Promise<T>;
}

/** Return a value to answer 200 with JSON, undefined for 204, or write to `response` yourself and return `handled`. */
export const handled: unique symbol = Symbol('handled');
export type NodeHandler = (request: NodeRequest) => Promise<unknown> | unknown;

interface Route {
  method: string;
  segments: string[];
  handler: NodeHandler;
}

export interface NodeServerOptions {
  config: Pick<Config, 'runDir' | 'internalHost' | 'internalSecret'>;
  role: RoleName;
  /** Tells two processes of one role apart; part of the socket's name. */
  ordinal?: number;
  log: Logger;
  /** Empty when ready, otherwise the reasons. */
  readiness?: () => string[] | Promise<string[]>;
  /** Prometheus text. */
  metrics?: () => string | Promise<string>;
}

const BODY_LIMIT_BYTES = 1024 * 1024;

export class NodeServer {
  readonly #routes: Route[] = [];
  readonly #server: Server;
  readonly #unavailable: (error: AppError) => void;
  #url = '';
  #door: HotDoor | undefined;
  /** Header blocks whose secret was right: read once per connection. */
  readonly #trusted = new WeakSet<HotHeaders>();

  constructor(private readonly options: NodeServerOptions) {
    let detail: string | undefined;
    const tell = folded((count) => options.log.info({ count, detail }, 'requests answered with 503'));
    this.#unavailable = (error) => {
      detail = error.detail;
      tell();
    };
    this.#server = createServer((req, res) => {
      this.#serve(req, res).catch((error: unknown) => this.#fail(req, res, error));
    });
    this.#server.keepAliveTimeout = 65_000;
    this.get('/healthz', () => ({ status: 'ok' }));
    this.get('/readyz', async ({ response }) => {
      const reasons = (await options.readiness?.()) ?? [];
      sendJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
      return handled;
    });
    this.get('/metrics', async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end((await options.metrics?.()) ?? '');
      return handled;
    });
  }

  get(path: string, handler: NodeHandler): this {
    return this.route('GET', path, handler);
  }
  post(path: string, handler: NodeHandler): this {
    return this.route('POST', path, handler);
  }
  patch(path: string, handler: NodeHandler): this {
    return this.route('PATCH', path, handler);
  }
  delete(path: string, handler: NodeHandler): this {
    return this.route('DELETE', path, handler);
  }

  /** `path` has `:name` segments; a last `*` takes the rest as `params.rest`. */
  route(method: string, path: string, handler: NodeHandler): this {
    this.#routes.push({ method, segments: path.split('/').slice(1), handler });
    return this;
  }

  /** GETs below `prefix` that are answered without node:http; what the desk passes on comes to the routes. Once, before `start`. */
  hot(prefix: string, desk: HotDesk): this {
    this.#door = new HotDoor(this.#server, {
      prefix,
      desk: {
        answer: (request) => {
          if (!this.#trusted.has(request.headers)) {
            if (!this.#authentic(request.headers.authorization)) return 'pass';
            this.#trusted.add(request.headers);
          }
          return desk.answer(request);
        },
        lines: (request) => desk.lines(request),
      },
    });
    if (!this.#door.sendsFiles) this.options.log.info('large answers are copied: scripts/build did not build what sends files');
    return this;
  }

  /** @returns the URL for the node registry */
  async start(): Promise<string> {
    const { config, role, ordinal } = this.options;
    if (config.internalHost) {
      await listen(this.#server, { host: config.internalHost, port: 0 });
      const { address, port, family } = this.#server.address() as AddressInfo;
      this.#url = family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
    } else {
      const path = `${config.runDir}/${role}${ordinal === undefined ? '' : `-${ordinal}`}.sock`;
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      try {
        unlinkSync(path); // a dead predecessor's
      } catch {
        // none there
      }
      await listen(this.#server, { path });
      this.#url = `unix:${path}`;
    }
    return this.#url;
  }

  get url(): string {
    return this.#url;
  }

  /** Ends within `graceMs`: open answers are cut then. */
  async close(graceMs = 1000): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    this.#door?.close();
    const timer = setTimeout(() => {
      this.#door?.close(true);
      this.#server.closeAllConnections();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.#authenticate(req);
    const [path = '/', query = ''] = (req.url ?? '/').split('?', 2);
    const segments = path.split('/').slice(1);
    let pathKnown = false;
    for (const route of this.#routes) {
      const params = match(route.segments, segments);
      if (!params) continue;
      pathKnown = true;
      if (route.method !== req.method && !(req.method === 'HEAD' && route.method === 'GET')) continue;
      const result = await route.handler({
        method: req.method,
        params,
        query: new URLSearchParams(query),
        raw: req,
        response: res,
        json: <T>() => readJson<T>(req),
      });
      if (result === handled) return;
      if (result === undefined) res.writeHead(204).end();
      else sendJson(res, 200, result);
      return;
    }
    throw new AppError(pathKnown ? 'methodNotAllowed' : 'notFound');
  }

  #authenticate(req: IncomingMessage): void {
    if (!this.#authentic(req.headers.authorization)) throw new AppError('unauthenticated');
  }

  #authentic(authorization: string | undefined): boolean {
    const { internalHost, internalSecret } = this.options.config;
    if (!internalHost || !internalSecret) return true; // the socket's folder is 0700
    const given = Buffer.from(authorization ?? '');
    const wanted = Buffer.from(`Bearer ${internalSecret}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #fail(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    const known = error instanceof AppError ? error : new AppError('internal', { cause: error });
    // 503 is an answer like another (a held request whose part did not come, a role that ends): no stack, and not one line each
    if (known.status === 503 && known.cause === undefined) this.#unavailable(known);
    else if (known.fault === 'service') this.options.log.error({ err: error, code: known.code }, 'request failed');
    if (res.headersSent) {
      res.destroy();
      return;
    }
    sendAnswer(req, res, problemAnswer(known));
  }
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (let i = 0; i < pattern.length; i++) {
    const wanted = pattern[i] as string;
    if (wanted === '*') {
      params['rest'] = segments.slice(i).join('/');
      return params;
    }
    const segment = segments[i];
    if (segment === undefined) return undefined;
    if (!wanted.startsWith(':')) {
      if (wanted !== segment) return undefined;
      continue;
    }
    try {
      params[wanted.slice(1)] = decodeURIComponent(segment);
    } catch {
      return undefined;
    }
  }
  return segments.length === pattern.length ? params : undefined;
}

function listen(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

async function readJson<T>(req: IncomingMessage): Promise<T> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_LIMIT_BYTES) throw new AppError('bodyTooLarge');
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as T;
  } catch (error) {
    throw new AppError('badRequest', { detail: 'The body is not JSON.', cause: error });
  }
}
