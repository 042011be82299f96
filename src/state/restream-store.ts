import type { RestreamId, RoomId } from '../domain/ids.ts';
import type { Restream } from '../domain/restream.ts';
import { getJson, getManyJson, updateJson } from './json-value.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

const KEPT_AFTER_END_MS = 24 * 3600_000;

/**
 * Restreams as the API shows them, and apart from them the URL with its key, which only the restream worker reads.
 * A stopped one is kept for a day so that its end can be read; its secret goes at once.
 */
export class RestreamStore {
  constructor(private readonly redis: Redis) {}

  async create(restream: Restream, secretUrl: string): Promise<void> {
    await this.redis
      .multi()
      .set(keys.restream(restream.id), JSON.stringify(restream))
      .set(keys.restreamSecret(restream.id), secretUrl)
      .zadd(keys.restreams, Date.parse(restream.createdAt), restream.id)
      .exec();
  }

  get(id: RestreamId): Promise<Restream | undefined> {
    return getJson<Restream>(this.redis, keys.restream(id));
  }

  /** The full URL; undefined when it was stopped: the worker then ends. */
  async secretUrl(id: RestreamId): Promise<string | undefined> {
    return (await this.redis.get(keys.restreamSecret(id))) ?? undefined;
  }

  /** Oldest first; those whose day is over are swept from the index. */
  async list(room?: RoomId): Promise<Restream[]> {
    const ids = (await this.redis.zrange(keys.restreams, '0', '-1')) as RestreamId[];
    const all = await getManyJson<Restream>(this.redis, ids.map(keys.restream));
    if (all.length < ids.length) {
      const kept = new Set(all.map((r) => r.id));
      await this.redis.zrem(keys.restreams, ...ids.filter((id) => !kept.has(id)));
    }
    return room === undefined ? all : all.filter((r) => r.room === room);
  }

  update(id: RestreamId, change: (restream: Restream) => Restream | undefined): Promise<Restream | undefined> {
    return updateJson<Restream>(this.redis, keys.restream(id), change);
  }

  /** Asks for the end: the secret goes, the worker sees it and stops. */
  async requestStop(id: RestreamId): Promise<void> {
    await this.redis.multi().del(keys.restreamSecret(id)).pexpire(keys.restream(id), KEPT_AFTER_END_MS).exec();
  }

  async delete(id: RestreamId): Promise<void> {
    await this.redis.multi().del(keys.restream(id), keys.restreamSecret(id)).zrem(keys.restreams, id).exec();
  }
}
