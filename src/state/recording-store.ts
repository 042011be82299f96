import type { RecordingId, RoomId } from '../domain/ids.ts';
import type { Recording } from '../domain/recording.ts';
import { getJson, getManyJson, updateJson } from './json-value.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** The catalogue of recordings. */
export class RecordingStore {
  constructor(private readonly redis: Redis) {}

  async create(recording: Recording): Promise<void> {
    await this.redis
      .multi()
      .set(keys.recording(recording.id), JSON.stringify(recording))
      .zadd(keys.recordings, Date.parse(recording.startedAt), recording.id)
      .sadd(keys.unfinishedRecordings, recording.id)
      .exec();
  }

  get(id: RecordingId): Promise<Recording | undefined> {
    return getJson<Recording>(this.redis, keys.recording(id));
  }

  /** Newest first. */
  async list(room?: RoomId): Promise<Recording[]> {
    const ids = (await this.redis.zrevrange(keys.recordings, 0, -1)) as RecordingId[];
    const all = await getManyJson<Recording>(this.redis, ids.map(keys.recording));
    return room === undefined ? all : all.filter((r) => r.room === room);
  }

  /** Those that run or are being made ready, in no order: the catalogue grows for years, these stay few. */
  async listUnfinished(room?: RoomId): Promise<Recording[]> {
    const ids = (await this.redis.smembers(keys.unfinishedRecordings)) as RecordingId[];
    const unfinished = (await getManyJson<Recording>(this.redis, ids.map(keys.recording))).filter((r) => r.status !== 'complete' && r.status !== 'failed');
    if (unfinished.length < ids.length) {
      const kept = new Set(unfinished.map((r) => r.id));
      await this.redis.srem(keys.unfinishedRecordings, ...ids.filter((id) => !kept.has(id)));
    }
    return room === undefined ? unfinished : unfinished.filter((r) => r.room === room);
  }

  update(id: RecordingId, change: (recording: Recording) => Recording | undefined): Promise<Recording | undefined> {
    return updateJson<Recording>(this.redis, keys.recording(id), change);
  }

  async delete(id: RecordingId): Promise<void> {
    await this.redis.multi().del(keys.recording(id)).zrem(keys.recordings, id).srem(keys.unfinishedRecordings, id).exec();
  }
}
