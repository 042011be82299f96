import { z } from 'zod';
import { parseDestination, redactDestination } from '../../domain/destination.ts';
import { AppError } from '../../domain/errors.ts';
import { isName, type RestreamId, type RoomId } from '../../domain/ids.ts';
import type { Restream } from '../../domain/restream.ts';
import { requireRoom } from '../auth/authorise.ts';
import { coversRoom, type Claims } from '../auth/claims.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import { refusePrivateAddress } from './push-address.ts';
import * as shape from './schemas.ts';

function view(restream: Restream): z.output<typeof shape.restream> {
  return { ...restream, lastError: restream.lastError ?? null };
}

export function restreamEndpoints({ state, restreams, config }: Services): Endpoint[] {
  const find = async (params: Readonly<Record<string, string>>, claims: Claims | undefined): Promise<Restream> => {
    const id = params['restream'];
    const restream = isName(id) ? await state.restreams.get(id as RestreamId) : undefined;
    if (!restream || (params['room'] !== undefined && params['room'] !== restream.room)) throw new AppError('restreamNotFound');
    requireRoom(claims, restream.room);
    return restream;
  };
  const one = (path: string): Endpoint[] => [
    endpoint({
      method: 'get',
      path,
      tag: 'Restreaming',
      summary: 'One restream',
      permission: 'readRestreams',
      answers: { 200: { description: 'The restream', schema: shape.restream } },
      problems: [404],
      handle: async ({ params, claims, res }) => void res.json(view(await find(params, claims))),
    }),
    endpoint({
      method: 'delete',
      path,
      tag: 'Restreaming',
      summary: 'Stop a restream',
      permission: 'changeRestreams',
      answers: { 204: { description: 'Stopped' } },
      problems: [404],
      handle: async ({ params, claims, res }) => {
        await restreams.stop(await find(params, claims));
        res.status(204).end();
      },
    }),
  ];

  return [
    endpoint({
      method: 'post',
      path: '/api/rooms/{room}/restreams',
      tag: 'Restreaming',
      summary: 'Push the programme to an RTMP or SRT server',
      description: 'The URL comes back redacted. Private and link-local addresses are refused unless the operator allows them.',
      permission: 'changeRestreams',
      body: { json: shape.restreamCreate },
      answers: { 201: { description: 'The restream', schema: shape.restream, headers: { Location: 'Path of the restream' } } },
      problems: [404, 409],
      handle: async ({ room: id, body, res }) => {
        const room = await findRoom(state, id, { ended: 'refuse' });
        const destination = parseDestination(body.url);
        if (!config.pushAllowPrivate) refusePrivateAddress(destination.host);
        const restream = await restreams.start(room, body.url, redactDestination(body.url), body.rendition);
        res.status(201).location(`/api/restreams/${restream.id}`).json(view(restream));
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/rooms/{room}/restreams',
      tag: 'Restreaming',
      summary: 'List the restreams of a room',
      permission: 'readRestreams',
      answers: { 200: { description: 'Oldest first', schema: z.array(shape.restream) } },
      problems: [404],
      handle: async ({ room, res }) => {
        await findRoom(state, room);
        res.json((await state.restreams.list(room)).map(view));
      },
    }),
    endpoint({
      method: 'get',
      path: '/api/restreams',
      tag: 'Restreaming',
      summary: 'List restreams',
      permission: 'readRestreams',
      query: shape.byRoom,
      answers: { 200: { description: 'Oldest first', schema: z.array(shape.restream) } },
      handle: async ({ query, claims, res }) => {
        if (query.room !== undefined) requireRoom(claims, query.room);
        const all = await state.restreams.list(query.room as RoomId | undefined);
        res.json(all.filter((r) => claims !== undefined && coversRoom(claims, r.room)).map(view));
      },
    }),
    ...one('/api/restreams/{restream}'),
    ...one('/api/rooms/{room}/restreams/{restream}'),
  ];
}
