import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Config, RoleName } from '../config/config.ts';
import { repoRoot } from '../config/paths.ts';
import type { NodeId } from '../domain/ids.ts';
import type { NodeRecord } from '../node-api/contract.ts';
import type { NodeRegistry } from '../state/node-registry.ts';

/** Of package.json. */
export const VERSION = (JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string }).version;

export type RoleLoad = Pick<NodeRecord, 'load' | 'used' | 'capacity' | 'programmeUrl' | 'rooms'>;

/** Id of a machine's process of a role; `ordinal` from 2 on for further processes of the role. */
export function roleNodeId(config: Pick<Config, 'nodeId'>, role: RoleName, ordinal = 1): NodeId {
  return `${config.nodeId}-${role}${ordinal === 1 ? '' : `-${ordinal}`}` as NodeId;
}

/** Puts this process into the registry until `close()`; `now` is asked each second. */
export function announceRole(
  nodes: NodeRegistry,
  config: Pick<Config, 'nodeId' | 'region'>,
  role: RoleName,
  url: string,
  now: () => RoleLoad,
  ordinal = 1,
): { close(): Promise<void> } {
  const fixed = { id: roleNodeId(config, role, ordinal), machine: config.nodeId, role, region: config.region, url, pid: process.pid, startedAt: new Date().toISOString(), version: VERSION };
  return nodes.announce(() => ({ ...fixed, ...now() }));
}

/** Returns a function that tells the share of time this process's event loop was busy since it was last asked. */
export function busyShare(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
