import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { isName, type ParticipantId, type RoomId } from '../../domain/ids.ts';
import type { Participant, ParticipantPatch } from '../../domain/room.ts';
import { NODE_PATHS } from '../../node-api/contract.ts';
import { ignoreMissing } from '../commands/mix-commands.ts';
import type { Services } from '../services.ts';
import { endpoint, type Endpoint } from './endpoint.ts';
import { findRoom } from './find-room.ts';
import * as shape from './schemas.ts';

export function participantEndpoints({ state, placement, nodeClient, sessions }: Services): Endpoint[] {
  const find = async (room: RoomId, id: string): Promise<Participant> => {
    await findRoom(state, room);
    const found = isName(id) ? await state.participants.get(room, id as ParticipantId) : undefined;
    if (!found) throw new AppError('participantNotFound');
    return found;
  };

  return [
    endpoint({
      method: 'get',
      path: '/api/rooms/{room}/participants',
      tag: 'Participants',
      summary: 'Who is in the room',
      permission: 'readParticipants',
      answers: { 200: { description: 'In order of joining', schema: z.array(shape.participant) } },
      problems: [404],
      handle: async ({ room, res }) => {
        await findRoom(state, room);
        res.json(await state.participants.list(room));
      },
    }),
    endpoint({
      method: 'patch',
      path: '/api/rooms/{room}/participants/{participant}',
      tag: 'Participants',
      summary: 'Mute, hide, pin, set the gain or the role',
      permission: 'changeParticipants',
      body: { json: shape.participantPatch },
      answers: { 200: { description: 'The participant as it is now', schema: shape.participant } },
      problems: [404, 503],
      handle: async ({ room, params, body, res }) => {
        const participant = await find(room, params['participant'] ?? '');
        // Kept beside the facts, so that it outlives a reconnection.
        const settings: ParticipantPatch = { ...(await state.participants.settings(room, participant.id)), ...body };
        await state.participants.putSettings(room, participant.id, settings);
        const owner = await placement.owner(await findRoom(state, room));
        if (!owner) throw new AppError('unavailable', { detail: "The room's media node is away; the change is applied when it is back.", retryAfterSeconds: 2 });
        await nodeClient.call(owner.url, 'PATCH', NODE_PATHS.participant(room, participant.id), body);
        const now = (await state.participants.get(room, participant.id)) ?? participant;
        res.json({ ...now, ...body });
      },
    }),
    endpoint({
      method: 'delete',
      path: '/api/rooms/{room}/participants/{participant}',
      tag: 'Participants',
      summary: 'Remove from the room',
      permission: 'changeParticipants',
      answers: { 204: { description: 'Removed' } },
      problems: [404],
      handle: async ({ room, params, res }) => {
        const participant = await find(room, params['participant'] ?? '');
        state.events.publish({ type: 'participantRemoved', room, participant: participant.id });
        const owner = await placement.owner(await findRoom(state, room));
        if (owner) await ignoreMissing(nodeClient.call(owner.url, 'DELETE', NODE_PATHS.participant(room, participant.id)));
        await sessions.end((await state.sessions.list(room)).filter((session) => session.identity === participant.id));
        res.status(204).end();
      },
    }),
  ];
}
