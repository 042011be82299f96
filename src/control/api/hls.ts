/** Broadcast: checks the token, then gives what the origin answered to whoever asked first (hls-answers.ts). */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { Answer } from '../../node-api/hot/answer.ts';
import { takesGzip } from '../../node-api/hot/hot-request.ts';
import { sendAnswer } from '../../node-api/hot/send-answer.ts';
import type { Services } from '../services.ts';
import { endpoint, type Call, type Endpoint } from './endpoint.ts';
import { HlsAnswers } from './hls-answers.ts';
import { withToken } from './playlist-token.ts';

/** A token is not taken back before its end; rooms that are closed or deleted are noticed by caches after this. */
const ACCESS_SECONDS = 30;
/** Up to three folders below the room. */
const HLS_FILE = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,3}$/;

const query = z.looseObject({
  token: z.string().optional(),
  _HLS_msn: z.string().optional(),
  _HLS_part: z.string().optional(),
  _HLS_skip: z.string().optional(),
});

export function hlsEndpoints(services: Services): Endpoint[] {
  const { cachedRooms, placement } = services;
  const answers = new HlsAnswers(services);

  const serve = async ({ req, res, room: id, params, claims }: Call): Promise<void> => {
    const room = await cachedRooms.get(id);
    if (!room) throw new AppError('roomNotFound');
    const file = params['file'] ?? '';
    if (!HLS_FILE.test(file)) throw new AppError('notFound');
    const origin = await placement.origin(room);
    if (!origin) throw new AppError('notFound', { detail: 'The room has no broadcast yet.', retryAfterSeconds: 2 });

    const search = req.url.split('?', 2)[1] ?? '';
    const token = params['token'] === undefined ? (new URLSearchParams(search).get('token') ?? undefined) : undefined;
    const rewrite = token !== undefined && file.endsWith('.m3u8');

    const gone = new AbortController();
    // Only then: aborting makes a DOMException with its stack, 5 % of a part's cost when done for each.
    res.once('close', () => {
      if (!res.writableFinished) gone.abort();
    });
    let answer: Answer;
    try {
      answer = await answers.ask(origin.url, id, file, search, !rewrite && takesGzip(req.headers['accept-encoding']), gone.signal);
    } catch (error) {
      if (gone.signal.aborted) return;
      throw error;
    }
    if (gone.signal.aborted) return;
    if (rewrite && answer.status === 200) answer = rewritten(answer, token);
    // A token in the URL is part of a cache's key; one in the header is not, and `public` would let a proxy hand media to anybody (RFC 9111 section 3.5).
    const privately = claims !== undefined && token === undefined && params['token'] === undefined;
    sendAnswer(req, res, privately ? new Answer({ ...answer.parts, cacheControl: answer.parts.cacheControl.replace(/\bpublic\b/, 'private') }) : answer);
  };

  const shared = { tag: 'HLS', permission: 'watchHls', cors: true, query, problems: [400, 404, 503] } as const;
  const described = { 200: { description: 'Playlist, segment, part or poster', contentType: '*/*' }, 206: { description: 'The asked range', contentType: '*/*' }, 304: { description: 'Not changed' } };
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
      answers: described,
      handle: serve,
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: '/hls/{room}/{+file}',
      summary: 'HLS and LL-HLS',
      description: 'index.m3u8 is the multivariant playlist, poster.jpg a live thumbnail. Token in the Authorization header or in ?token=, which is then handed on in the playlists; none for open rooms.',
      answers: described,
      handle: serve,
    }),
  ];
}

function rewritten({ parts }: Answer, token: string): Answer {
  const { etag: _etag, varyEncoding: _vary, ...rest } = parts;
  return new Answer({ ...rest, body: [Buffer.from(withToken(Buffer.concat(parts.body).toString('utf8'), token))] });
}
