import type { ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { SourceKind } from '../domain/room.ts';
import { getJson, getManyJson } from './json-value.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** Where a WHIP or WHEP session lives, so that any control process can pass on its PATCH and DELETE. */
export interface SessionRecord {
  id: SessionId;
  kind: 'whip' | 'whep';
  room: RoomId;
  /** node-api URL of the process that has it. */
  nodeUrl: string;
  nodeId: string;
  identity: ParticipantId;
  source?: SourceKind;
  createdAt: string;
}

export class SessionStore {
  constructor(private readonly redis: Redis) {}

  async put(session: SessionRecord): Promise<void> {
    await this.redis.multi().set(keys.session(session.id), JSON.stringify(session), 'EX', 86_400).sadd(keys.roomSessions(session.room), session.id).exec();
  }

  get(id: SessionId): Promise<SessionRecord | undefined> {
    return getJson<SessionRecord>(this.redis, keys.session(id));
  }

  async remove(session: Pick<SessionRecord, 'id' | 'room'>): Promise<void> {
    await this.redis.multi().del(keys.session(session.id)).srem(keys.roomSessions(session.room), session.id).exec();
  }

  /** Those whose record ran out are swept from the room's index. */
  async list(room: RoomId): Promise<SessionRecord[]> {
    const ids = (await this.redis.smembers(keys.roomSessions(room))) as SessionId[];
    const sessions = await getManyJson<SessionRecord>(this.redis, ids.map(keys.session));
    if (sessions.length < ids.length) {
      const kept = new Set(sessions.map((s) => s.id));
      await this.redis.srem(keys.roomSessions(room), ...ids.filter((id) => !kept.has(id)));
    }
    return sessions;
  }
}
