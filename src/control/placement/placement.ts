/** Applies the choices of choose-node.ts to what Redis says, and remembers a room's node in its document. */
import { AppError } from '../../domain/errors.ts';
import type { NodeId, RoomId } from '../../domain/ids.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { NodeRecord } from '../../node-api/contract.ts';
import type { RoomStore } from '../../state/room-store.ts';
import type { CachedNodes } from './cached-nodes.ts';
import { hasPlace, rankEdges } from './choose-edge.ts';
import { chooseIngest, machineOf, originOf } from './choose-node.ts';
import { RecentEdges } from './recent-edges.ts';

/** Edges asked for one viewer, and how long others are still tried: an answer that comes late helps nobody. */
const MAX_EDGES_ASKED = 4;
const ASK_OTHERS_WITHIN_MS = 3000;

export class Placement {
  readonly #recent = new RecentEdges();

  constructor(
    private readonly nodes: CachedNodes,
    private readonly rooms: RoomStore,
  ) {}

  /**
   * The ingest node for a publication; a room without a node gets one now.
   * @throws AppError overloaded or unavailable, with Retry-After
   */
  async ingest(room: RoomDocument): Promise<NodeRecord> {
    const nodes = await this.nodes.list();
    const choice = chooseIngest(room, nodes);
    if (choice.kind === 'full') throw new AppError('overloaded', { retryAfterSeconds: 10 });
    if (choice.kind !== 'node') {
      this.nodes.forget();
      throw new AppError('unavailable', { detail: 'No media node can take the room at the moment.', retryAfterSeconds: 2 });
    }
    if (choice.node.id === room.node) return choice.node;
    // Two publishers may come at once: the first to write decides.
    const seen = room.node;
    const updated = await this.rooms.update(room.id, (r) => (r.node === seen ? { ...r, node: choice.node.id } : undefined));
    if (!updated) throw new AppError('roomNotFound');
    return nodes.find((n) => n.id === updated.node) ?? choice.node;
  }

  /** Takes back a room's first placement when nothing came of it, so that a refused offer leaves no trace. */
  async release(room: RoomDocument, node: NodeRecord): Promise<void> {
    if (room.node !== undefined) return;
    await this.rooms.update(room.id, ({ node: placed, ...rest }) => (placed === node.id ? rest : undefined));
  }

  /** Makes sure that a room whose publication stands has its node, also when a refused one took the placement back meanwhile. */
  async keep(room: RoomId, node: NodeRecord): Promise<void> {
    await this.rooms.update(room, (r) => (r.node === undefined ? { ...r, node: node.id } : undefined));
  }

  /**
   * Opens a viewer on the best edge that takes it: one that is full or gone is passed over.
   * @throws AppError overloaded or unavailable, with Retry-After; what `open` threw otherwise
   */
  async onEdge<T>(room: RoomDocument, open: (edge: NodeRecord) => Promise<T>): Promise<{ edge: NodeRecord; opened: T }> {
    const startedMs = performance.now();
    const ranked = rankEdges({ room: room.id, region: room.region, ...this.#recent.now(startedMs) }, await this.nodes.list());
    let refused: unknown;
    for (const edge of ranked.slice(0, MAX_EDGES_ASKED)) {
      this.#recent.placed(edge.id, performance.now());
      try {
        return { edge, opened: await open(edge) };
      } catch (error) {
        refused = error;
        if (!(error instanceof AppError) || (error.code !== 'overloaded' && error.code !== 'unavailable')) throw error;
        this.#recent.failed(edge.id, performance.now());
        if (hasPlace(edge)) this.nodes.forget(); // otherwise it is as its record says
        if (performance.now() - startedMs > ASK_OTHERS_WITHIN_MS) break;
      }
    }
    if (refused !== undefined) throw refused;
    this.nodes.forget();
    throw new AppError('unavailable', { detail: 'No edge node is there at the moment.', retryAfterSeconds: 2 });
  }

  /** @returns undefined when the room never had a publisher @throws AppError unavailable when the origin is away */
  async origin(room: Pick<RoomDocument, 'node'>): Promise<NodeRecord | undefined> {
    if (room.node === undefined) return undefined;
    const origin = originOf(room, await this.nodes.list());
    if (!origin) {
      this.nodes.forget();
      throw new AppError('unavailable', { detail: "The room's origin is away at the moment.", retryAfterSeconds: 2 });
    }
    return origin;
  }

  /** What `origin` would give, if that is known already and there is one. */
  knownOrigin(room: Pick<RoomDocument, 'node'>): NodeRecord | undefined {
    const nodes = this.nodes.known();
    return nodes && originOf(room, nodes);
  }

  /** The room's ingest node, undefined while it is away or when the room has none. */
  async owner(room: Pick<RoomDocument, 'node'>): Promise<NodeRecord | undefined> {
    return (await this.nodes.list()).find((n) => n.role === 'ingest' && n.id === room.node);
  }

  /** Name of the mix queue: the machine that has the room's feeds. */
  async mixQueue(room: Pick<RoomDocument, 'node'>): Promise<NodeId | undefined> {
    return machineOf(room.node, await this.nodes.list()) as NodeId | undefined;
  }
}
