/** Where the origin of a room takes this edge's subscription. */
import type { Config } from '../config/config.ts';
import { AppError } from '../domain/errors.ts';
import type { RoomId } from '../domain/ids.ts';
import { programmeSocketPath } from '../media/programme-protocol.ts';
import type { NodeRegistry } from '../state/node-registry.ts';
import type { RoomStore } from '../state/room-store.ts';
import type { OriginAddress } from './programme-subscription.ts';

/**
 * The Unix socket on one machine; in a cluster the origin on the machine of the room's ingest, over TCP unless that is here.
 * @throws AppError unavailable when no origin of that machine is announced
 */
export async function findOrigin(
  room: RoomId,
  config: Pick<Config, 'runDir' | 'nodeId' | 'internalHost'>,
  rooms: Pick<RoomStore, 'get'>,
  nodes: Pick<NodeRegistry, 'list'>,
): Promise<OriginAddress> {
  const local = { path: programmeSocketPath(config.runDir) };
  if (!config.internalHost) return local;
  const [document, records] = await Promise.all([rooms.get(room), nodes.list()]);
  const machine = records.find((record) => record.id === document?.node)?.machine;
  const origins = records.filter((record) => record.role === 'origin');
  const origin = origins.find((record) => record.machine === machine) ?? (machine === undefined ? origins[0] : undefined);
  if (!origin) throw new AppError('unavailable', { detail: 'No origin is announced for this room.' });
  if (origin.machine === config.nodeId) return local;
  if (!origin.programmeUrl) throw new AppError('unavailable', { detail: 'The origin takes no subscriptions from other machines.' });
  const { hostname, port } = new URL(origin.programmeUrl);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}
