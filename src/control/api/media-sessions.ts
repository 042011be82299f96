/** What WHIP and WHEP have in common: how a session begins, the plain endpoint answers, and its PATCH and DELETE passed on to its node. */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import { isName, type ParticipantId, type SessionId } from '../../domain/ids.ts';
import type { RoomDocument } from '../../domain/room.ts';
import { NODE_PATHS, type NodeRecord, type SessionPatch, type SessionPatched } from '../../node-api/contract.ts';
import type { SessionRecord } from '../../state/session-store.ts';
import type { Claims } from '../auth/claims.ts';
import type { Permission } from '../auth/permissions.ts';
import { ignoreMissing } from '../commands/mix-commands.ts';
import type { Services } from '../services.ts';
import { endpoint, textBody, type Call, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import { SDP, SDP_FRAGMENT, sendSessionPatched } from './session-answer.ts';

/** Gathering candidates and starting a room's process take time on busy cores. */
export const OPEN_TIMEOUT_MS = 15_000;

/** Of the POST of both. */
export const OPENING = {
  limited: true,
  cors: true,
  body: textBody(SDP),
  answers: {
    201: { description: 'The SDP answer with all candidates', contentType: SDP, headers: { Location: 'The session', ETag: 'Of the ICE session', Link: 'ICE servers' } },
  },
  problems: [400, 404, 409, 413, 415, 422, 429, 503],
} as const;

/** @throws AppError malformedSdp, roomNotFound, roomEnded */
export async function roomOfOffer(state: Services['state'], { room, body }: Call<string>): Promise<RoomDocument> {
  if (body.trim() === '') throw new AppError('malformedSdp', { detail: 'The body is empty.' });
  return findRoom(state, room, { ended: 'refuse' });
}

/** Remembers where the session lives, so that any control process finds it. */
export async function rememberSession(state: Services['state'], session: Omit<SessionRecord, 'nodeUrl' | 'nodeId' | 'createdAt'>, node: NodeRecord): Promise<void> {
  await state.sessions.put({ ...session, nodeUrl: node.url, nodeId: node.id, createdAt: new Date().toISOString() });
}

/** An identity for who has none: random, so that nobody can take another's. */
export function identityOf(claims: Claims | undefined, stranger: 'guest' | 'viewer'): ParticipantId {
  return (claims?.sub ?? `${stranger}-${randomBytes(6).toString('hex')}`) as ParticipantId;
}

/**
 * @throws AppError sessionNotFound; forbidden when the session is another participant's and the caller is no host.
 * The id itself is a secret of 144 bits, so a token without an identity, and an anonymous viewer, may use it.
 */
export async function findSession(sessions: Services['state']['sessions'], kind: 'whip' | 'whep', call: Call): Promise<SessionRecord> {
  const id = call.params['session'];
  const session = isName(id) ? await sessions.get(id as SessionId) : undefined;
  if (!session || session.kind !== kind || session.room !== call.room) throw new AppError('sessionNotFound');
  const { claims } = call;
  const own = claims?.sub === undefined || claims.sub === session.identity || claims.role === 'host' || claims.role === 'operator';
  if (!own) throw new AppError('forbidden', { detail: "The session is another participant's." });
  return session;
}

export function sessionEndpoints(kind: 'whip' | 'whep', permission: Permission, { state, nodeClient }: Services): Endpoint[] {
  const name = kind.toUpperCase();
  const shared = { tag: name, cors: true } as const;
  const root = `/${kind}/{room}`;
  const below = `/${kind}/{room}/{session}`;
  return [
    endpoint({
      ...shared,
      method: 'options',
      path: root,
      summary: 'What the endpoint takes; never needs a token',
      permission: 'public',
      answers: { 200: { description: 'No content', headers: { 'Accept-Post': SDP } } },
      handle: ({ res }) => void res.status(200).set({ 'Accept-Post': SDP, Allow: 'GET, HEAD, POST, OPTIONS' }).end(),
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: root,
      summary: 'Nothing to see (RFC 9725 section 4.2)',
      permission: 'public',
      answers: { 204: { description: 'No content' } },
      handle: ({ res }) => void res.status(204).end(),
    }),
    endpoint({
      ...shared,
      method: 'options',
      path: below,
      summary: 'What a session takes; never needs a token',
      permission: 'public',
      answers: { 200: { description: 'No content', headers: { 'Accept-Patch': SDP_FRAGMENT } } },
      handle: ({ res }) => void res.status(200).set({ 'Accept-Patch': SDP_FRAGMENT, Allow: 'GET, HEAD, PATCH, DELETE, OPTIONS' }).end(),
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: below,
      summary: 'Whether the session is still there',
      description: 'No content (RFC 9725 section 4.2). A client learns here that its session is gone sooner than ICE would tell it.',
      permission: 'public',
      answers: { 204: { description: 'It is' } },
      problems: [404],
      handle: async (call) => {
        await findSession(state.sessions, kind, call);
        call.res.status(204).set('Cache-Control', 'no-store').end();
      },
    }),
    endpoint({
      ...shared,
      method: 'patch',
      path: below,
      summary: kind === 'whip' ? 'Trickle a candidate or restart ICE' : 'Trickle a candidate',
      description: 'If-Match names the ETag of the ICE session; "*" with new credentials asks for a restart.',
      permission,
      limited: true,
      body: textBody(SDP_FRAGMENT),
      answers: {
        204: { description: 'Taken' },
        200: { description: 'ICE restarted (WHIP only)', contentType: SDP_FRAGMENT, headers: { ETag: 'Of the new ICE session' } },
      },
      problems: [400, 404, 412, 413, 415, 422, 428, 429, 503],
      handle: async (call) => {
        const session = await findSession(state.sessions, kind, call);
        const ifMatch = call.req.headers['if-match'];
        if (ifMatch === undefined) throw new AppError('preconditionRequired');
        const patch: SessionPatch = { fragment: call.body, ifMatch };
        try {
          sendSessionPatched(call.res, await nodeClient.call<SessionPatched | undefined>(session.nodeUrl, 'PATCH', NODE_PATHS.session(session.id), patch));
        } catch (error) {
          if (error instanceof AppError && error.code === 'sessionNotFound') await state.sessions.remove(session);
          throw error;
        }
      },
    }),
    endpoint({
      ...shared,
      method: 'delete',
      path: below,
      summary: 'End the session',
      permission,
      limited: true,
      answers: { 200: { description: 'Ended' } },
      problems: [404, 429, 503],
      handle: async (call) => {
        const session = await findSession(state.sessions, kind, call);
        await ignoreMissing(nodeClient.call(session.nodeUrl, 'DELETE', NODE_PATHS.session(session.id)));
        await state.sessions.remove(session);
        call.res.status(200).end();
      },
    }),
  ];
}
