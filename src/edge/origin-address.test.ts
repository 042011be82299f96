import { describe, expect, it } from 'vitest';
import type { RoomId } from '../domain/ids.ts';
import type { RoomDocument } from '../domain/room.ts';
import type { NodeRecord } from '../node-api/contract.ts';
import { findOrigin } from './origin-address.ts';

const room = 'r' as RoomId;
const cluster = { runDir: '/run/t', nodeId: 'here', internalHost: '10.0.0.1' };
const record = (machine: string, role: NodeRecord['role'], programmeUrl?: string): NodeRecord => ({ id: `${machine}-${role}`, machine, role, programmeUrl }) as NodeRecord;
const nodes = (...records: NodeRecord[]): { list(): Promise<NodeRecord[]> } => ({ list: async () => records });
const rooms = { get: async () => ({ node: 'there-ingest' }) as unknown as RoomDocument };

describe('findOrigin', () => {
  it('is the socket on one machine', async () => {
    expect(await findOrigin(room, { ...cluster, internalHost: undefined }, rooms, nodes())).toEqual({ path: '/run/t/programme.sock' });
  });

  it('is the origin beside the room’s ingest in a cluster', async () => {
    const records = nodes(record('here', 'origin', 'tcp://10.0.0.1:1'), record('there', 'ingest'), record('there', 'origin', 'tcp://10.0.0.2:4711'));

    expect(await findOrigin(room, cluster, rooms, records)).toEqual({ host: '10.0.0.2', port: 4711 });
    expect(await findOrigin(room, { ...cluster, nodeId: 'there' }, rooms, records)).toEqual({ path: '/run/t/programme.sock' });
  });

  it('is not there when the machine’s origin is not announced', async () => {
    await expect(findOrigin(room, cluster, rooms, nodes(record('there', 'ingest'), record('here', 'origin')))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
