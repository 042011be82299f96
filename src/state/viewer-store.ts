import type { RoomId } from '../domain/ids.ts';
import { VIEWER_GONE_MS, type ViewerCount } from '../domain/viewing.ts';
import { keys } from './keys.ts';
import type { ParticipantStore } from './participant-store.ts';
import type { Redis } from './redis.ts';
import type { SessionStore } from './session-store.ts';

/** More players of one room than this are not told apart. */
const MAX_VIEWERS = 100_000;
const SLOTS_KEPT_SECONDS = 1800;
/** Counting reads every session of a room. */
const FRESH_MS = 2000;
const MAX_CACHED = 1000;

export interface SlotChange {
  /** Players that were heard of. */
  seen: readonly string[];
  /** Players that said goodbye, or watch another way now. */
  gone: readonly string[];
  increments: Readonly<Record<string, number>>;
}

/**
 * Who watches a room and what their players tell: the players heard of lately in a sorted set by time, and counters in slots
 * of time. Everything runs out by itself; shared by all control processes.
 */
export class ViewerStore {
  readonly #counts = new Map<RoomId, { atMs: number; value: Promise<ViewerCount> }>();

  constructor(
    private readonly redis: Redis,
    private readonly sessions: Pick<SessionStore, 'list'>,
    private readonly participants: Pick<ParticipantStore, 'list'>,
  ) {}

  /** At most 2 s old. HLS players by what they told, WHEP by sessions of those who take no part in the room. */
  count(room: RoomId): Promise<ViewerCount> {
    const now = performance.now();
    const known = this.#counts.get(room);
    if (known && now - known.atMs < FRESH_MS) return known.value;
    if (this.#counts.size >= MAX_CACHED) this.#counts.clear();
    const value = this.#count(room);
    value.catch(() => this.#counts.delete(room));
    this.#counts.set(room, { atMs: now, value });
    return value;
  }

  async #count(room: RoomId): Promise<ViewerCount> {
    const [hls, sessions] = await Promise.all([this.redis.zcount(keys.viewers(room), Date.now() - VIEWER_GONE_MS, '+inf'), this.sessions.list(room)]);
    const watching = sessions.filter((s) => s.kind === 'whep');
    const within = watching.length === 0 ? new Set() : new Set((await this.participants.list(room)).map((p) => p.id));
    const webrtc = watching.filter((s) => !within.has(s.identity)).length;
    return { total: hls + webrtc, hls, webrtc };
  }

  /** Adds what was told to the slot, and keeps the present count in it. */
  async add(room: RoomId, slot: number, { seen, gone, increments }: SlotChange): Promise<void> {
    const now = Date.now();
    const viewers = keys.viewers(room);
    const counters = keys.viewingSlot(room, slot);
    const multi = this.redis.multi();
    if (seen.length > 0) multi.zadd(viewers, ...seen.flatMap((viewer) => [now, viewer]));
    if (gone.length > 0) multi.zrem(viewers, ...gone);
    multi.zremrangebyscore(viewers, '-inf', now - VIEWER_GONE_MS).zremrangebyrank(viewers, 0, -MAX_VIEWERS - 1).pexpire(viewers, VIEWER_GONE_MS);
    for (const [field, n] of Object.entries(increments)) multi.hincrby(counters, field, n);
    await multi.exec();
    const { hls, webrtc } = await this.count(room);
    await this.redis.multi().hset(counters, { 'viewers:hls': hls, 'viewers:webrtc': webrtc }).expire(counters, SLOTS_KEPT_SECONDS).exec();
  }

  /** Counters of `slots` slots up to `last`, oldest first; empty where nothing was told. */
  async slots(room: RoomId, last: number, slots: number): Promise<{ slot: number; fields: Record<string, number> }[]> {
    const wanted = Array.from({ length: slots }, (_, i) => last - slots + 1 + i);
    const pipeline = this.redis.pipeline();
    for (const slot of wanted) pipeline.hgetall(keys.viewingSlot(room, slot));
    const answers = (await pipeline.exec()) ?? [];
    return wanted.map((slot, i) => {
      const [error, fields] = answers[i] ?? [];
      if (error) throw error;
      return { slot, fields: Object.fromEntries(Object.entries((fields ?? {}) as Record<string, string>).map(([field, n]) => [field, Number(n)])) };
    });
  }
}
