/** Ends a room with all that belongs to it. Every step may be repeated; the reconciler does so until all have succeeded. */
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { roomImagePrefix } from '../../domain/room-image.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { NodeClient } from '../../node-api/client.ts';
import { NODE_PATHS } from '../../node-api/contract.ts';
import type { ImageFiles, State } from '../dependencies.ts';
import type { Placement } from '../placement/placement.ts';
import { ignoreMissing, type MixCommands } from './mix-commands.ts';
import type { RestreamCommands } from './restream-commands.ts';
import type { SessionCommands } from './session-commands.ts';

/** A machine or an object store that does not come back for this long holds a room's end up no longer. */
const GIVE_UP_MS = 60_000;

export class RoomEnding {
  readonly #running = new Map<RoomId, Promise<void>>();

  constructor(
    private readonly state: State,
    private readonly placement: Placement,
    private readonly nodeClient: NodeClient,
    private readonly mixes: MixCommands,
    private readonly restreams: RestreamCommands,
    private readonly sessions: SessionCommands,
    private readonly files: Pick<ImageFiles, 'deletePrefix'>,
    private readonly broadcastMs: number,
  ) {}

  /**
   * The request that ends a room and the reconciler may come at once: the second joins the first.
   * @throws AppError when a node or the object store could not be reached; the room then stays `ended` and is tried again
   */
  run(room: RoomDocument): Promise<void> {
    const known = this.#running.get(room.id);
    if (known) return known;
    const running = this.#run(room).finally(() => this.#running.delete(room.id));
    this.#running.set(room.id, running);
    return running;
  }

  /** A room of the same name begins: nobody in it may see what an earlier one left to be played. */
  async forgetBroadcast(id: RoomId): Promise<void> {
    const left = await this.state.rooms.leftBroadcast(id);
    if (!left) return;
    await this.state.rooms.forgetBroadcast(id);
    const origin = await this.placement.origin(left).catch(() => undefined);
    if (origin) await ignoreMissing(this.nodeClient.call(origin.url, 'DELETE', `${NODE_PATHS.programme(id)}?forget=true`)).catch(() => undefined);
  }

  async #run(room: RoomDocument): Promise<void> {
    for (const restream of await this.state.restreams.list(room.id)) if (restream.status !== 'stopped') await this.restreams.stop(restream);
    const endedMs = Date.now() - Date.parse(room.endedAt ?? room.createdAt);
    try {
      await this.mixes.end(room);
    } catch (error) {
      const away = error instanceof AppError && (error.code === 'unavailable' || error.code === 'timeout');
      if (!away || endedMs < GIVE_UP_MS) throw error;
      await this.state.rooms.setMixWanted(room.id, false);
    }
    const owner = await this.placement.owner(room);
    if (owner) await ignoreMissing(this.nodeClient.call(owner.url, 'DELETE', NODE_PATHS.room(room.id)));
    await this.sessions.end(await this.state.sessions.list(room.id));
    if (room.images !== undefined && room.images.length > 0)
      await this.files.deletePrefix(roomImagePrefix(room.id)).catch((error: unknown) => {
        if (endedMs < GIVE_UP_MS) throw error;
      });
    await this.state.rooms.delete(room.id, this.broadcastMs);
    this.state.events.publish({ type: 'roomDeleted', room: room.id });
  }
}
