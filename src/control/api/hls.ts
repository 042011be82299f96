/** Broadcast, for what the hot door left to express (hls/hls-desk.ts): refusals in words, requests on connections that began with something else. */
import { z } from 'zod';
import type { Answer } from '../../node-api/hot/answer.ts';
import { mayComeAgain } from '../../node-api/hot/hot-door.ts';
import { takesGzip } from '../../node-api/hot/hot-request.ts';
import { sendAnswer } from '../../node-api/hot/send-answer.ts';
import type { Services } from '../services.ts';
import { endpoint, type Call, type Endpoint } from './endpoint.ts';

/** A token is not taken back before its end; rooms that are closed or deleted are noticed by caches after this. */
const ACCESS_SECONDS = 30;

const query = z.looseObject({
  token: z.string().optional(),
  _HLS_msn: z.string().optional(),
  _HLS_part: z.string().optional(),
  _HLS_skip: z.string().optional(),
});

export function hlsEndpoints({ broadcasts }: Services): Endpoint[] {
  const serve = async ({ req, res, room, params, claims }: Call): Promise<void> => {
    const query = req.url.split('?', 2)[1] ?? '';
    const queryToken = params['token'] === undefined ? (new URLSearchParams(query).get('token') ?? undefined) : undefined;
    const byHeader = claims !== undefined && queryToken === undefined && params['token'] === undefined;
    const gone = new AbortController();
    // Only then: aborting makes a DOMException with its stack, 5 % of a part's cost when done for each.
    res.once('close', () => {
      if (!res.writableFinished) gone.abort();
    });
    let answer: Answer;
    try {
      answer = await broadcasts.answer({ room, file: params['file'] ?? '', query, gzip: takesGzip(req.headers['accept-encoding']), queryToken, byHeader }, gone.signal);
    } catch (error) {
      if (gone.signal.aborted) return;
      throw error;
    }
    if (gone.signal.aborted) return;
    // The next request then comes by the hot door (hls/hls-desk.ts), at a fifth of the cost.
    if (answer.status < 400 && mayComeAgain(req.socket)) res.setHeader('Connection', 'close');
    sendAnswer(req, res, answer);
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
