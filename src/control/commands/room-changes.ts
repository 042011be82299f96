/** Changing a room's document, and telling everybody. */
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { State } from '../dependencies.ts';
import type { CachedRooms } from '../placement/cached-rooms.ts';

export class RoomChanges {
  constructor(
    private readonly state: Pick<State, 'rooms' | 'events'>,
    private readonly cachedRooms: CachedRooms,
  ) {}

  /**
   * @param apply may throw: then nothing is changed; called again when somebody else wrote in between
   * @throws AppError roomNotFound, roomEnded
   */
  async change(id: RoomId, apply: (room: RoomDocument) => RoomDocument): Promise<RoomDocument> {
    const room = await this.state.rooms.update(id, (now) => {
      if (now.endedAt !== undefined) throw new AppError('roomEnded');
      return apply(now);
    });
    if (!room) throw new AppError('roomNotFound');
    this.changed(id);
    return room;
  }

  changed(id: RoomId): void {
    this.cachedRooms.forget(id);
    this.state.events.publish({ type: 'roomChanged', room: id });
  }
}
