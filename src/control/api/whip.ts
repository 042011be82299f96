import { randomBytes } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { ParticipantId } from '../../domain/ids.ts';
import { NODE_PATHS, type SessionAnswer, type WhipOpen } from '../../node-api/contract.ts';
import type { Services } from '../services.ts';
import { endpoint, textBody, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import { sessionEndpoints } from './media-sessions.ts';
import * as shape from './schemas.ts';
import { newSessionId, SDP, sendSessionCreated } from './session-answer.ts';

/** Gathering candidates and starting a room's process take time on busy cores. */
const OPEN_TIMEOUT_MS = 15_000;

/** Publishing (RFC 9725). */
export function whipEndpoints(services: Services): Endpoint[] {
  const { state, placement, cachedRooms, nodeClient, mixes, config, log } = services;
  return [
    endpoint({
      method: 'post',
      path: '/whip/{room}',
      tag: 'WHIP',
      summary: 'Publish',
      description: 'A participant publishes at most one camera and one screen; a second POST of the same replaces the first. Audio offered as sendrecv is answered with the mix-minus.',
      permission: 'publish',
      limited: true,
      cors: true,
      query: shape.whipQuery,
      body: textBody(SDP),
      answers: {
        201: { description: 'The SDP answer with all candidates', contentType: SDP, headers: { Location: 'The session', ETag: 'Of the ICE session', Link: 'ICE servers' } },
      },
      problems: [400, 404, 409, 413, 415, 422, 429, 503],
      handle: async ({ room: id, body, query, claims, res }) => {
        if (body.trim() === '') throw new AppError('malformedSdp', { detail: 'The body is empty.' });
        const room = await findRoom(state, id, { ended: 'refuse' });
        const node = await placement.ingest(room);
        const session = newSessionId();
        const identity = (claims?.sub ?? `guest-${randomBytes(6).toString('hex')}`) as ParticipantId;
        const open: WhipOpen = {
          session,
          room: id,
          participant: identity,
          name: claims?.name ?? identity,
          role: claims?.role ?? 'participant',
          source: query.source,
          offer: body,
        };
        let answer: SessionAnswer;
        try {
          answer = await nodeClient.call<SessionAnswer>(node.url, 'POST', NODE_PATHS.whip, open, OPEN_TIMEOUT_MS);
        } catch (error) {
          await placement.release(room, node);
          // another publisher may have got in on that placement: whoever looks last restores it
          if ((await state.sessions.list(id)).length > 0) await placement.keep(id, node);
          throw error;
        }
        await state.sessions.put({ id: session, kind: 'whip', room: id, nodeUrl: node.url, nodeId: node.id, identity, source: query.source, createdAt: new Date().toISOString() });
        await placement.keep(id, node);
        cachedRooms.forget(id); // it has a node now
        mixes.want({ ...room, node: node.id }).catch((error: unknown) => log.warn({ err: error, room: id }, 'the mix could not be asked for; the reconciler will'));
        sendSessionCreated(res, `/whip/${id}/${session}`, answer, config.iceServers);
      },
    }),
    ...sessionEndpoints('whip', 'publish', services),
  ];
}
