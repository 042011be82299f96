import type { RoomId } from '../../domain/ids.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { RoomStore } from '../../state/room-store.ts';
import { FreshValue } from './fresh-value.ts';

const MAX_ROOMS = 1000;

/** Room documents for the hot paths (HLS), at most a second old; events clear them sooner. A deleted room is there while its broadcast can be played. */
export class CachedRooms {
  readonly #rooms = new Map<RoomId, FreshValue<RoomDocument | undefined>>();

  constructor(private readonly store: RoomStore) {}

  get(id: RoomId): Promise<RoomDocument | undefined> {
    const known = this.#rooms.get(id);
    if (known?.isFresh) return known.promise;
    const read = new FreshValue(this.store.get(id).then((room) => room ?? this.store.leftBroadcast(id)));
    read.promise.catch(() => this.#rooms.delete(id));
    if (this.#rooms.size >= MAX_ROOMS) this.#rooms.clear();
    this.#rooms.set(id, read);
    return read.promise;
  }

  /** What `get` would give, if that is known already. */
  known(id: RoomId): RoomDocument | undefined {
    const read = this.#rooms.get(id);
    return read?.isFresh ? read.settled?.value : undefined;
  }

  forget(id: RoomId): void {
    this.#rooms.delete(id);
  }
}
