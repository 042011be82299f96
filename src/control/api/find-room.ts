import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { State } from '../dependencies.ts';

/** @throws AppError roomNotFound; roomEnded when ended rooms are refused */
export async function findRoom(state: Pick<State, 'rooms'>, id: RoomId, options: { ended?: 'refuse' } = {}): Promise<RoomDocument> {
  const room = await state.rooms.get(id);
  if (!room) throw new AppError('roomNotFound');
  if (options.ended === 'refuse' && room.endedAt !== undefined) throw new AppError('roomEnded');
  return room;
}
