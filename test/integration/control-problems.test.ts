/** Bad input: the exact status of conformance.md, a problem document, and nothing left behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlRig, RequestOptions } from '../support/control-rig.ts';
import { createRoom, OFFER_SDP, startControlRig } from '../support/control-rig.ts';

let rig: ControlRig;
let operator: string;
let host: string;
let viewer: string;

beforeAll(async () => {
  rig = await startControlRig();
  await createRoom(rig, 'here');
  await createRoom(rig, 'elsewhere');
  operator = await rig.token({ room: '*', role: 'operator' });
  host = await rig.token({ room: 'here', role: 'host', sub: 'anna' });
  viewer = await rig.token({ room: 'here', role: 'viewer', sub: 'vic' });
});
afterAll(() => rig.close());

/** Everything in Redis but what beats by itself: nodes, lock, BullMQ's own bookkeeping of queues that are known. */
async function redisContent(): Promise<string> {
  const keys = (await rig.state.redis.keys('*')).filter((k) => !/^tessera:(node|nodes|lock)/.test(k)).sort();
  const values = await Promise.all(keys.map(async (k) => `${k}=${(await rig.state.redis.dump(k)) ?? ''}`));
  return values.join('\n');
}

async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  const text = await response.text();
  expect(`${response.status} ${text}`).toContain(`${status} `);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = JSON.parse(text) as Record<string, unknown>;
  expect(problem).toMatchObject({ status, code, type: 'about:blank' });
  expect(String(problem['instance'])).toMatch(/^urn:tessera:request:[0-9a-f-]{36}$/);
  expect(text).not.toMatch(/node_modules|\.ts:|\bat \w+ \(/);
  if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
}

const SDP = 'application/sdp';

type Case = [what: string, method: string, path: string, options: () => RequestOptions | Promise<RequestOptions>, status: number, code: string];

const cases: Case[] = [
  // tokens
  ['no token', 'GET', '/api/rooms', () => ({}), 401, 'unauthenticated'],
  ['no token to publish', 'POST', '/whip/here', () => ({ text: OFFER_SDP, type: SDP }), 401, 'unauthenticated'],
  ['no token to watch', 'POST', '/whep/here', () => ({ text: OFFER_SDP, type: SDP }), 401, 'unauthenticated'],
  ['no token for HLS', 'GET', '/hls/here/index.m3u8', () => ({}), 401, 'unauthenticated'],
  ['a token that is none', 'GET', '/api/rooms', () => ({ token: 'abc' }), 401, 'unauthenticated'],
  ['another scheme', 'GET', '/api/rooms', () => ({ headers: { authorization: 'Basic YTpi' } }), 401, 'unauthenticated'],
  ['an expired token', 'GET', '/api/rooms', async () => ({ token: await rig.token({ room: '*', role: 'operator' }, { expiresInSeconds: -61 }) }), 401, 'tokenExpired'],
  ['another secret', 'GET', '/api/rooms', async () => ({ token: await rig.token({ room: '*', role: 'operator' }, { secret: 'x'.repeat(40) }) }), 401, 'unauthenticated'],
  ['an unknown key', 'GET', '/api/rooms', async () => ({ token: await rig.token({ room: '*', role: 'operator' }, { issuer: 'nobody' }) }), 401, 'unauthenticated'],
  ['another audience', 'GET', '/api/rooms', async () => ({ token: await rig.token({ room: '*', role: 'operator' }, { audience: 'other' }) }), 401, 'unauthenticated'],
  ['another algorithm', 'GET', '/api/rooms', async () => ({ token: await rig.token({ room: '*', role: 'operator' }, { algorithm: 'HS512', secret: 'y'.repeat(64) }) }), 401, 'unauthenticated'],
  ['all rooms for a host', 'GET', '/api/rooms', async () => ({ token: await rig.token({ room: '*', role: 'host' }) }), 401, 'unauthenticated'],
  ['the wrong room', 'GET', '/api/rooms/elsewhere', () => ({ token: host }), 403, 'forbidden'],
  ['the wrong room, publishing', 'POST', '/whip/elsewhere', () => ({ token: host, text: OFFER_SDP, type: SDP }), 403, 'forbidden'],
  ['the wrong room, watching', 'GET', '/hls/elsewhere/index.m3u8', () => ({ token: host }), 403, 'forbidden'],
  ['a viewer who publishes', 'POST', '/whip/here', () => ({ token: viewer, text: OFFER_SDP, type: SDP }), 403, 'forbidden'],
  ['a viewer who changes the layout', 'PUT', '/api/rooms/here/layout', () => ({ token: viewer, json: { preset: 'grid' } }), 403, 'forbidden'],
  ['a host who mints hosts', 'POST', '/api/rooms/here/tokens', () => ({ token: host, json: { role: 'host' } }), 403, 'forbidden'],
  // what is not there
  ['an unknown room', 'GET', '/api/rooms/nowhere', () => ({ token: operator }), 404, 'roomNotFound'],
  ['publishing to an unknown room', 'POST', '/whip/nowhere', () => ({ token: operator, text: OFFER_SDP, type: SDP }), 404, 'roomNotFound'],
  ['watching an unknown room', 'POST', '/whep/nowhere', () => ({ token: operator, text: OFFER_SDP, type: SDP }), 404, 'roomNotFound'],
  ['HLS of an unknown room', 'GET', '/hls/nowhere/index.m3u8', () => ({ token: operator }), 404, 'roomNotFound'],
  ['a room that cannot be', 'GET', '/api/rooms/%2e%2e%2fetc', () => ({ token: operator }), 404, 'notFound'],
  ['an unknown recording', 'GET', '/api/recordings/nothing', () => ({ token: operator }), 404, 'recordingNotFound'],
  ['a download of an unknown recording', 'GET', '/api/recordings/nothing/download', () => ({ token: operator }), 404, 'recordingNotFound'],
  ['a stop of an unknown recording', 'POST', '/api/recordings/nothing/stop', () => ({ token: operator }), 404, 'recordingNotFound'],
  ['an unknown restream', 'DELETE', '/api/restreams/nothing', () => ({ token: operator }), 404, 'restreamNotFound'],
  ['an unknown participant', 'PATCH', '/api/rooms/here/participants/nobody', () => ({ token: host, json: { audioMuted: true } }), 404, 'participantNotFound'],
  ['an unknown session', 'DELETE', '/whip/here/nothing', () => ({ token: host }), 404, 'sessionNotFound'],
  ['an unknown route', 'GET', '/api/nothing', () => ({ token: operator }), 404, 'notFound'],
  ['an unknown page', 'GET', '/nothing', () => ({}), 404, 'notFound'],
  ['a wrong method', 'PUT', '/api/rooms/here', () => ({ token: operator, json: {} }), 405, 'methodNotAllowed'],
  // bodies
  ['JSON that is none', 'POST', '/api/rooms', () => ({ token: operator, text: '{"id":', type: 'application/json' }), 400, 'badRequest'],
  ['a body that is no object', 'POST', '/api/rooms', () => ({ token: operator, json: ['x'] }), 400, 'validationFailed'],
  ['an impossible id', 'POST', '/api/rooms', () => ({ token: operator, json: { id: '../etc' } }), 400, 'validationFailed'],
  ['an odd width', 'POST', '/api/rooms', () => ({ token: operator, json: { id: 'odd', video: { width: 1281, height: 720, frameRate: 30 } } }), 400, 'validationFailed'],
  ['a room that exists', 'POST', '/api/rooms', () => ({ token: operator, json: { id: 'here' } }), 409, 'roomExists'],
  ['an unknown layout', 'PUT', '/api/rooms/here/layout', () => ({ token: host, json: { preset: 'spiral' } }), 400, 'validationFailed'],
  ['a region outside the canvas', 'PUT', '/api/rooms/here/layout', () => ({ token: host, json: { preset: 'custom', regions: [{ slot: 0, x: 0.6, y: 0, width: 0.6, height: 1 }] } }), 400, 'validationFailed'],
  ['a custom layout without regions', 'PUT', '/api/rooms/here/layout', () => ({ token: host, json: { preset: 'custom' } }), 400, 'validationFailed'],
  ['a wrong content type', 'POST', '/whip/here', () => ({ token: host, text: OFFER_SDP, type: 'text/plain' }), 415, 'unsupportedMediaType'],
  ['JSON instead of SDP', 'POST', '/whep/here', () => ({ token: host, json: { sdp: 'v=0' } }), 415, 'unsupportedMediaType'],
  ['a form instead of JSON', 'POST', '/api/rooms', () => ({ token: operator, text: 'id=x', type: 'application/x-www-form-urlencoded' }), 415, 'unsupportedMediaType'],
  ['malformed SDP', 'POST', '/whip/here', () => ({ token: host, text: 'hello', type: SDP }), 400, 'malformedSdp'],
  ['an empty offer', 'POST', '/whip/here', () => ({ token: host, text: '', type: SDP }), 400, 'malformedSdp'],
  ['too large an offer', 'POST', '/whip/here', () => ({ token: host, text: `v=0\r\n${'a=x\r\n'.repeat(40_000)}`, type: SDP }), 413, 'bodyTooLarge'],
  ['too large a body', 'POST', '/api/rooms', () => ({ token: operator, json: { name: 'x'.repeat(200_000) } }), 413, 'bodyTooLarge'],
  ['an unknown source', 'POST', '/whip/here?source=window', () => ({ token: host, text: OFFER_SDP, type: SDP }), 400, 'validationFailed'],
  ['WHEP without a live mix', 'POST', '/whep/here', () => ({ token: viewer, text: OFFER_SDP, type: SDP }), 409, 'noLiveProgramme'],
  ['a recording without a programme', 'POST', '/api/rooms/here/recordings', () => ({ token: host }), 409, 'noLiveProgramme'],
  // destinations
  ['another scheme', 'POST', '/api/rooms/here/restreams', () => ({ token: host, json: { url: 'http://example.org/live/key' } }), 400, 'invalidDestination'],
  ['a file', 'POST', '/api/rooms/here/restreams', () => ({ token: host, json: { url: 'file:///etc/passwd' } }), 400, 'invalidDestination'],
  ['spaces', 'POST', '/api/rooms/here/restreams', () => ({ token: host, json: { url: 'rtmp://example.org/live/key -f null' } }), 400, 'invalidDestination'],
  ['a listener', 'POST', '/api/rooms/here/restreams', () => ({ token: host, json: { url: 'srt://example.org:9000?mode=listener' } }), 400, 'invalidDestination'],
  ['loopback', 'POST', '/api/rooms/here/restreams', () => ({ token: host, json: { url: 'rtmp://127.0.0.1/live/key' } }), 400, 'invalidDestination'],
  ['a private address', 'POST', '/api/rooms/here/restreams', () => ({ token: host, json: { url: 'rtmp://[fd00::1]/live/key' } }), 400, 'invalidDestination'],
];

describe('bad input', () => {
  it.each(cases)('%s: %s %s', async (_what, method, path, options, status, code) => {
    const before = await redisContent();

    const response = await rig.request(method, path, await options());

    await expectProblem(response, status, code);
    expect(await redisContent()).toBe(before);
  });

  it('says which methods are allowed', async () => {
    const response = await rig.request('PUT', '/api/rooms/here', { token: operator });

    expect(response.headers.get('allow')).toBe('GET, DELETE, HEAD, OPTIONS');
  });

  it('names each wrong field', async () => {
    const response = await rig.request('PUT', '/api/rooms/here/layout', { token: host, json: { preset: 'custom', regions: [{ slot: 0, x: 2, y: 0, width: 1, height: 1 }] } });

    const problem = (await response.json()) as { problems: { pointer: string }[] };
    expect(problem.problems.map((p) => p.pointer)).toContain('/regions/0/x');
  });

  it('tells a viewer when to come again', async () => {
    const response = await rig.request('POST', '/whep/here', { token: viewer, text: OFFER_SDP, type: SDP });

    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 503 with Retry-After when no node is there, and leaves nothing', async () => {
    const lonely = await startControlRig({}, []);
    try {
      await createRoom(lonely, 'r');
      const token = await lonely.token({ room: 'r', role: 'host' });

      const response = await lonely.request('POST', '/whip/r', { token, text: OFFER_SDP, type: SDP });

      expect(response.headers.get('retry-after')).toBe('2');
      await expectProblem(response, 503, 'unavailable');
      expect((await lonely.state.rooms.get('r' as never))?.node).toBeUndefined();
      expect(await lonely.state.sessions.list('r' as never)).toEqual([]);
    } finally {
      await lonely.close();
    }
  });

  it('says 503 while Redis is away, stays healthy, and ends in time', async () => {
    const lost = await startControlRig();
    const token = await lost.token({ room: '*', role: 'operator' });
    await lost.redisServer.close();

    const [rooms, ready, health] = [await lost.request('GET', '/api/rooms', { token }), await lost.request('GET', '/readyz'), await lost.request('GET', '/healthz')];
    const begun = performance.now();
    await lost.control.close();
    const closedMs = performance.now() - begun;
    await lost.close();

    await expectProblem(rooms, 503, 'unavailable');
    expect(rooms.headers.get('retry-after')).toBe('2');
    expect([ready.status, await ready.json()]).toEqual([503, { ready: false, reasons: ['Redis does not answer.'] }]);
    expect(health.status).toBe(200);
    expect(closedMs).toBeLessThan(4000);
  });

  it('limits how fast sessions are asked for', async () => {
    const strict = await startControlRig({ TESSERA_SESSION_RATE_PER_SECOND: '1' });
    try {
      const statuses: number[] = [];
      for (let i = 0; i < 9; i++) statuses.push((await strict.request('DELETE', '/whip/r/s')).status);

      expect(statuses.slice(0, 6)).toEqual(Array(6).fill(401));
      expect(statuses).toContain(429);
    } finally {
      await strict.close();
    }
  });

  it('limits the PATCHes of one session, and neither those of others nor its end', async () => {
    const rig = await startControlRig({ TESSERA_SESSION_RATE_PER_SECOND: '1000' });
    try {
      const flood = await Promise.all(Array.from({ length: 80 }, () => rig.request('PATCH', '/whip/r/chatty')));
      const refused = flood.filter((response) => response.status === 429);
      const other = await rig.request('PATCH', '/whip/r/quiet');
      const end = await rig.request('DELETE', '/whip/r/chatty');

      expect(flood.slice(0, 60).map((response) => response.status)).toEqual(Array(60).fill(401));
      expect(refused.length).toBeGreaterThan(10);
      expect(refused[0]?.headers.get('retry-after')).toBe('1');
      expect([other.status, end.status]).toEqual([401, 401]);
    } finally {
      await rig.close();
    }
  });
});
