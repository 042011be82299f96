/** Where a room goes: pure choices over the living nodes. Viewers: choose-edge.ts. */
import type { NodeRecord } from '../../node-api/contract.ts';
import type { NodeId } from '../../domain/ids.ts';

export type IngestChoice =
  | { kind: 'node'; node: NodeRecord }
  /** The room's process is away but its machine lives: its role restarts within a second or two. */
  | { kind: 'wait' }
  | { kind: 'full' }
  | { kind: 'none' };

/** How full a node is: its places or its load, whichever is worse. */
export function fullness(node: NodeRecord): number {
  return Math.max(node.capacity > 0 ? node.used / node.capacity : 1, node.load);
}

/**
 * The ingest node of a room. A room stays on its node while that lives, since mixer and origin are on the same machine;
 * a new room goes to the emptiest machine of its region that has all three.
 */
export function chooseIngest(room: { node?: NodeId; region?: string }, nodes: readonly NodeRecord[]): IngestChoice {
  const ingests = nodes.filter((n) => n.role === 'ingest');
  if (room.node !== undefined) {
    const owner = ingests.find((n) => n.id === room.node);
    if (owner) return { kind: 'node', node: owner };
    if (nodes.some((n) => room.node === `${n.machine}-ingest` || room.node?.startsWith(`${n.machine}-ingest-`))) return { kind: 'wait' };
  }
  const complete = ingests.filter((n) => ['mixer', 'origin'].every((role) => nodes.some((other) => other.role === role && other.machine === n.machine)));
  if (complete.length === 0) return { kind: 'none' };
  const free = complete.filter((n) => n.used < n.capacity);
  const near = free.filter((n) => room.region === undefined || n.region === room.region);
  const node = emptiest(near.length > 0 ? near : free);
  return node ? { kind: 'node', node } : { kind: 'full' };
}

/** The origin of a room: on the machine of its ingest node. */
export function originOf(room: { node?: NodeId }, nodes: readonly NodeRecord[]): NodeRecord | undefined {
  const machine = machineOf(room.node, nodes);
  return machine === undefined ? undefined : nodes.find((n) => n.role === 'origin' && n.machine === machine);
}

/** Machine of an ingest node's id (`<machine>-ingest`, with a number for a second process), also while that process is away. */
export function machineOf(node: NodeId | undefined, nodes: readonly NodeRecord[]): string | undefined {
  if (node === undefined) return undefined;
  return nodes.find((n) => n.id === node)?.machine ?? /^(.+)-ingest(-\d+)?$/.exec(node)?.[1];
}

function emptiest(nodes: readonly NodeRecord[]): NodeRecord | undefined {
  return nodes.reduce<NodeRecord | undefined>((best, n) => (best === undefined || fullness(n) < fullness(best) ? n : best), undefined);
}
