import { randomBytes } from 'node:crypto';
import type { RestreamId } from '../../domain/ids.ts';
import type { VideoRendition } from '../../domain/rendition.ts';
import type { Restream } from '../../domain/restream.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { Queues } from '../../queue/queues.ts';
import type { State } from '../dependencies.ts';

/** Starting and stopping pushes; the restream worker does the rest. */
export class RestreamCommands {
  constructor(
    private readonly state: Pick<State, 'restreams' | 'events'>,
    private readonly queues: Queues,
  ) {}

  /** @param url checked already @param redacted what may be shown of it */
  async start(room: RoomDocument, url: string, redacted: string, rendition: VideoRendition): Promise<Restream> {
    const restream: Restream = {
      id: `push-${randomBytes(9).toString('base64url').replace(/[-_]/g, 'x')}` as RestreamId,
      room: room.id,
      url: redacted,
      rendition,
      status: 'connecting',
      bytesSent: 0,
      createdAt: new Date().toISOString(),
    };
    await this.state.restreams.create(restream, url);
    await this.enqueue(restream);
    this.#changed(restream);
    return restream;
  }

  async enqueue(restream: Pick<Restream, 'id' | 'room'>): Promise<void> {
    await this.queues.add('restream', `restream-${restream.id}`, { restream: restream.id, room: restream.room });
  }

  /** The secret goes, the worker sees that and ends; harmless to repeat. */
  async stop(restream: Restream): Promise<void> {
    await this.state.restreams.requestStop(restream.id);
    await this.state.restreams.update(restream.id, (r) => (r.status === 'failed' || r.status === 'stopped' ? undefined : { ...r, status: 'stopped' }));
    this.#changed(restream);
  }

  #changed(restream: Restream): void {
    this.state.events.publish({ type: 'restreamChanged', room: restream.room, restream: restream.id });
  }
}
