import type { RoomId } from '../../domain/ids.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { RoomStore } from '../../state/room-store.ts';

const FRESH_MS = 1000;
const MAX_ROOMS = 1000;

/** Room documents for the hot paths (HLS), at most a second old; events clear them sooner. A deleted room is there while its broadcast can be played. */
export class CachedRooms {
  readonly #rooms = new Map<RoomId, { at: number; value: Promise<RoomDocument | undefined> }>();

  constructor(private readonly store: RoomStore) {}

  get(id: RoomId): Promise<RoomDocument | undefined> {
    const now = performance.now();
    const known = this.#rooms.get(id);
    if (known && now - known.at < FRESH_MS) return known.value;
    const value = this.store.get(id).then((room) => room ?? this.store.leftBroadcast(id));
    value.catch(() => this.#rooms.delete(id));
    if (this.#rooms.size >= MAX_ROOMS) this.#rooms.clear();
    this.#rooms.set(id, { at: now, value });
    return value;
  }

  forget(id: RoomId): void {
    this.#rooms.delete(id);
  }
}
