/** What the stores leave in Redis: nothing grows for ever. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DegradedState } from '../../src/domain/degrade-ladder.ts';
import type { FeedId, ParticipantId, RecordingId, RestreamId, RoomId, SessionId } from '../../src/domain/ids.ts';
import type { MixMemory } from '../../src/domain/mix-memory.ts';
import type { RoomDocument } from '../../src/domain/room.ts';
import type { UplinkWish } from '../../src/domain/uplink.ts';
import { keys } from '../../src/state/keys.ts';
import { RecordingStore } from '../../src/state/recording-store.ts';
import { ParticipantStore } from '../../src/state/participant-store.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { RestreamStore } from '../../src/state/restream-store.ts';
import { RoomStore } from '../../src/state/room-store.ts';
import { SessionStore } from '../../src/state/session-store.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const ROOM = 'room' as RoomId;
const document: RoomDocument = { id: ROOM, name: 'Room', createdAt: '', layout: { preset: 'grid' }, overlays: { labels: true }, video: { width: 1280, height: 720, frameRate: 30 }, access: 'token', autoRecord: false };
let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.close();
});

it('an ended restream can be read for a day, also when its worker still writes, and is gone then; its key goes at once', async () => {
  const restreams = new RestreamStore(redis);
  const [ended, running] = ['ended', 'running'] as RestreamId[] as [RestreamId, RestreamId];
  for (const id of [ended, running])
    await restreams.create({ id, room: ROOM, url: 'rtmp://host/live/***', rendition: 'high', status: 'live', bytesSent: 0, createdAt: new Date().toISOString() }, 'rtmp://host/live/key');

  await restreams.requestStop(ended);
  await restreams.update(ended, (r) => ({ ...r, status: 'stopped' }));

  expect(await restreams.secretUrl(ended)).toBeUndefined();
  const leftMs = await redis.pttl(keys.restream(ended));
  expect(leftMs).toBeGreaterThan(23.9 * 3600_000);
  expect(leftMs).toBeLessThanOrEqual(24 * 3600_000);
  expect(await redis.pttl(keys.restream(running))).toBe(-1);

  await redis.del(keys.restream(ended)); // as if the day were over
  expect((await restreams.list()).map((r) => r.id)).toEqual([running]);
  expect(await redis.zrange(keys.restreams, '0', '-1')).toEqual([running]);
});

it("a session whose record ran out leaves its room's index", async () => {
  const sessions = new SessionStore(redis);
  const [old, young] = ['old', 'young'] as SessionId[] as [SessionId, SessionId];
  for (const id of [old, young]) await sessions.put({ id, kind: 'whep', room: ROOM, nodeUrl: 'unix:/nowhere', nodeId: 'edge', identity: 'anna' as ParticipantId, createdAt: new Date().toISOString() });

  await redis.del(keys.session(old));

  expect((await sessions.list(ROOM)).map((s) => s.id)).toEqual([young]);
  expect(await redis.smembers(keys.roomSessions(ROOM))).toEqual([young]);
});

it('unfinished recordings are found without reading the whole catalogue, and leave that list when they are done', async () => {
  const recordings = new RecordingStore(redis);
  const ids = ['running', 'processing', 'complete', 'deleted'] as RecordingId[];
  for (const id of ids) await recordings.create({ id, room: ROOM, name: id, rendition: 'high', status: 'recording', startedAt: new Date().toISOString(), durationMs: 0, gaps: [], files: [] });
  await recordings.update('processing' as RecordingId, (r) => ({ ...r, status: 'processing' }));
  await recordings.update('complete' as RecordingId, (r) => ({ ...r, status: 'complete' }));
  await recordings.delete('deleted' as RecordingId);

  expect((await recordings.listUnfinished()).map((r) => r.id).sort()).toEqual(['processing', 'running']);
  expect((await redis.smembers(keys.unfinishedRecordings)).sort()).toEqual(['processing', 'running']);
  expect(await recordings.listUnfinished('other' as RoomId)).toEqual([]);
  expect((await recordings.list()).map((r) => r.id).sort()).toEqual(['complete', 'processing', 'running']);
});

it('a room is made once, whole, and a late mixer leaves nothing behind when it is gone', async () => {
  const rooms = new RoomStore(redis);
  expect([await rooms.create(document), await rooms.create({ ...document, name: 'Another' })]).toEqual([true, false]);
  expect((await rooms.list()).map((r) => r.name)).toEqual(['Room']);
  expect([await rooms.setMix(ROOM, { status: 'running', epoch: 2 }), await rooms.setMix(ROOM, { status: 'idle', epoch: 1 })]).toEqual([true, false]);

  await rooms.delete(ROOM);
  expect(await rooms.setMix(ROOM, { status: 'idle', epoch: 3 })).toBe(false);
  expect(await redis.keys(`tessera:room:${ROOM}*`)).toEqual([]);
});

it("what publishers should send is kept per participant, and goes with the participant and with the room", async () => {
  const rooms = new RoomStore(redis);
  const participants = new ParticipantStore(redis);
  const [anna, ben] = ['anna', 'ben'] as ParticipantId[] as [ParticipantId, ParticipantId];
  const wish: UplinkWish = { source: 'camera', width: 426, height: 240, frameRate: 30, maxBitrateBps: 400_000, shown: true };
  await rooms.setUplink(ROOM, { [anna]: [wish] });
  expect(await redis.keys(keys.uplink(ROOM))).toEqual([]); // no such room
  await rooms.create(document);

  await rooms.setUplink(ROOM, {});
  await rooms.setUplink(ROOM, { [anna]: [wish], [ben]: [wish] });
  await rooms.setUplink(ROOM, { [ben]: [{ ...wish, width: 1280, height: 720 }, { ...wish, source: 'screen', shown: false }] });

  expect(await rooms.uplink(ROOM, anna)).toEqual([wish]);
  expect(await rooms.uplink(ROOM, ben)).toMatchObject([{ width: 1280 }, { source: 'screen' }]);
  expect(await rooms.uplink(ROOM, 'carl' as ParticipantId)).toBeUndefined();
  expect(await redis.pttl(keys.uplink(ROOM))).toBeGreaterThan(23 * 3600_000);

  await participants.remove(ROOM, anna);
  expect(await rooms.uplink(ROOM, anna)).toBeUndefined();
  await rooms.setUplink(ROOM, { [ben]: [] });
  expect(await redis.exists(keys.uplink(ROOM))).toBe(0);
  await rooms.setUplink(ROOM, { [ben]: [wish] });
  await rooms.delete(ROOM);
  expect(await redis.keys(`tessera:room:${ROOM}*`)).toEqual([]);
});

it('what a mix goes on with is kept for the worker that takes it over, and goes with the room', async () => {
  const rooms = new RoomStore(redis);
  const memory: MixMemory = { seating: { order: ['f1' as FeedId] }, degradeStep: 'overlays' };
  await rooms.setMixMemory(ROOM, 1, memory);
  expect(await rooms.mixMemory(ROOM)).toBeUndefined();
  await rooms.create(document);

  await rooms.setMixMemory(ROOM, 8, memory);
  await rooms.setMixMemory(ROOM, 7, {});
  expect(await rooms.mixMemory(ROOM)).toEqual(memory);

  await rooms.delete(ROOM);
  expect(await redis.keys(`tessera:room:${ROOM}*`)).toEqual([]);
});

it("the mix's state is written whole, and since tells when its status changed", async () => {
  const rooms = new RoomStore(redis);
  const degraded: DegradedState = { step: 'frameRate', reason: 'output 240 ms late', since: '2026-01-01T00:00:00.000Z' };
  await rooms.create(document);

  await rooms.setMix(ROOM, { status: 'starting', epoch: 7 });
  await rooms.setMix(ROOM, { status: 'running', epoch: 7 });
  const running = await rooms.mix(ROOM);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await rooms.setMix(ROOM, { status: 'running', epoch: 7, degraded });
  const slowed = await rooms.mix(ROOM);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await rooms.setMix(ROOM, { status: 'recovering', epoch: 8 });
  const recovering = await rooms.mix(ROOM);
  await rooms.delete(ROOM);

  expect(slowed).toEqual({ ...running, degraded });
  expect(recovering).toEqual({ status: 'recovering', epoch: 8, since: recovering.since });
  expect(Date.parse(recovering.since)).toBeGreaterThan(Date.parse(running.since));
});
