import { AppError } from '../../domain/errors.ts';
import { NODE_PATHS, type SessionAnswer, type WhepOpen } from '../../node-api/contract.ts';
import { iceServersFor } from '../ice-servers/ice-servers.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findSession, identityOf, OPEN_TIMEOUT_MS, OPENING, rememberSession, roomOfOffer, sessionEndpoints } from './media-sessions.ts';
import * as shape from './schemas.ts';
import { newSessionId, sendSessionCreated } from './session-answer.ts';

/** Watching with the lowest latency. */
export function whepEndpoints(services: Services): Endpoint[] {
  const { state, placement, nodeClient, config } = services;
  return [
    endpoint({
      method: 'post',
      path: '/whep/{room}',
      tag: 'WHEP',
      summary: 'Watch',
      description: 'H.264 and Opus, encoded once for all viewers. 409 with Retry-After while the room has no live mix.',
      permission: 'watch',
      query: shape.whepQuery,
      ...OPENING,
      handle: async (call) => {
        const { room: id, body: offer, query, claims, res } = call;
        const room = await roomOfOffer(state, call);
        if ((await state.rooms.mix(id)).status === 'idle') throw new AppError('noLiveProgramme', { retryAfterSeconds: 2 });
        const session = newSessionId();
        const open: WhepOpen = { session, room: id, offer, rendition: query.rendition, audio: query.audio !== 'none' };
        const { edge, opened } = await placement.onEdge(room, ({ url }) => nodeClient.call<SessionAnswer>(url, 'POST', NODE_PATHS.whep, open, OPEN_TIMEOUT_MS));
        const identity = identityOf(claims, 'viewer');
        await rememberSession(state, { id: session, kind: 'whep', room: id, identity }, edge);
        sendSessionCreated(res, `/whep/${id}/${session}`, opened, iceServersFor(config, identity));
      },
    }),
    ...sessionEndpoints('whep', 'watch', services),
    endpoint({
      method: 'post',
      path: '/whep/{room}/{session}/rendition',
      tag: 'WHEP',
      summary: 'Switch the rendition at the next keyframe',
      permission: 'watch',
      limited: true,
      cors: true,
      body: { json: shape.renditionChoice },
      answers: { 200: { description: 'What was asked for', schema: shape.renditionChoice } },
      problems: [404, 429, 503],
      handle: async (call) => {
        const session = await findSession(state.sessions, 'whep', call);
        const { rendition } = call.body;
        await nodeClient.call(session.nodeUrl, 'POST', NODE_PATHS.rendition(session.id), { rendition });
        call.res.json({ rendition });
      },
    }),
  ];
}
