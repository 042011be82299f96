import type { ParticipantId, RoomId } from '../domain/ids.ts';
import type { MixMemory } from '../domain/mix-memory.ts';
import type { MixState, RoomDocument } from '../domain/room.ts';
import type { UplinkWish } from '../domain/uplink.ts';
import { getJson, getManyJson, updateJson } from './json-value.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** Nobody's wish is older: each new mix tells all of them again. Sweeps what a room that was never deleted leaves. */
const UPLINK_KEPT_MS = 24 * 3600_000;

/** A mix that stood still for longer has other people in it. Sweeps as above. */
const MEMORY_KEPT_MS = 24 * 3600_000;

const IDLE: MixState = { status: 'idle', epoch: 0, since: new Date(0).toISOString() };

/** Room documents (what should be), the mix's state (what is) and the epoch counter. */
export class RoomStore {
  constructor(private readonly redis: Redis) {}

  /** @returns false when a room with this id exists */
  async create(room: RoomDocument): Promise<boolean> {
    const script = `if not redis.call('SET', KEYS[1], ARGV[1], 'NX') then return 0 end
      redis.call('SADD', KEYS[2], ARGV[2]) return 1`;
    return (await this.redis.eval(script, 2, keys.room(room.id), keys.rooms, JSON.stringify(room), room.id)) === 1;
  }

  get(id: RoomId): Promise<RoomDocument | undefined> {
    return getJson<RoomDocument>(this.redis, keys.room(id));
  }

  async list(): Promise<RoomDocument[]> {
    const ids = (await this.redis.smembers(keys.rooms)) as RoomId[];
    const rooms = await getManyJson<RoomDocument>(this.redis, ids.map(keys.room));
    return rooms.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
  }

  update(id: RoomId, change: (room: RoomDocument) => RoomDocument | undefined): Promise<RoomDocument | undefined> {
    return updateJson<RoomDocument>(this.redis, keys.room(id), change);
  }

  /**
   * Forgets the room. The epoch counter stays, so that a late mixer of an older room of this name is still fenced off; and for
   * `broadcastMs` what is needed to play its broadcast to the end.
   */
  async delete(id: RoomId, broadcastMs = 0): Promise<void> {
    const left = broadcastMs > 0 ? await this.get(id) : undefined;
    const change = this.redis.multi();
    if (left?.node !== undefined) change.set(keys.leftBroadcast(id), JSON.stringify(left), 'PX', broadcastMs);
    await change
      .del(keys.room(id), keys.mix(id), keys.mixMemory(id), keys.mixWanted(id), keys.autoRecorded(id), keys.participants(id), keys.participantSettings(id), keys.uplink(id), keys.chat(id), keys.roomSessions(id))
      .srem(keys.rooms, id)
      .exec();
  }

  /** The document of a deleted room whose broadcast can still be played. */
  leftBroadcast(id: RoomId): Promise<RoomDocument | undefined> {
    return getJson<RoomDocument>(this.redis, keys.leftBroadcast(id));
  }

  async forgetBroadcast(id: RoomId): Promise<void> {
    await this.redis.del(keys.leftBroadcast(id));
  }

  async mix(id: RoomId): Promise<MixState> {
    return (await getJson<MixState>(this.redis, keys.mix(id))) ?? IDLE;
  }

  /**
   * Written by the mixer worker, whole each time (what is absent is forgotten: `degraded` too); refused (false) when a newer
   * epoch has written, or when the room is gone: nothing must stay behind. `since` moves only with `status`.
   */
  async setMix(id: RoomId, { status, epoch, degraded }: Omit<MixState, 'since'>): Promise<boolean> {
    const script = `if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
      local text = redis.call('GET', KEYS[1])
      local since = ARGV[4]
      if text then
        local before = cjson.decode(text)
        if before.epoch > tonumber(ARGV[2]) then return 0 end
        if before.status == ARGV[3] then since = before.since end
      end
      redis.call('SET', KEYS[1], '{"since":"' .. since .. '",' .. string.sub(ARGV[1], 2)) return 1`;
    const value: Omit<MixState, 'since'> = { status, epoch, ...(degraded === undefined ? {} : { degraded }) };
    return (await this.redis.eval(script, 2, keys.mix(id), keys.room(id), JSON.stringify(value), String(epoch), status, new Date().toISOString())) === 1;
  }

  /**
   * Who sits where, and what the mix does without: for a worker that takes it over. Some hundred bytes, written when a tile moves.
   * Nothing is written over a newer epoch's, or for a room that is gone.
   */
  async setMixMemory(id: RoomId, epoch: number, memory: MixMemory): Promise<void> {
    const script = `if redis.call('EXISTS', KEYS[2]) == 0 then return end
      if tonumber(redis.call('HGET', KEYS[1], 'epoch') or 0) > tonumber(ARGV[1]) then return end
      redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'memory', ARGV[2])
      redis.call('PEXPIRE', KEYS[1], ARGV[3])`;
    await this.redis.eval(script, 2, keys.mixMemory(id), keys.room(id), String(epoch), JSON.stringify(memory), String(MEMORY_KEPT_MS));
  }

  async mixMemory(id: RoomId): Promise<MixMemory | undefined> {
    const text = await this.redis.hget(keys.mixMemory(id), 'memory');
    return text === null ? undefined : (JSON.parse(text) as MixMemory);
  }

  /**
   * What publishers should send, from the mixer worker: only the participants named are touched, an empty list forgets one.
   * Does nothing for a room that is gone. Goes with the participant (ParticipantStore.remove), the room, or after a day.
   */
  async setUplink(id: RoomId, wishes: Readonly<Record<ParticipantId, readonly UplinkWish[]>>): Promise<void> {
    const fields = Object.entries<readonly UplinkWish[]>(wishes).flatMap(([participant, list]) => [participant, list.length === 0 ? '' : JSON.stringify(list)]);
    if (fields.length === 0) return;
    const script = `if redis.call('EXISTS', KEYS[2]) == 0 then return end
      for i = 2, #ARGV, 2 do
        if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
        else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
      end
      redis.call('PEXPIRE', KEYS[1], ARGV[1])`;
    await this.redis.eval(script, 2, keys.uplink(id), keys.room(id), String(UPLINK_KEPT_MS), ...fields);
  }

  /** What a participant should send; undefined when no mix has said anything. */
  async uplink(id: RoomId, participant: ParticipantId): Promise<UplinkWish[] | undefined> {
    const text = await this.redis.hget(keys.uplink(id), participant);
    return text === null ? undefined : (JSON.parse(text) as UplinkWish[]);
  }

  /** Whether the room should have a mix: set by control, read by the mixer worker, which ends its job when it goes. */
  async setMixWanted(id: RoomId, wanted: boolean): Promise<void> {
    if (wanted) await this.redis.set(keys.mixWanted(id), '1');
    else await this.redis.del(keys.mixWanted(id));
  }

  async mixWanted(id: RoomId): Promise<boolean> {
    return (await this.redis.exists(keys.mixWanted(id))) === 1;
  }

  /** Whether a recording was begun by itself since the mix came up: a host who stopped it does not want another. */
  async setAutoRecorded(id: RoomId, done: boolean): Promise<void> {
    if (done) await this.redis.set(keys.autoRecorded(id), '1');
    else await this.redis.del(keys.autoRecorded(id));
  }

  async autoRecorded(id: RoomId): Promise<boolean> {
    return (await this.redis.exists(keys.autoRecorded(id))) === 1;
  }

  /**
   * The next epoch; called by whoever starts a mixer child.
   * @param above an epoch that the origin has seen: a Redis that lost its last writes must not count up to it one by one
   */
  async nextEpoch(id: RoomId, above = 0): Promise<number> {
    const script = `local next = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(ARGV[1])) + 1
      redis.call('SET', KEYS[1], next) return next`;
    return (await this.redis.eval(script, 1, keys.epoch(id), String(above))) as number;
  }
}
