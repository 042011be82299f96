import { randomBytes } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { ParticipantId } from '../../domain/ids.ts';
import type { Rendition } from '../../domain/rendition.ts';
import { NODE_PATHS, type SessionAnswer, type WhepOpen } from '../../node-api/contract.ts';
import type { Services } from '../services.ts';
import { endpoint, textBody, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import { findSession, sessionEndpoints } from './media-sessions.ts';
import * as shape from './schemas.ts';
import { newSessionId, SDP, sendSessionCreated } from './session-answer.ts';

const OPEN_TIMEOUT_MS = 15_000;

/** The ladder ends at `mid` today; who asks for `low` gets the lowest there is, and is told so where the answer has a place for it. */
function served(rendition: Rendition | 'auto' | 'low'): Rendition | 'auto' {
  return rendition === 'low' ? 'mid' : rendition;
}

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
      limited: true,
      cors: true,
      query: shape.whepQuery,
      body: textBody(SDP),
      answers: {
        201: { description: 'The SDP answer with all candidates', contentType: SDP, headers: { Location: 'The session', ETag: 'Of the ICE session', Link: 'ICE servers' } },
      },
      problems: [400, 404, 409, 413, 415, 422, 429, 503],
      handle: async ({ room: id, body, query, claims, res }) => {
        if (body.trim() === '') throw new AppError('malformedSdp', { detail: 'The body is empty.' });
        const room = await findRoom(state, id, { ended: 'refuse' });
        if ((await state.rooms.mix(id)).status === 'idle') throw new AppError('noLiveProgramme', { retryAfterSeconds: 2 });
        const node = await placement.edge(room);
        const session = newSessionId();
        const open: WhepOpen = { session, room: id, offer: body, rendition: served(query.rendition), audio: query.audio !== 'none' };
        const answer = await nodeClient.call<SessionAnswer>(node.url, 'POST', NODE_PATHS.whep, open, OPEN_TIMEOUT_MS);
        const identity = (claims?.sub ?? `viewer-${randomBytes(6).toString('hex')}`) as ParticipantId;
        await state.sessions.put({ id: session, kind: 'whep', room: id, nodeUrl: node.url, nodeId: node.id, identity, createdAt: new Date().toISOString() });
        sendSessionCreated(res, `/whep/${id}/${session}`, answer, config.iceServers);
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
      answers: { 200: { description: 'What was asked for; mid instead of low', schema: shape.renditionChoice } },
      problems: [404, 429, 503],
      handle: async (call) => {
        const session = await findSession(state.sessions, 'whep', call);
        const rendition = served(call.body.rendition);
        await nodeClient.call(session.nodeUrl, 'POST', NODE_PATHS.rendition(session.id), { rendition });
        call.res.json({ rendition });
      },
    }),
  ];
}
