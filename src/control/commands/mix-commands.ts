/** Wanting and unwanting a room's mix. */
import { AppError } from '../../domain/errors.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { NodeClient } from '../../node-api/client.ts';
import { NODE_PATHS } from '../../node-api/contract.ts';
import type { Queues } from '../../queue/queues.ts';
import type { State } from '../dependencies.ts';
import type { Placement } from '../placement/placement.ts';
import type { RecordingCommands } from './recording-commands.ts';

export class MixCommands {
  constructor(
    private readonly state: Pick<State, 'rooms' | 'events' | 'recordings'>,
    private readonly placement: Placement,
    private readonly nodeClient: NodeClient,
    private readonly queues: Queues,
    private readonly recordings: RecordingCommands,
  ) {}

  /**
   * Makes sure that the room's mix job waits or runs on the room's machine; cheap and harmless to repeat.
   * @throws AppError overloaded or unavailable when a room without a machine gets none
   */
  async want(room: RoomDocument): Promise<void> {
    // a countdown may be on air before the first publisher, who would have chosen the node
    const machine = await this.placement.mixQueue(room.node === undefined ? { node: (await this.placement.ingest(room)).id } : room);
    if (machine === undefined) return;
    const wanted = await this.state.rooms.mixWanted(room.id);
    if (!wanted) await this.state.rooms.setMixWanted(room.id, true);
    await this.queues.add('mix', `mix-${room.id}`, { room: room.id }, machine);
    if (!wanted) this.state.events.publish({ type: 'mixWantedChanged', room: room.id });
  }

  /**
   * Ends mix and programme: recordings are stopped and finalised first.
   * @throws AppError unavailable when the origin cannot be reached; call again then
   */
  async end(room: RoomDocument): Promise<void> {
    const recordings = await this.state.recordings.listUnfinished(room.id);
    for (const recording of recordings) await this.recordings.stop(recording);
    await this.state.rooms.setMixWanted(room.id, false);
    this.state.events.publish({ type: 'mixWantedChanged', room: room.id });
    const origin = await this.placement.origin(room);
    if (origin) await ignoreMissing(this.nodeClient.call(origin.url, 'DELETE', NODE_PATHS.programme(room.id)));
  }
}

/** What should go and is gone already is fine. */
export async function ignoreMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 404) throw error;
  }
}
