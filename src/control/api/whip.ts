import { NODE_PATHS, type SessionAnswer, type WhipOpen } from '../../node-api/contract.ts';
import { iceServersFor } from '../ice-servers/ice-servers.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { identityOf, OPEN_TIMEOUT_MS, OPENING, rememberSession, roomOfOffer, sessionEndpoints } from './media-sessions.ts';
import * as shape from './schemas.ts';
import { newSessionId, sendSessionCreated } from './session-answer.ts';

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
      query: shape.whipQuery,
      ...OPENING,
      handle: async (call) => {
        const { room: id, body: offer, query, claims, res } = call;
        const room = await roomOfOffer(state, call);
        const node = await placement.ingest(room);
        const session = newSessionId();
        const identity = identityOf(claims, 'guest');
        const { source } = query;
        const open: WhipOpen = { session, room: id, participant: identity, name: claims?.name ?? identity, role: claims?.role ?? 'participant', source, offer };
        let answer: SessionAnswer;
        try {
          answer = await nodeClient.call<SessionAnswer>(node.url, 'POST', NODE_PATHS.whip, open, OPEN_TIMEOUT_MS);
        } catch (error) {
          await placement.release(room, node);
          // another publisher may have got in on that placement: whoever looks last restores it
          if ((await state.sessions.list(id)).length > 0) await placement.keep(id, node);
          throw error;
        }
        await rememberSession(state, { id: session, kind: 'whip', room: id, identity, source }, node);
        await placement.keep(id, node);
        cachedRooms.forget(id); // it has a node now
        mixes.want({ ...room, node: node.id }).catch((error: unknown) => log.warn({ err: error, room: id }, 'the mix could not be asked for; the reconciler will'));
        sendSessionCreated(res, `/whip/${id}/${session}`, answer, iceServersFor(config, identity));
      },
    }),
    ...sessionEndpoints('whip', 'publish', services),
  ];
}
