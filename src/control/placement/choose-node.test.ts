import { describe, expect, it } from 'vitest';
import type { RoleName } from '../../config/config.ts';
import type { NodeId } from '../../domain/ids.ts';
import type { NodeRecord } from '../../node-api/contract.ts';
import { chooseIngest, machineOf, originOf } from './choose-node.ts';

function node(machine: string, role: RoleName, change: Partial<NodeRecord> = {}): NodeRecord {
  return { id: `${machine}-${role}` as NodeId, machine, role, region: 'eu', url: 'unix:/x', pid: 1, startedAt: '', load: 0, used: 0, capacity: 4, version: '', ...change };
}
const machine = (name: string, change: Partial<NodeRecord> = {}): NodeRecord[] => [node(name, 'ingest', change), node(name, 'mixer', change), node(name, 'origin', change), node(name, 'edge', change)];
const id = (name: string): NodeId => name as NodeId;

describe('the ingest of a room', () => {
  it('stays where the room is, even when that is full', () => {
    const nodes = [...machine('a', { used: 4 }), ...machine('b')];

    expect(chooseIngest({ node: id('a-ingest') }, nodes)).toMatchObject({ kind: 'node', node: { id: 'a-ingest' } });
  });

  it('is waited for while its machine lives, and replaced when the machine is gone', () => {
    const restarting = [...machine('a').filter((n) => n.role !== 'ingest'), ...machine('b')];

    expect(chooseIngest({ node: id('a-ingest') }, restarting)).toEqual({ kind: 'wait' });
    expect(chooseIngest({ node: id('a-ingest') }, machine('b'))).toMatchObject({ kind: 'node', node: { id: 'b-ingest' } });
  });

  it('of a new room is the emptiest complete machine, of its region when there is one', () => {
    const nodes = [...machine('a', { used: 2 }), ...machine('b', { used: 1 }), ...machine('c', { region: 'us', used: 3 }), node('d', 'ingest')];

    expect(chooseIngest({}, nodes)).toMatchObject({ node: { id: 'b-ingest' } });
    expect(chooseIngest({ region: 'us' }, nodes)).toMatchObject({ node: { id: 'c-ingest' } });
    expect(chooseIngest({ region: 'asia' }, nodes)).toMatchObject({ node: { id: 'b-ingest' } });
  });

  it('is refused when all are full or none is there', () => {
    expect(chooseIngest({}, machine('a', { used: 4 }))).toEqual({ kind: 'full' });
    expect(chooseIngest({}, [node('a', 'ingest')])).toEqual({ kind: 'none' });
  });
});

it("the origin is on the machine of the room's ingest, also while that is away", () => {
  const nodes = [...machine('a'), ...machine('b-ingest')].filter((n) => n.role !== 'ingest');

  expect(originOf({ node: id('a-ingest') }, nodes)?.id).toBe('a-origin');
  expect(originOf({ node: id('a-ingest-2') }, nodes)?.id).toBe('a-origin');
  expect(machineOf(id('b-ingest-ingest'), nodes)).toBe('b-ingest');
  expect(originOf({}, nodes)).toBeUndefined();
});
