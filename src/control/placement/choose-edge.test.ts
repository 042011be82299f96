import { describe, expect, it } from 'vitest';
import type { NodeId, RoomId } from '../../domain/ids.ts';
import type { NodeRecord } from '../../node-api/contract.ts';
import { rankEdges } from './choose-edge.ts';

const ROOM = 'room-1' as RoomId;

function edge(id: string, change: Partial<NodeRecord> = {}): NodeRecord {
  return { id: id as NodeId, machine: 'm', role: 'edge', region: 'eu', url: 'unix:/x', pid: 1, startedAt: '', load: 0, used: 0, capacity: 100, version: '', ...change };
}
const order = (nodes: NodeRecord[], watching: Partial<Parameters<typeof rankEdges>[0]> = {}): string[] => {
  return rankEdges({ room: ROOM, ...watching }, nodes).map((n) => n.id);
};

describe('edges for a viewer', () => {
  it('are ranked by room and by load, full ones at the end: their records may be old', () => {
    expect(order([edge('busy', { load: 0.9 }), edge('some', { used: 20 }), edge('full', { used: 100 }), edge('empty'), edge('fuller', { used: 101 })])).toEqual(['empty', 'some', 'busy', 'full', 'fuller']);
    expect(order([edge('full', { used: 100 })])).toEqual(['full']);
    expect(order([{ ...edge('origin'), role: 'origin' }])).toEqual([]);
  });

  it('of the region come first, others when those are full', () => {
    const nodes = [edge('us', { region: 'us' }), edge('eu', { used: 90 }), edge('eu-full', { used: 100 })];

    expect(order(nodes, { region: 'eu' })).toEqual(['eu', 'us', 'eu-full']);
    expect(order(nodes, { region: 'asia' })).toEqual(['us', 'eu', 'eu-full']);
  });

  it('that have the programme are taken as long as they are hardly fuller', () => {
    const having = (used: number): NodeRecord[] => [edge('other'), edge('having', { rooms: [ROOM], used })];

    expect(order(having(1))).toEqual(['having', 'other']);
    expect(order(having(5))).toEqual(['other', 'having']);
  });

  it('that did not answer lately are asked last', () => {
    expect(order([edge('a'), edge('b', { used: 50 })], { failed: new Set(['a' as NodeId]) })).toEqual(['b', 'a']);
  });

  it('share a rush that their records do not know yet', () => {
    const nodes = [edge('a'), edge('b'), edge('c', { used: 30 })];
    const placed = new Map<NodeId, number>();
    for (let i = 0; i < 60; i++) {
      const first = rankEdges({ room: ROOM, placed }, nodes)[0]?.id as NodeId;
      placed.set(first, (placed.get(first) ?? 0) + 1);
    }

    expect(Object.fromEntries(placed)).toEqual({ a: 30, b: 30 });
  });
});
