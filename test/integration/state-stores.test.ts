/** What the stores leave in Redis: nothing grows for ever. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ParticipantId, RecordingId, RestreamId, RoomId, SessionId } from '../../src/domain/ids.ts';
import type { RoomDocument } from '../../src/domain/room.ts';
import { keys } from '../../src/state/keys.ts';
import { RecordingStore } from '../../src/state/recording-store.ts';
import { connectRedis, type Redis } from '../../src/state/redis.ts';
import { RestreamStore } from '../../src/state/restream-store.ts';
import { RoomStore } from '../../src/state/room-store.ts';
import { SessionStore } from '../../src/state/session-store.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const ROOM = 'room' as RoomId;
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
  const room: RoomDocument = { id: ROOM, name: 'Room', createdAt: '', layout: { preset: 'grid' }, overlays: { labels: true }, video: { width: 1280, height: 720, frameRate: 30 }, access: 'token', autoRecord: false };

  expect([await rooms.create(room), await rooms.create({ ...room, name: 'Another' })]).toEqual([true, false]);
  expect((await rooms.list()).map((r) => r.name)).toEqual(['Room']);
  expect([await rooms.setMix(ROOM, { status: 'running', epoch: 2 }), await rooms.setMix(ROOM, { status: 'idle', epoch: 1 })]).toEqual([true, false]);

  await rooms.delete(ROOM);
  expect(await rooms.setMix(ROOM, { status: 'idle', epoch: 3 })).toBe(false);
  expect(await redis.keys(`tessera:room:${ROOM}*`)).toEqual([]);
});
