/** Desired state: what should run is brought about, and what was left behind goes. */
import { UnrecoverableError } from 'bullmq';
import { afterEach, describe, expect, it } from 'vitest';
import { Leadership } from '../../src/control/reconciler/leadership.ts';
import type { NodeId, ParticipantId, RecordingId, RoomId, SessionId } from '../../src/domain/ids.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { Participant } from '../../src/domain/room.ts';
import type { NodeHandler } from '../../src/node-api/server.ts';
import { createWorker } from '../../src/queue/queues.ts';
import { keys } from '../../src/state/keys.ts';
import { createRoom, eventually, OFFER_SDP, startControlRig, type ControlRig } from '../support/control-rig.ts';

let rig: ControlRig;
afterEach(() => rig.close());

const ROOM = 'room' as RoomId;

function anna(joinedAt = new Date().toISOString()): Participant {
  return {
    id: 'anna' as ParticipantId,
    name: 'Anna',
    role: 'participant',
    joinedAt,
    publications: [{ source: 'camera', feed: 'anna-camera-1' as never, audio: true, video: true }],
    audioMuted: false,
    videoHidden: false,
    gain: 1,
    pinned: false,
  };
}

/** As the ingest does when a publisher is there. */
async function join(): Promise<void> {
  await rig.state.rooms.update(ROOM, (r) => ({ ...r, node: 'machine1-ingest' as NodeId }));
  await rig.state.participants.put(ROOM, anna());
  rig.state.events.publish({ type: 'participantJoined', room: ROOM, participant: 'anna' as ParticipantId });
}

const mixJob = () => rig.queues.queue('mix', 'machine1' as NodeId).getJob('mix-room');

describe('a room with a publisher', () => {
  it('gets its mix job, also when no request asked for one, and again when the job was lost', async () => {
    rig = await startControlRig();
    await createRoom(rig, ROOM);

    await join();
    const job = await eventually(mixJob);
    await job.remove();

    expect((await eventually(mixJob)).data).toEqual({ room: ROOM });
    expect(await rig.state.rooms.mixWanted(ROOM)).toBe(true);
  });

  it('is recorded by itself when it asked for that, once', async () => {
    rig = await startControlRig();
    await createRoom(rig, ROOM, { autoRecord: true });
    await join();
    await rig.state.rooms.setMix(ROOM, { status: 'running', epoch: 1 });
    rig.state.events.publish({ type: 'mixChanged', room: ROOM });

    const [recording] = await eventually(async () => {
      const all = await rig.state.recordings.list(ROOM);
      return all.length > 0 && all;
    });
    await rig.request('POST', `/api/recordings/${recording?.id ?? ''}/stop`, { token: await rig.token({ room: '*', role: 'operator' }) });
    await rig.control.close(); // a last pass is over

    expect((await rig.state.recordings.list(ROOM)).map((r) => r.status)).toEqual(['processing']);
  });
});

describe('a room that nobody publishes in', () => {
  it('loses mix and programme after the idle time, and its recording is finished', async () => {
    rig = await startControlRig({ TESSERA_ROOM_IDLE_MS: '1000' });
    await createRoom(rig, ROOM);
    await join();
    await eventually(() => rig.state.rooms.mixWanted(ROOM));
    const token = await rig.token({ room: '*', role: 'operator' });
    const { id } = (await (await rig.request('POST', `/api/rooms/${ROOM}/recordings`, { token })).json()) as { id: RecordingId };

    await rig.state.participants.remove(ROOM, 'anna' as ParticipantId);
    rig.state.events.publish({ type: 'participantLeft', room: ROOM, participant: 'anna' as ParticipantId });
    expect(await rig.state.rooms.mixWanted(ROOM)).toBe(true);

    await eventually(async () => !(await rig.state.rooms.mixWanted(ROOM)));
    await eventually(() => rig.calls.some((c) => c.method === 'DELETE' && c.path === `/programmes/${ROOM}`));
    expect((await rig.state.recordings.get(id))?.status).toBe('processing');
    const order = rig.calls.filter((c) => c.role === 'origin').map((c) => c.path);
    expect(order.indexOf(`/recordings/${id}/stop`)).toBeLessThan(order.indexOf(`/programmes/${ROOM}`));
  });
});

describe('DELETE of a room', () => {
  it('ends everything, finalises its recordings, and forgets it', async () => {
    rig = await startControlRig({ TESSERA_PUSH_ALLOW_PRIVATE: 'true' });
    await createRoom(rig, ROOM);
    const token = await rig.token({ room: ROOM, role: 'host', sub: 'anna' });
    await rig.request('POST', `/whip/${ROOM}`, { token, text: OFFER_SDP, type: 'application/sdp' });
    await join();
    const { id } = (await (await rig.request('POST', `/api/rooms/${ROOM}/recordings`, { token })).json()) as { id: RecordingId };
    await rig.request('POST', `/api/rooms/${ROOM}/restreams`, { token, json: { url: 'rtmp://127.0.0.1/live/key' } });

    const response = await rig.request('DELETE', `/api/rooms/${ROOM}`, { token });

    expect(response.status).toBe(204);
    expect((await rig.request('GET', `/api/rooms/${ROOM}`, { token })).status).toBe(404);
    const ended = rig.calls.filter((c) => c.method === 'DELETE' || c.path.endsWith('/stop')).map((c) => `${c.role} ${c.path}`);
    expect(ended).toEqual([`origin /recordings/${id}/stop`, `origin /programmes/${ROOM}`, `ingest /rooms/${ROOM}`]);
    expect((await rig.state.recordings.get(id))?.status).toBe('processing');
    expect(await rig.queues.queue('finalise').getJob(`finalise-${id}`)).toBeDefined();
    expect((await rig.state.restreams.list(ROOM)).map((r) => r.status)).toEqual(['stopped']);
    const left = (await rig.state.redis.keys(`tessera:room:${ROOM}*`)).concat(await rig.state.redis.keys('tessera:session:*'));
    // of the broadcast, what it needs to stay playable for a while (TESSERA_VOD_SECONDS)
    expect(left.filter((k) => !k.endsWith(':epoch'))).toEqual([`tessera:room:${ROOM}:left-broadcast`]);
    // the name is free again
    await createRoom(rig, ROOM);
  });

  it('is finished as soon as an origin that was away is back', async () => {
    rig = await startControlRig({}, ['ingest', 'mixer', 'edge']);
    await createRoom(rig, ROOM);
    await rig.state.rooms.update(ROOM, (r) => ({ ...r, node: 'machine1-ingest' as NodeId }));
    const token = await rig.token({ room: '*', role: 'operator' });

    expect((await rig.request('DELETE', `/api/rooms/${ROOM}`, { token })).status).toBe(204);
    expect(await (await rig.request('GET', `/api/rooms/${ROOM}`, { token })).json()).toMatchObject({ status: 'ended' });
    await rig.startNode('origin');

    await eventually(async () => (await rig.state.rooms.get(ROOM)) === undefined);
    expect(rig.calls.some((c) => c.path === `/programmes/${ROOM}`)).toBe(true);
  });
});

describe('what was left behind', () => {
  it('by an ingest that is gone or was started again is removed', async () => {
    rig = await startControlRig({}, ['mixer', 'origin', 'edge']);
    await createRoom(rig, ROOM);
    const before = new Date(Date.now() - 60_000).toISOString();
    await rig.state.rooms.update(ROOM, (r) => ({ ...r, node: 'machine1-ingest' as NodeId }));
    await rig.state.participants.put(ROOM, anna(before));
    await rig.state.sessions.put({ id: 'old' as SessionId, kind: 'whip', room: ROOM, nodeUrl: 'unix:/nowhere', nodeId: 'machine1-ingest', identity: 'anna' as ParticipantId, createdAt: before });

    await eventually(async () => (await rig.state.participants.count(ROOM)) === 0 && (await rig.state.sessions.get('old' as SessionId)) === undefined);

    await rig.startNode('ingest');
    await rig.state.participants.put(ROOM, anna(before));
    await rig.state.participants.put(ROOM, { ...anna(before), id: 'ben' as ParticipantId });
    await rig.state.sessions.put({ id: 'new' as SessionId, kind: 'whip', room: ROOM, nodeUrl: 'unix:/nowhere', nodeId: 'machine1-ingest', identity: 'ben' as ParticipantId, createdAt: new Date(Date.now() + 1000).toISOString() });
    await eventually(async () => (await rig.state.participants.count(ROOM)) === 1);
    expect((await rig.state.participants.list(ROOM))[0]?.id).toBe('ben');
  });

  it('by a lost queue is asked for again', async () => {
    rig = await startControlRig();
    await rig.state.recordings.create({
      id: 'rec-lost' as RecordingId,
      room: ROOM,
      name: 'lost',
      rendition: 'high',
      status: 'processing',
      startedAt: new Date().toISOString(),
      durationMs: 1000,
      gaps: [],
      files: [],
    });

    expect((await eventually(() => rig.queues.queue('finalise').getJob('finalise-rec-lost'))).data).toEqual({ recording: 'rec-lost', room: ROOM });
  });
});

describe('a recording', () => {
  const processing = (id: string) => ({ id: id as RecordingId, room: ROOM, name: id, rendition: 'high' as const, status: 'processing' as const, startedAt: new Date().toISOString(), durationMs: 1000, gaps: [], files: [] });

  it('gets its finalising job again when that has failed for good', async () => {
    rig = await startControlRig();
    let tries = 0;
    const worker = createWorker('finalise', rig.redisServer.url, { concurrency: 1 }, () => {
      tries++;
      throw new UnrecoverableError('broken');
    });
    await rig.state.recordings.create(processing('rec-1'));

    await eventually(() => tries >= 2);
    await worker.close();
  });

  it('is finished when its recorder has stopped but the catalogue does not say so, and when its origin does not know it', async () => {
    rig = await startControlRig();
    await createRoom(rig, ROOM);
    await rig.state.rooms.update(ROOM, (r) => ({ ...r, node: 'machine1-ingest' as NodeId }));
    const running = rig.answers.get('GET /recordings/:id') as NodeHandler;
    rig.answers.set('GET /recordings/:id', async (request) => {
      if (request.params['id'] === 'unknown') throw new AppError('recordingNotFound');
      return { ...((await running(request)) as object), status: request.params['id'] === 'ended' ? 'stopped' : 'recording' };
    });
    const startedAt = new Date(Date.now() - 60_000).toISOString();
    for (const id of ['ended', 'unknown', 'going-on']) await rig.state.recordings.create({ ...processing(id), status: 'recording', startedAt });

    const statusOf = async (id: string): Promise<string | undefined> => (await rig.state.recordings.get(id as RecordingId))?.status;
    await eventually(async () => (await statusOf('ended')) === 'processing' && (await statusOf('unknown')) === 'processing');
    expect(await statusOf('going-on')).toBe('recording');
  });

  it('begun by itself and stopped by a host is not begun again by another control', async () => {
    rig = await startControlRig();
    await createRoom(rig, ROOM, { autoRecord: true });
    await join();
    await rig.state.rooms.setMix(ROOM, { status: 'running', epoch: 1 });
    const [first] = await eventually(async () => {
      const all = await rig.state.recordings.list(ROOM);
      return all.length > 0 && all;
    });
    await eventually(() => rig.state.rooms.autoRecorded(ROOM));
    await rig.control.close();
    await rig.state.recordings.update(first!.id, (r) => ({ ...r, status: 'complete' }));

    await rig.startSecondControl();
    await eventually(() => rig.state.redis.exists(keys.reconcilerLock).then((n) => n === 1));
    rig.state.events.publish({ type: 'mixChanged', room: ROOM });
    await (await eventually(mixJob)).remove();
    await eventually(mixJob); // a pass over the room is over

    expect((await rig.state.recordings.list(ROOM)).map((r) => r.id)).toEqual([first!.id]);
  });
});

describe('leadership', () => {
  it('belongs to one at a time and passes on when it is let go or runs out', async () => {
    rig = await startControlRig();
    await rig.control.close();
    expect(await rig.state.redis.exists(keys.reconcilerLock)).toBe(0);
    const first = new Leadership(rig.state.redis, 300);
    const second = new Leadership(rig.state.redis, 300);

    expect([await first.claim(), await second.claim(), await first.claim()]).toEqual([true, false, true]);
    await first.release();
    expect([await second.claim(), first.held, second.held]).toEqual([true, false, true]);
    await eventually(() => first.claim(), 2000);
    expect(second.held).toBe(false);
  });
});
