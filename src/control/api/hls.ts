/** Broadcast: checks the token, then streams the origin's answer through as it is. */
import { pipeline } from 'node:stream/promises';
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { NODE_PATHS } from '../../node-api/contract.ts';
import type { Services } from '../services.ts';
import { endpoint, type Call, type Endpoint } from './endpoint.ts';
import { withToken } from './playlist-token.ts';

const FORWARDED = ['accept', 'accept-encoding', 'if-none-match', 'if-modified-since', 'if-range', 'range'] as const;
/** Belong to one connection (RFC 9110 section 7.6.1), or are set by control itself. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'access-control-allow-origin', 'access-control-expose-headers']);
/** A token is not taken back before its end; rooms that are closed or deleted are noticed by caches after this. */
const ACCESS_SECONDS = 30;
const PLAYLIST_LIMIT_BYTES = 8 * 1024 * 1024;

const query = z.looseObject({
  token: z.string().optional(),
  _HLS_msn: z.string().optional(),
  _HLS_part: z.string().optional(),
  _HLS_skip: z.string().optional(),
});

export function hlsEndpoints({ cachedRooms, placement, nodes, nodeClient }: Services): Endpoint[] {
  const serve = async ({ req, res, room: id, params, claims }: Call): Promise<void> => {
    const room = await cachedRooms.get(id);
    if (!room) throw new AppError('roomNotFound');
    const file = params['file'] ?? '';
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,3}$/.test(file)) throw new AppError('notFound');
    const origin = await placement.origin(room);
    if (!origin) throw new AppError('notFound', { detail: 'The room has no broadcast yet.', retryAfterSeconds: 2 });

    const search = new URLSearchParams(req.url.split('?', 2)[1] ?? '');
    const token = params['token'] === undefined ? (search.get('token') ?? undefined) : undefined;
    search.delete('token');
    const path = `${NODE_PATHS.hls(id)}/${file}${search.size > 0 ? `?${search.toString()}` : ''}`;
    const rewrite = token !== undefined && file.endsWith('.m3u8') && req.method === 'GET';

    const gone = new AbortController();
    // Only then: aborting makes a DOMException with its stack, 5 % of a proxied part's cost when done for each.
    res.once('close', () => {
      if (!res.writableFinished) gone.abort();
    });
    let upstream: IncomingMessage;
    try {
      upstream = await nodeClient.open(origin.url, { method: req.method, path, headers: forwardedHeaders(req, rewrite), signal: gone.signal });
    } catch (error) {
      if (gone.signal.aborted) return;
      nodes.forget();
      throw error;
    }
    // A token in the URL is part of a cache's key; one in the header is not, and `public` would let a proxy hand media to anybody (RFC 9111 section 3.5).
    copyHead(upstream, res, claims !== undefined && token === undefined && params['token'] === undefined);
    if (rewrite && upstream.statusCode === 200) {
      await sendRewritten(upstream, res, token);
      return;
    }
    await pipeline(upstream, res).catch(() => res.destroy()); // the player or the origin went away in the middle
  };

  const shared = { tag: 'HLS', permission: 'watchHls', cors: true, query, problems: [400, 404, 503] } as const;
  const answers = { 200: { description: 'Playlist, segment, part or poster', contentType: '*/*' }, 206: { description: 'The asked range', contentType: '*/*' }, 304: { description: 'Not changed' } };
  const access = (path: string, whose: string): Endpoint =>
    endpoint({
      ...shared,
      method: 'get',
      path,
      summary: `Whether ${whose} allows to watch`,
      description: 'For caches in front, which then keep one copy of the media for all viewers (docker/nginx.conf).',
      answers: { 204: { description: 'It does', headers: { 'Cache-Control': `For how long that is taken for certain, ${ACCESS_SECONDS} s at most` } } },
      handle: ({ res, claims }) => {
        const leftSeconds = claims === undefined ? ACCESS_SECONDS : Math.floor((claims.expiresAtUnixMs - Date.now()) / 1000);
        res.status(204).set('Cache-Control', `max-age=${Math.max(0, Math.min(ACCESS_SECONDS, leftSeconds))}`).end();
      },
    });
  return [
    access('/hls/{room}/t/{token}/access', 'the token in the path'),
    access('/hls/{room}/access', 'the token, or that the room is open,'),
    endpoint({
      ...shared,
      method: 'get',
      path: '/hls/{room}/t/{token}/{+file}',
      summary: 'HLS with the token in the path',
      description: 'Begin at index.m3u8; every URI in the playlists is relative, so the token goes with it.',
      answers,
      handle: serve,
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: '/hls/{room}/{+file}',
      summary: 'HLS and LL-HLS',
      description: 'index.m3u8 is the multivariant playlist, poster.jpg a live thumbnail. Token in the Authorization header or in ?token=, which is then handed on in the playlists; none for open rooms.',
      answers,
      handle: serve,
    }),
  ];
}

function forwardedHeaders(req: Request, rewrite: boolean): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const name of FORWARDED) headers[name] = req.headers[name]?.toString();
  if (rewrite) headers['accept-encoding'] = 'identity';
  return headers;
}

function copyHead(upstream: IncomingMessage, res: Response, privately: boolean): void {
  res.status(upstream.statusCode ?? 502);
  for (const [name, value] of Object.entries(upstream.headers)) {
    if (value === undefined || HOP_BY_HOP.has(name)) continue;
    if (name === 'vary') res.vary(String(value));
    else res.setHeader(name, privately && name === 'cache-control' ? String(value).replace(/\bpublic\b/, 'private') : value);
  }
}

async function sendRewritten(upstream: IncomingMessage, res: Response, token: string): Promise<void> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of upstream as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > PLAYLIST_LIMIT_BYTES) throw new Error('playlist too long');
      parts.push(part);
    }
  } catch (cause) {
    throw new AppError('unavailable', { cause, retryAfterSeconds: 1 });
  }
  const text = Buffer.from(withToken(Buffer.concat(parts).toString('utf8'), token));
  res.removeHeader('ETag');
  res.setHeader('Content-Length', text.length);
  res.end(text);
}
