/** Which edges may take a viewer, best first: a pure choice over the living nodes. */
import type { NodeId, RoomId } from '../../domain/ids.ts';
import type { NodeRecord } from '../../node-api/contract.ts';
import { fullness } from './choose-node.ts';

/**
 * An edge that has the room's programme already may be fuller by this than one that would have to subscribe. Subscribing costs an
 * edge about as much as four viewers, and the origin another copy of the programme.
 */
const SUBSCRIPTION_WORTH = 0.02;

export interface Watching {
  room: RoomId;
  region?: string;
  /** Viewers sent to an edge lately: its record may not know them yet. */
  placed?: ReadonlyMap<NodeId, number>;
  /** Edges that did not answer lately: asked last. */
  failed?: ReadonlySet<NodeId>;
}

/**
 * @returns edges in the order in which to ask them: of the room's region first, the emptiest first. Those that are full by their
 * records come last: a record is up to two seconds old, and a viewer that left has made a place since.
 */
export function rankEdges({ room, region, placed, failed }: Watching, nodes: readonly NodeRecord[]): NodeRecord[] {
  const ranked = nodes
    .filter((n) => n.role === 'edge')
    .map((edge) => {
      const used = edge.used + (placed?.get(edge.id) ?? 0);
      const far = region !== undefined && edge.region !== region;
      const cost = fullness({ ...edge, used }) - (edge.rooms?.includes(room) ? SUBSCRIPTION_WORTH : 0);
      return { edge, free: hasPlace(edge), cost, tier: (failed?.has(edge.id) ? 2 : 0) + (far ? 1 : 0) };
    })
    .sort((a, b) => a.tier - b.tier || a.cost - b.cost);
  return [...ranked.filter(({ free }) => free), ...ranked.filter(({ free }) => !free)].map(({ edge }) => edge);
}

export function hasPlace(edge: NodeRecord): boolean {
  return edge.used < edge.capacity;
}
