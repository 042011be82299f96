import type { NodeId } from '../domain/ids.ts';
import type { RoleName } from '../config/config.ts';
import type { NodeRecord } from '../node-api/contract.ts';
import { getManyJson } from './json-value.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

export const NODE_TTL_MS = 5000;
const RENEW_MS = 1000;

/** Who is there: each role process renews its record every second; a record not renewed for 5 s is gone. */
export class NodeRegistry {
  constructor(private readonly redis: Redis) {}

  /** Announces a process until `close()` of the returned handle; `describe` is asked at every renewal. */
  announce(describe: () => NodeRecord): { close(): Promise<void> } {
    const renew = async (): Promise<void> => {
      const record = describe();
      await this.redis
        .multi()
        .set(keys.node(record.id), JSON.stringify(record), 'PX', NODE_TTL_MS)
        .sadd(keys.nodes, record.id)
        .exec();
    };
    let closed = false;
    const tick = (): void => {
      if (!closed) renew().catch(() => undefined); // Redis is away: the next second tries again
    };
    tick();
    const timer = setInterval(tick, RENEW_MS);
    return {
      close: async () => {
        if (closed) return;
        closed = true;
        clearInterval(timer);
        const { id } = describe();
        await this.redis.multi().del(keys.node(id)).srem(keys.nodes, id).exec().catch(() => undefined);
      },
    };
  }

  /** Living processes, of one role when given; records that ran out are swept from the index. */
  async list(role?: RoleName): Promise<NodeRecord[]> {
    const ids = (await this.redis.smembers(keys.nodes)) as NodeId[];
    if (ids.length === 0) return [];
    const records = await getManyJson<NodeRecord>(this.redis, ids.map(keys.node));
    if (records.length < ids.length) {
      const living = new Set(records.map((r) => r.id));
      const dead = ids.filter((id) => !living.has(id));
      if (dead.length > 0) await this.redis.srem(keys.nodes, ...dead);
    }
    return records.filter((r) => role === undefined || r.role === role).sort((a, b) => a.id.localeCompare(b.id));
  }
}
