/** What callers see when all is well: rooms, sessions, recordings, restreams, local mode. */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordingId, RestreamId, RoomId, SessionId } from '../../src/domain/ids.ts';
import type { ViewingPoint } from '../../src/domain/viewing.ts';
import { ANSWER_SDP, createRoom, eventually, OFFER_SDP, startControlRig, type ControlRig } from '../support/control-rig.ts';

const SDP = 'application/sdp';
let rig: ControlRig;
let operator: string;

beforeAll(async () => {
  rig = await startControlRig({
    TESSERA_PUSH_ALLOW_PRIVATE: 'true',
    TESSERA_ICE_SERVERS: JSON.stringify([{ urls: 'stun:stun.example.org' }, { urls: ['turn:turn.example.org'], username: 'u', credential: 'p"q' }]),
  });
  operator = await rig.token({ room: '*', role: 'operator', sub: 'op' });
});
afterAll(() => rig.close());
beforeEach(() => {
  rig.calls.length = 0;
});

async function publish(room: string, sub: string): Promise<Response> {
  const token = await rig.token({ room, role: 'participant', sub, name: 'Anna' });
  return rig.request('POST', `/whip/${room}`, { token, text: OFFER_SDP, type: SDP });
}

describe('rooms', () => {
  it('are made with defaults, listed and shown', async () => {
    const made = await rig.request('POST', '/api/rooms', { token: operator, json: { id: 'r1', name: 'Team' } });

    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe('/api/rooms/r1');
    const room = (await made.json()) as Record<string, unknown>;
    expect(room).toMatchObject({
      id: 'r1',
      name: 'Team',
      status: 'idle',
      layout: { preset: 'grid' },
      video: { width: 1280, height: 720, frameRate: 30 },
      node: null,
      participants: 0,
      viewers: 0,
      mix: { status: 'idle', epoch: 0 },
      urls: { join: `${rig.base}/join/r1`, hls: `${rig.base}/hls/r1/index.m3u8` },
    });
    expect(await (await rig.request('GET', '/api/rooms/r1', { token: operator })).json()).toEqual(room);
    expect(await (await rig.request('GET', '/api/rooms', { token: operator })).json()).toContainEqual(room);
  });

  it('are listed only as far as the token reaches', async () => {
    await createRoom(rig, 'r2');
    const host = await rig.token({ room: 'r2', role: 'host' });

    const rooms = (await (await rig.request('GET', '/api/rooms', { token: host })).json()) as { id: string }[];

    expect(rooms.map((r) => r.id)).toEqual(['r2']);
  });

  it('take a layout and overlays, partly and with null', async () => {
    await createRoom(rig, 'r3');
    const regions = [{ slot: 0, x: 0, y: 0, width: 1, height: 0.5 }];

    const layout = await rig.request('PUT', '/api/rooms/r3/layout', { token: operator, json: { preset: 'custom', regions } });
    await rig.request('PUT', '/api/rooms/r3/overlays', { token: operator, json: { labels: false, banner: { text: 'Soon' } } });
    const overlays = await rig.request('PUT', '/api/rooms/r3/overlays', { token: operator, json: { banner: null, captions: true } });

    expect(await layout.json()).toEqual({ preset: 'custom', regions: [{ ...regions[0], source: 'camera', z: 0, fit: 'cover' }] });
    expect(await overlays.json()).toEqual({ labels: false, captions: true });
    expect(await rig.state.rooms.get('r3' as RoomId)).toMatchObject({ layout: { preset: 'custom' }, overlays: { labels: false, captions: true } });
  });

  it('mint tokens that work', async () => {
    await createRoom(rig, 'r4');

    const minted = await rig.request('POST', '/api/rooms/r4/tokens', { token: operator, json: { role: 'host', name: 'Anna', ttlMs: 60_000 } });

    expect(minted.status).toBe(201);
    const { token, expiresAt } = (await minted.json()) as { token: string; expiresAt: string };
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 60_000)).toBeLessThan(3000);
    expect((await rig.request('GET', '/api/rooms/r4/participants', { token })).status).toBe(200);
  });
});

describe('WHIP and WHEP', () => {
  it('answer OPTIONS and GET without a token, for other origins too', async () => {
    for (const path of ['/whip/any', '/whep/any']) {
      const options = await rig.request('OPTIONS', path, { headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' } });
      const get = await rig.request('GET', path);

      expect(options.status).toBe(200);
      expect(options.headers.get('accept-post')).toBe(SDP);
      expect(options.headers.get('access-control-allow-origin')).toBe('*');
      expect(options.headers.get('access-control-allow-headers')).toMatch(/Authorization.*If-Match/);
      expect(options.headers.get('access-control-expose-headers')).toMatch(/Location, ETag, Link/);
      expect(get.status).toBe(204);
    }
  });

  it('publish: 201 with answer, Location, ETag and ICE servers; the mix is asked for at once', async () => {
    await createRoom(rig, 'w1');

    const response = await publish('w1', 'anna');

    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe(SDP);
    expect(await response.text()).toBe(ANSWER_SDP);
    expect(response.headers.get('location')).toMatch(/^\/whip\/w1\/[A-Za-z0-9_-]{22,}$/);
    expect(response.headers.get('etag')).toBe('"ice-1"');
    expect(response.headers.get('link')).toBe(
      '<stun:stun.example.org>; rel="ice-server", <turn:turn.example.org>; rel="ice-server"; username="u"; credential="p\\"q"; credential-type="password"',
    );
    expect(rig.calls).toMatchObject([{ role: 'ingest', method: 'POST', path: '/whip', body: { room: 'w1', participant: 'anna', name: 'Anna', role: 'participant', source: 'camera', offer: OFFER_SDP } }]);
    expect((await rig.state.rooms.get('w1' as RoomId))?.node).toBe('machine1-ingest');
    const job = await eventually(() => rig.queues.queue('mix', 'machine1' as never).getJob('mix-w1'));
    expect(job.data).toEqual({ room: 'w1' });
    expect(await rig.state.rooms.mixWanted('w1' as RoomId)).toBe(true);
  });

  it('pass PATCH and DELETE on to the session', async () => {
    await createRoom(rig, 'w2');
    const location = (await publish('w2', 'ben')).headers.get('location') ?? '';
    const token = await rig.token({ room: 'w2', role: 'participant', sub: 'ben' });
    const patch = (headers: Record<string, string>, type = 'application/trickle-ice-sdpfrag'): Promise<Response> =>
      rig.request('PATCH', location, { token, text: 'a=candidate:1\r\n', type, headers });

    const there = await rig.request('GET', location);
    const trickled = await patch({ 'if-match': '"ice-1"' });
    const restarted = await patch({ 'if-match': '*' });
    const stale = await patch({ 'if-match': '"ice-0"' });
    const bare = await patch({});
    const wrongType = await patch({ 'if-match': '*' }, 'application/sdp');
    const another = await rig.request('DELETE', location, { token: await rig.token({ room: 'w2', role: 'participant', sub: 'eve' }) });
    const ended = await rig.request('DELETE', location, { token });
    const again = await rig.request('DELETE', location, { token });
    const gone = await rig.request('GET', location);

    expect([trickled.status, trickled.headers.get('etag')]).toEqual([204, null]);
    expect([restarted.status, restarted.headers.get('etag'), await restarted.text()]).toEqual([200, '"ice-2"', 'a=ice-ufrag:new\r\n']);
    expect([stale.status, bare.status, wrongType.status]).toEqual([412, 428, 415]);
    expect([another.status, ended.status, again.status]).toEqual([403, 200, 404]);
    expect([there.status, gone.status]).toEqual([204, 404]);
    expect(await rig.state.sessions.list('w2' as RoomId)).toEqual([]);
  });

  it('watch a live mix on the edge and switch the rendition', async () => {
    await createRoom(rig, 'w3');
    await rig.state.rooms.setMix('w3' as RoomId, { status: 'running', epoch: 1 });
    const token = await rig.token({ room: 'w3', role: 'viewer' });

    const response = await rig.request('POST', '/whep/w3?rendition=low&audio=none', { token, text: OFFER_SDP, type: SDP });
    const location = response.headers.get('location') ?? '';
    const switched = await rig.request('POST', `${location}/rendition`, { token, json: { rendition: 'high' } });
    const lowered = await rig.request('POST', `${location}/rendition`, { token, json: { rendition: 'low' } });

    expect(response.status).toBe(201);
    expect(switched.status).toBe(200);
    expect(await lowered.json()).toEqual({ rendition: 'low' });
    expect(rig.calls).toMatchObject([
      { role: 'edge', path: '/whep', body: { room: 'w3', rendition: 'low', audio: false } },
      { role: 'edge', path: `/sessions/${location.split('/').at(-1) ?? ''}/rendition`, body: { rendition: 'high' } },
      { role: 'edge', path: `/sessions/${location.split('/').at(-1) ?? ''}/rendition`, body: { rendition: 'low' } },
    ]);
  });

  it('let an open room be watched without a token, but not published to', async () => {
    await createRoom(rig, 'w4', { access: 'open' });
    await rig.state.rooms.setMix('w4' as RoomId, { status: 'running', epoch: 1 });

    const watching = await rig.request('POST', '/whep/w4', { text: OFFER_SDP, type: SDP });
    const publishing = await rig.request('POST', '/whip/w4', { text: OFFER_SDP, type: SDP });

    expect([watching.status, publishing.status]).toEqual([201, 401]);
    expect((await rig.request('DELETE', watching.headers.get('location') ?? '')).status).toBe(200);
  });
});

describe('recordings', () => {
  it('start, pause, resume, stop; the file is asked for and can be downloaded in ranges', async () => {
    await createRoom(rig, 'c1', { name: 'Café "1"' });
    await publish('c1', 'anna');
    const token = await rig.token({ room: 'c1', role: 'host' });

    const started = await rig.request('POST', '/api/rooms/c1/recordings', { token });
    const { id } = (await started.json()) as { id: RecordingId };
    const running = await rig.request('GET', `/api/recordings/${id}`, { token });
    const paused = await rig.request('POST', `/api/recordings/${id}/pause`, { token });
    const resumed = await rig.request('POST', `/api/recordings/${id}/resume`, { token });
    const early = await rig.request('GET', `/api/recordings/${id}/download`, { token });
    const stopped = await rig.request('POST', `/api/recordings/${id}/stop`, { token });

    expect(started.status).toBe(201);
    expect(await running.json()).toMatchObject({ status: 'recording', durationMs: 4200 });
    expect(await paused.json()).toMatchObject({ status: 'paused' });
    expect(await resumed.json()).toMatchObject({ status: 'recording' });
    expect(early.status).toBe(409);
    expect(await stopped.json()).toMatchObject({ id, status: 'processing', durationMs: 4200 });
    expect((await rig.queues.queue('finalise').getJob(`finalise-${id}`))?.data).toEqual({ recording: id, room: 'c1' });

    // as post-production leaves it
    const stored = await rig.files.put(`recordings/${id}/programme.mp4`, Buffer.from('0123456789'), { contentType: 'video/mp4' });
    await rig.state.recordings.update(id, (r) => ({ ...r, name: 'Café "1"', status: 'complete', files: [{ kind: 'mp4', key: `recordings/${id}/programme.mp4`, contentType: 'video/mp4', ...stored }] }));
    const whole = await rig.request('GET', `/api/recordings/${id}/download`, { token });
    const range = await rig.request('GET', `/api/recordings/${id}/files/programme.mp4?token=${token}`, { headers: { range: 'bytes=-3' } });
    const outside = await rig.request('GET', `/api/recordings/${id}/download`, { token, headers: { range: 'bytes=99-' } });
    const head = await rig.request('HEAD', `/api/recordings/${id}/download`, { token });
    const shown = (await (await rig.request('GET', `/api/recordings/${id}`, { token })).json()) as { files: { url: string }[] };
    const foreign = await rig.request('GET', `/api/recordings/${id}`, { token: await rig.token({ room: 'other', role: 'host' }) });

    expect([whole.status, await whole.text()]).toEqual([200, '0123456789']);
    expect(whole.headers.get('content-disposition')).toBe('attachment; filename="Caf_ _1_.mp4"; filename*=UTF-8\'\'Caf%C3%A9%20%221%22.mp4');
    expect([range.status, range.headers.get('content-range'), await range.text()]).toEqual([206, 'bytes 7-9/10', '789']);
    expect([outside.status, outside.headers.get('content-range'), outside.headers.get('content-type')]).toEqual([416, 'bytes */10', 'application/problem+json']);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
    expect(shown.files).toMatchObject([{ kind: 'mp4', url: `/api/recordings/${id}/files/programme.mp4` }]);
    expect(foreign.status).toBe(403);

    expect((await rig.request('DELETE', `/api/recordings/${id}`, { token })).status).toBe(204);
    expect(await rig.files.list(`recordings/${id}/`)).toEqual([]);
    expect((await rig.request('GET', `/api/recordings/${id}`, { token })).status).toBe(404);
  });

  it('leaves no entry when the recorder refuses', async () => {
    await createRoom(rig, 'c2');
    await publish('c2', 'anna');
    const before = rig.answers.get('POST /recordings');
    const { AppError } = await import('../../src/domain/errors.ts');
    rig.answers.set('POST /recordings', () => {
      throw new AppError('noLiveProgramme', { retryAfterSeconds: 1 });
    });

    const refused = await rig.request('POST', '/api/rooms/c2/recordings', { token: operator, json: {} });

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([409, '1']);
    expect(await rig.state.recordings.list('c2' as RoomId)).toEqual([]);
    if (before) rig.answers.set('POST /recordings', before);
  });
});

describe('restreams', () => {
  it('start redacted, keep the secret apart, and stop', async () => {
    await createRoom(rig, 's1');
    const token = await rig.token({ room: 's1', role: 'host' });
    const url = 'rtmp://127.0.0.1:1935/live/very-secret-key';

    const started = await rig.request('POST', '/api/rooms/s1/restreams', { token, json: { url } });
    const text = await started.text();
    const { id } = JSON.parse(text) as { id: RestreamId };
    const listed = await (await rig.request('GET', '/api/rooms/s1/restreams', { token })).text();

    expect(started.status).toBe(201);
    expect(JSON.parse(text)).toMatchObject({ status: 'connecting', bytesSent: 0, lastError: null });
    expect(text + listed).not.toContain('very-secret-key');
    expect(await rig.state.restreams.secretUrl(id)).toBe(url);
    const job = await rig.queues.queue('restream').getJob(`restream-${id}`);
    expect(job?.data).toEqual({ restream: id, room: 's1' });

    expect((await rig.request('DELETE', `/api/rooms/s1/restreams/${id}`, { token })).status).toBe(204);
    expect(await rig.state.restreams.secretUrl(id)).toBeUndefined();
    expect(await (await rig.request('GET', `/api/restreams/${id}`, { token })).json()).toMatchObject({ status: 'stopped' });
  });
});

describe('participants', () => {
  it('are changed at the ingest, and what was set is kept', async () => {
    const room = await createRoom(rig, 'p1');
    await publish('p1', 'anna');
    await rig.state.participants.put(room, {
      id: 'anna' as never,
      name: 'Anna',
      role: 'participant',
      joinedAt: new Date().toISOString(),
      publications: [],
      audioMuted: false,
      videoHidden: false,
      gain: 1,
      pinned: false,
    });

    const patched = await rig.request('PATCH', '/api/rooms/p1/participants/anna', { token: operator, json: { audioMuted: true, gain: 0.5 } });
    const removed = await rig.request('DELETE', '/api/rooms/p1/participants/anna', { token: operator });

    expect(await patched.json()).toMatchObject({ id: 'anna', audioMuted: true, gain: 0.5 });
    expect(removed.status).toBe(204);
    expect(await rig.state.participants.settings(room, 'anna' as never)).toEqual({ audioMuted: true, gain: 0.5 });
    expect(await rig.state.sessions.get('x' as SessionId)).toBeUndefined();
    expect(rig.calls.filter((c) => c.role === 'ingest').map((c) => `${c.method} ${c.path}`)).toEqual(['POST /whip', 'PATCH /rooms/p1/participants/anna', 'DELETE /rooms/p1/participants/anna']);
  });
});

describe('viewing', () => {
  const player = (viewer: string, more: object = {}): object => ({ viewer: viewer.padEnd(16, '0'), mode: 'hls', rendition: 'mid', watchedMs: 10_000, latencyMs: 2000, ...more });

  it('counts players and WHEP sessions of those who take no part, and shows what they told', async () => {
    await rig.request('POST', '/api/rooms', { token: operator, json: { id: 'v1', access: 'open' } });
    const tell = (json: object): Promise<Response> => rig.request('POST', '/api/rooms/v1/qoe', { json });
    const session = (id: string, identity: string): Promise<void> =>
      rig.state.sessions.put({ id: id as never, kind: 'whep', room: 'v1' as never, identity: identity as never, nodeUrl: 'x', nodeId: 'machine1-edge', createdAt: new Date().toISOString() });

    await Promise.all([session('s1', 'viewer-1'), session('s2', 'viewer-2')]);
    expect((await tell(player('a', { startupMs: 600, stalls: 2, stalledMs: 500 }))).status).toBe(200);
    await tell(player('b'));
    await tell(player('c', { mode: 'webrtc', latencyMs: 180 }));
    await tell(player('gone'));
    await tell(player('gone', { leaving: true }));
    await rig.control.services.qoe.flush();
    await new Promise((resolve) => setTimeout(resolve, 2100)); // counts are kept for 2 s

    const view = (await (await rig.request('GET', '/api/rooms/v1', { token: operator })).json()) as { viewers: number };
    const told = (await (await rig.request('GET', '/api/rooms/v1/qoe', { token: operator })).json()) as { viewers: object; points: ViewingPoint[] };
    const start = await (await rig.request('GET', '/api/rooms/v1/player')).json();

    expect(view.viewers).toBe(4);
    expect(told.viewers).toEqual({ total: 4, hls: 2, webrtc: 2 });
    expect(told.points).toHaveLength(60);
    const point = told.points.findLast((p) => p.stallsPerMinute !== null);
    expect(point?.startupMs?.p50).toBeGreaterThan(400);
    expect(point?.latencyMs.webrtc?.p50).toBeLessThan(point?.latencyMs.hls?.p50 ?? 0);
    expect(point?.renditions['mid']).toBe(5);
    expect(start).toMatchObject({ room: 'v1', status: 'idle', modes: ['hls'], viewers: 4 });
  });

  it('takes reports of the room’s viewers only, in their shape and at their pace', async () => {
    await rig.request('POST', '/api/rooms', { token: operator, json: { id: 'v2' } });
    const viewer = await rig.token({ room: 'v2', role: 'viewer' });
    const tell = async (json: object, query = `?token=${viewer}`): Promise<number> => (await rig.request('POST', `/api/rooms/v2/qoe${query}`, { json })).status;

    expect(await tell(player('a'))).toBe(200);
    expect(await tell(player('a'), '')).toBe(401);
    expect(await tell(player('a'), `?token=${await rig.token({ room: 'v1', role: 'viewer' })}`)).toBe(403);
    for (const bad of [{ viewer: 'short' }, player('b', { watchedMs: 1e12 }), player('b', { latencyMs: -1 }), player('b', { more: 'x'.repeat(1000) }), player('b', { rendition: 'rendition:x' })]) expect(await tell(bad)).toBe(400);
    const answers = await Promise.all(Array.from({ length: 12 }, () => tell(player('flood'))));
    expect(answers.filter((status) => status === 429).length).toBeGreaterThanOrEqual(5);
    expect((await rig.request('GET', '/api/rooms/v2/qoe', { token: viewer })).status).toBe(403);
  });
});

describe('operation', () => {
  it('is healthy, ready, measured and lists its nodes', async () => {
    const health = await rig.request('GET', '/healthz');
    const ready = await rig.request('GET', '/readyz');
    const metrics = await (await rig.request('GET', '/metrics')).text();
    const nodes = (await (await rig.request('GET', '/api/nodes', { token: operator })).json()) as { id: string }[];

    expect(await health.json()).toEqual({ status: 'ok' });
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
    expect(metrics).toContain('tessera_http_request_seconds');
    expect(nodes.map((n) => n.id)).toEqual(['machine1-edge', 'machine1-ingest', 'machine1-mixer', 'machine1-origin']);
    expect(JSON.stringify(nodes)).not.toContain('.sock');
  });

  it('says in words that the pages are not built', async () => {
    const page = await rig.request('GET', '/watch/demo');

    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('The pages are not built')]);
  });
});

describe('local mode', () => {
  it('gives its own pages a token, and answers to nobody from elsewhere', async () => {
    const local = await startControlRig({ TESSERA_API_KEYS: '' }, []);
    const port = new URL(local.base).port;
    const status = (path: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        httpRequest({ host: '127.0.0.1', port, path, headers }, (res) => (res.resume(), resolve(res.statusCode ?? 0))).on('error', reject).end();
      });
    try {
      const given = await local.request('GET', '/api/local/token');
      const { token } = (await given.json()) as { token: string };

      expect((await local.request('POST', '/api/rooms', { token, json: { id: 'demo' } })).status).toBe(201);
      expect(await status('/api/local/token', { host: `localhost:${port}` })).toBe(200);
      expect(await status('/api/local/token?room=demo&role=host', { host: `[::1]:${port}`, 'sec-fetch-site': 'same-origin' })).toBe(200);
      expect(await status('/api/local/token', { host: 'evil.example' })).toBe(403); // DNS rebinding
      expect(await status('/api/rooms', { host: `127.0.0.1.evil.example:${port}`, authorization: `Bearer ${token}` })).toBe(403);
      expect(await status('/api/local/token', { host: `localhost:${port}`, origin: 'https://evil.example' })).toBe(403);
      expect(await status('/api/local/token', { host: `localhost:${port}`, origin: 'http://localhost:1' })).toBe(403); // another page of this machine
      expect(await status('/api/local/token', { host: `localhost:${port}`, 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await status('/api/local/token?role=host', { host: `localhost:${port}` })).toBe(400);
    } finally {
      await local.close();
    }
  });

  it('has no such token otherwise', async () => {
    expect((await rig.request('GET', '/api/local/token')).status).toBe(404);
  });
});
