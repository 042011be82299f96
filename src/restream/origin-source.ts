import type { IncomingMessage } from 'node:http';
import type { RoomId } from '../domain/ids.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import type { NodeClient } from '../node-api/client.ts';
import { NODE_PATHS, type ProgrammeState } from '../node-api/contract.ts';
import type { NodeRegistry } from '../state/node-registry.ts';
import type { RoomStore } from '../state/room-store.ts';
import type { ProgrammeSource } from './restream-run.ts';

const ANSWER_TIMEOUT_MS = 5000;

/** The room's origin, over its node-api. The origin runs on the machine of the room's ingest. */
export class OriginSource implements ProgrammeSource {
  constructor(
    private readonly registry: NodeRegistry,
    private readonly rooms: RoomStore,
    private readonly client: NodeClient,
  ) {}

  async openTail(room: RoomId, rendition: VideoRendition, signal: AbortSignal): Promise<IncomingMessage | undefined> {
    // bounds the wait for the answer only: the stream itself has no end
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), ANSWER_TIMEOUT_MS);
    try {
      const url = await this.#originUrl(room);
      if (url === undefined) return undefined;
      const answer = await this.client.open(url, { method: 'GET', path: NODE_PATHS.tail(room, rendition), signal: AbortSignal.any([signal, patience.signal]) });
      if (answer.statusCode === 200) return answer;
      answer.destroy();
      return undefined;
    } catch {
      return undefined; // Redis or the origin is away: asked again soon
    } finally {
      clearTimeout(timer);
    }
  }

  async ended(room: RoomId): Promise<boolean> {
    try {
      const document = await this.rooms.get(room);
      if (!document || document.endedAt !== undefined) return true;
      const url = await this.#originUrl(room);
      if (url === undefined) return false;
      return (await this.client.call<ProgrammeState>(url, 'GET', NODE_PATHS.programme(room), undefined, 3000)).ended;
    } catch {
      return false; // an origin that knows no programme may be waiting for its mixer: the room decides
    }
  }

  async #originUrl(room: RoomId): Promise<string | undefined> {
    const document = await this.rooms.get(room);
    if (document?.node === undefined) return undefined;
    const nodes = await this.registry.list();
    const machine = nodes.find((n) => n.id === document.node)?.machine;
    return nodes.find((n) => n.role === 'origin' && n.machine === machine)?.url;
  }
}
