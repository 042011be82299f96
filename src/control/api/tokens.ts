import { AppError } from '../../domain/errors.ts';
import { isName, type RoomId } from '../../domain/ids.ts';
import type { Role } from '../../domain/room.ts';
import { z } from 'zod';
import { allowedInLocalMode, isLoopbackHost } from '../auth/loopback.ts';
import { mintableRoles } from '../auth/permissions.ts';
import { ROLES } from '../auth/claims.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import * as shape from './schemas.ts';

const localQuery = z.object({
  room: z.string().default('*').describe("A room's id; * with the role operator"),
  role: z.enum(ROLES as [Role, ...Role[]]).default('operator'),
  sub: shape.name.optional(),
  name: z.string().trim().min(1).max(64).optional(),
});

export function tokenEndpoints({ state, tokens, config }: Services): Endpoint[] {
  const endpoints: Endpoint[] = [
    endpoint({
      method: 'post',
      path: '/api/rooms/{room}/tokens',
      tag: 'Tokens',
      summary: 'Mint a token for a room',
      description: 'An operator mints any role; a host presenters, participants and viewers of its room.',
      permission: 'mintToken',
      body: { json: shape.tokenRequest },
      answers: { 201: { description: 'The token', schema: shape.tokenAnswer } },
      problems: [404],
      handle: async ({ room, body, claims, res }) => {
        await findRoom(state, room);
        if (!claims || !mintableRoles(claims.role).includes(body.role)) throw new AppError('forbidden', { detail: `A token of the role ${body.role} cannot be minted with this one.` });
        res.status(201).set('Cache-Control', 'no-store').json(await tokens.mint({ room, ...body }));
      },
    }),
  ];
  if (!config.localMode) return endpoints;
  endpoints.push(
    endpoint({
      method: 'get',
      path: '/api/local/token',
      tag: 'Tokens',
      summary: 'A token for the pages of the quick start',
      description:
        'There only in local mode (no API keys, loopback only), and only for requests under a loopback host name from a page of the same origin, so that no other web page can fetch one.',
      permission: 'public',
      query: localQuery,
      answers: { 200: { description: 'The token', schema: shape.tokenAnswer } },
      problems: [403],
      handle: async ({ req, query, res }) => {
        const { host, origin } = req.headers;
        const site = req.headers['sec-fetch-site'];
        const sameOrigin = origin === undefined || origin === `${req.protocol}://${host ?? ''}`;
        const sameSite = site === undefined || site === 'same-origin' || site === 'none';
        const peer = req.socket.remoteAddress?.replace(/^::ffff:/, '');
        const loopbackPeer = peer === '::1' || isLoopbackHost(peer);
        if (!allowedInLocalMode({ host, origin }) || !sameOrigin || !sameSite || !loopbackPeer)
          throw new AppError('forbidden', { detail: 'Only for the pages of this service on this machine.' });
        if (query.room === '*' ? query.role !== 'operator' : !isName(query.room))
          throw new AppError('badRequest', { detail: 'room must be the id of a room, or * with the role operator.' });
        const minted = await tokens.mint({ room: query.room as RoomId | '*', role: query.role, sub: query.sub, name: query.name });
        res.set('Cache-Control', 'no-store').json(minted);
      },
    }),
  );
  return endpoints;
}
