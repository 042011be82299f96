import type { ParticipantId, RoomId } from '../domain/ids.ts';
import type { Participant, ParticipantPatch } from '../domain/room.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/**
 * Participants of a room: facts written by the room's ingest host; what a host set (mute, gain, pin, hide) is kept beside
 * them, so that it outlives a reconnection.
 */
export class ParticipantStore {
  constructor(private readonly redis: Redis) {}

  async put(room: RoomId, participant: Participant): Promise<void> {
    await this.redis.hset(keys.participants(room), participant.id, JSON.stringify(participant));
  }

  async remove(room: RoomId, id: ParticipantId): Promise<void> {
    await this.redis.multi().hdel(keys.participants(room), id).hdel(keys.uplink(room), id).exec();
  }

  async clear(room: RoomId): Promise<void> {
    await this.redis.del(keys.participants(room));
  }

  async get(room: RoomId, id: ParticipantId): Promise<Participant | undefined> {
    const text = await this.redis.hget(keys.participants(room), id);
    return text === null ? undefined : (JSON.parse(text) as Participant);
  }

  /** In order of joining. */
  async list(room: RoomId): Promise<Participant[]> {
    const all = await this.redis.hvals(keys.participants(room));
    return all.map((text) => JSON.parse(text) as Participant).sort((a, b) => a.joinedAt.localeCompare(b.joinedAt) || a.id.localeCompare(b.id));
  }

  count(room: RoomId): Promise<number> {
    return this.redis.hlen(keys.participants(room));
  }

  /** What a host set earlier for this participant. */
  async settings(room: RoomId, id: ParticipantId): Promise<ParticipantPatch> {
    const text = await this.redis.hget(keys.participantSettings(room), id);
    return text === null ? {} : (JSON.parse(text) as ParticipantPatch);
  }

  async putSettings(room: RoomId, id: ParticipantId, settings: ParticipantPatch): Promise<void> {
    await this.redis.hset(keys.participantSettings(room), id, JSON.stringify(settings));
  }
}
