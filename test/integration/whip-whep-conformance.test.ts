/**
 * Every rule of "WHIP (RFC 9725) and WHEP" against the complete service, one test per rule and named after it. What the
 * roles do behind it is in ingest-whip and edge-whep; what control does with a token, in control-problems.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PeerConnection, nonstandard, Stream } from '../../scripts/synthetic/wrtc.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';
import { startStun, type StunServer } from '../support/stun.ts';
import { startSynthetic, type SyntheticProcess } from '../support/synthetic.ts';
import { startWhepChild, type WhepChild } from '../support/whep-child.ts';

const ROOM = 'rules';
const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const ORIGIN = 'http://localhost:9'; // a page of elsewhere, as far as local mode takes one
const EDGES = 2;
const MAX_VIEWERS = 4;
const KINDS = ['whip', 'whep'] as const;
type Kind = (typeof KINDS)[number];

let service: Service;
let stun: StunServer;
let anna: SyntheticProcess;
let viewers: WhepChild;
const tokens = new Map<string, string>();
const offers = {} as Record<Kind, string>;
const closing: (() => void)[] = [];
/** Those who vanish at the beginning, while the other rules are looked at. */
let publisherGone: Promise<unknown>;
let viewerGone: Promise<unknown>;

interface Opened {
  peer?: RTCPeerConnection;
  location: string;
  etag: string;
  answer: string;
  response: Response;
  token: string;
}

async function send(method: string, path: string, { token, type, body, headers = {} }: { token?: string; type?: string; body?: string; headers?: Record<string, string> } = {}): Promise<Response> {
  return fetch(service.url + path, {
    method,
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(type === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: Buffer.from(body) }), // of a string fetch would make text/plain
    redirect: 'manual',
    signal: AbortSignal.timeout(20_000),
  });
}

async function tokenOf(kind: Kind, sub = 'someone', room = ROOM): Promise<string> {
  const name = `${kind} ${sub} ${room}`;
  if (!tokens.has(name)) tokens.set(name, await service.token({ room, role: kind === 'whip' ? 'participant' : 'viewer', sub }));
  return tokens.get(name) as string;
}

const post = async (kind: Kind, body: string, room = ROOM, sub = 'someone', type: string | undefined = SDP): Promise<Response> =>
  send('POST', `/${kind}/${room}`, { token: await tokenOf(kind, sub, room), type, body, headers: { origin: ORIGIN } });

const patch = ({ location, token }: Opened, ifMatch: string | undefined, body: string, type = FRAGMENT): Promise<Response> =>
  send('PATCH', location, { token, type, body, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });

const end = ({ location, token }: Opened, headers: Record<string, string> = {}): Promise<Response> => send('DELETE', location, { token, headers });

/** A publisher that is connected by the answer alone. */
async function publish(sub: string, audio: RTCRtpTransceiverDirection = 'sendonly'): Promise<Opened> {
  const peer = new PeerConnection();
  const stream = new Stream();
  const tracks = [new nonstandard.RTCAudioSource().createTrack(), new nonstandard.RTCVideoSource().createTrack()];
  closing.push(() => (tracks.forEach((track) => track.stop()), peer.close()));
  for (const track of tracks) peer.addTransceiver(track, { direction: track.kind === 'audio' ? audio : 'sendonly', streams: [stream] });
  await peer.setLocalDescription(await peer.createOffer());
  await waitFor('candidates', () => peer.iceGatheringState === 'complete');
  const response = await post('whip', peer.localDescription?.sdp ?? '', ROOM, sub);
  const answer = await response.text();
  expect(response.status, answer).toBe(201);
  await peer.setRemoteDescription({ type: 'answer', sdp: answer });
  return { ...opened(response, answer, await tokenOf('whip', sub)), peer };
}

async function watch(offer = offers.whep): Promise<Opened> {
  const response = await post('whep', offer);
  const answer = await response.text();
  expect(response.status, answer).toBe(201);
  return opened(response, answer, await tokenOf('whep'));
}

function opened(response: Response, answer: string, token: string): Opened {
  return { response, answer, token, location: response.headers.get('location') ?? '', etag: response.headers.get('etag') ?? '' };
}

const participants = async (): Promise<string[]> => ((await (await service.api('GET', `/api/rooms/${ROOM}/participants`)).json()) as { id: string }[]).map(({ id }) => id);
const lines = (sdp: string, pattern: RegExp): string[] => sdp.split('\r\n').filter((line) => pattern.test(line));
const section = (sdp: string, kind: string): string => sdp.split(/\r\n(?=m=)/).find((part) => part.startsWith(`m=${kind}`)) ?? '';
const CREDENTIALS = 'a=ice-ufrag:newU\r\na=ice-pwd:0123456789012345678901\r\n';
const CANDIDATES = 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 2122260223 nobody-knows.local 50000 typ host\r\na=candidate:2 1 udp 2122260222 127.0.0.1 50001 typ host\r\n';

beforeAll(async () => {
  stun = await startStun();
  service = await startService({
    env: {
      TESSERA_ICE_SERVERS: JSON.stringify([{ urls: stun.url }]),
      TESSERA_EDGES: String(EDGES),
      TESSERA_EDGE_MAX_VIEWERS: String(MAX_VIEWERS / EDGES),
      TESSERA_MAX_ROOMS: '1',
      TESSERA_SESSION_RATE_PER_SECOND: '20',
    },
  });
  for (const id of [ROOM, 'silent', 'second']) expect((await service.api('POST', '/api/rooms', { id, video: { width: 640, height: 360, frameRate: 15 } })).status).toBe(201);
  const small = ['--width', '320', '--height', '180', '--fps', '15'];
  [anna, viewers] = await Promise.all([startSynthetic(service.url, ROOM, ['--names', 'anna', ...small]), startWhepChild()]);
  const [vanishing, vanishingViewers] = await Promise.all([startSynthetic(service.url, ROOM, ['--names', 'vanishing', ...small]), startWhepChild({ feedback: true })]);
  await waitFor('a live mix', async () => ((await (await service.api('GET', `/api/rooms/${ROOM}`)).json()) as { mix: { status: string } }).mix.status === 'running');

  const gone = await watch(await vanishingViewers.offer());
  vanishingViewers.take(0, gone.answer);
  await waitFor('a viewer that gets packets and reports', async () => (await vanishingViewers.report()).asked > 1);
  await waitFor('both publishers', async () => (await participants()).length === 2);
  vanishing.kill();
  vanishingViewers.vanish();
  publisherGone = waitFor('the end of the dead publisher', async () => !(await participants()).includes('vanishing'), { timeoutMs: 30_000, intervalMs: 500 });
  viewerGone = waitFor('the end of the dead viewer', async () => (await send('GET', gone.location)).status === 404, { timeoutMs: 30_000, intervalMs: 500 });
  for (const promise of [publisherGone, viewerGone]) promise.catch(() => undefined);

  offers.whep = await viewers.offer();
  offers.whip = (await offerOnly()).replace(/a=candidate:.*\r\n/g, '');
}, 60_000);

afterAll(async () => {
  for (const close of closing) close();
  viewers?.vanish();
  await anna?.stop();
  await service?.stop();
  stun?.close();
});

async function offerOnly(): Promise<string> {
  const peer = new PeerConnection();
  closing.push(() => peer.close());
  for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'sendonly' });
  await peer.setLocalDescription(await peer.createOffer());
  await waitFor('candidates', () => peer.iceGatheringState === 'complete');
  return peer.localDescription?.sdp ?? '';
}

describe('POST application/sdp', () => {
  it('WHIP: 201, an answer with all candidates, Location, strong ETag, Link; recvonly', async () => {
    const session = await publish('ben');
    const other = await publish('ben2');

    await waitFor('a connection by the answer alone', () => session.peer?.connectionState === 'connected');
    expect(session.response.headers.get('content-type')).toBe(SDP);
    expect(session.location).toMatch(/^\/whip\/rules\/[A-Za-z0-9_-]{22,}$/); // 132 random bits and more
    expect(other.location).not.toBe(session.location);
    expect(session.etag).toMatch(/^"[^"]+"$/);
    expect(session.response.headers.get('link')).toContain(`<${stun.url}>; rel="ice-server"`);
    expect(lines(section(session.answer, 'audio') + section(session.answer, 'video'), /^a=(sendrecv|sendonly|recvonly|inactive)$/)).toEqual(['a=recvonly', 'a=recvonly']);
    expect(lines(session.answer, /^a=candidate:.* typ host/).length).toBeGreaterThan(0);
    expect(lines(session.answer, /^a=rtcp-mux-only$/)).toHaveLength(2);
    expect(lines(session.answer, /^a=(mid|group):/)).toEqual(lines(session.peer?.localDescription?.sdp ?? '', /^a=(mid|group):/)); // one transport for all
    expect(session.answer).not.toMatch(/^a=(crypto|setup:actpass)/m);
    await Promise.all([end(session), end(other)]);
  });

  it('WHIP: sendrecv audio where it is offered', async () => {
    const session = await publish('carl', 'sendrecv');

    expect(lines(section(session.answer, 'audio'), /^a=sendrecv$/)).toHaveLength(1);
    expect(lines(section(session.answer, 'video'), /^a=recvonly$/)).toHaveLength(1);
    await end(session);
  });

  it('WHEP: 201, an answer with all candidates, Location, strong ETag, Link; sendonly; one msid for all tracks', async () => {
    const session = await watch();

    const ports = Array.from({ length: EDGES }, (_, i) => service.config.edgeUdpPort + i).join('|');
    expect(session.response.headers.get('content-type')).toBe(SDP);
    expect(session.location).toMatch(/^\/whep\/rules\/[A-Za-z0-9_-]{22,}$/);
    expect(session.etag).toMatch(/^"[^"]+"$/);
    expect(session.response.headers.get('link')).toContain(`<${stun.url}>; rel="ice-server"`);
    expect(lines(session.answer, /^a=(sendrecv|sendonly|recvonly|inactive)$/)).toEqual(['a=sendonly', 'a=sendonly']);
    expect(lines(session.answer, new RegExp(`^a=candidate:.* 127\\.0\\.0\\.1 (${ports}) typ host`)).length).toBeGreaterThan(0);
    expect(lines(session.answer, /^a=rtcp-mux-only$/)).toHaveLength(2);
    expect(lines(session.answer, /^a=(mid|group):/)).toEqual(lines(offers.whep, /^a=(mid|group):/));
    expect(session.answer).not.toMatch(/^a=(crypto|setup:actpass)/m);
    expect(new Set([...session.answer.matchAll(/^a=msid:(\S+)/gm)].map((m) => m[1])).size).toBe(1);
    viewers.take(0, session.answer);
    await waitFor('packets by the answer alone', async () => (await viewers.report()).packets > 50);
    await end(session);
    offers.whep = await viewers.offer();
  });
});

describe('what is not taken', () => {
  it.each(KINDS)('%s: a wrong content type is 415', async (kind) => {
    for (const type of ['text/plain', 'application/json', 'application/sdpx', undefined]) expect((await send('POST', `/${kind}/${ROOM}`, { token: await tokenOf(kind), type, body: offers[kind] })).status, type).toBe(415);
  });

  const without = (pattern: RegExp) => (sdp: string): string => sdp.replace(new RegExp(`^${pattern.source}\\r\\n`, 'gm'), '');
  const MALFORMED: [string, (sdp: string) => string][] = [
    ['an empty body', () => ''],
    ['text', () => 'hello'],
    ['no v=', without(/v=.*/)],
    ['a broken line', (sdp) => `${sdp}nonsense\r\n`],
    ['a NUL byte', (sdp) => sdp.replace('a=mid', 'a=\0\r\na=mid')],
    ['no fingerprint', without(/a=fingerprint.*/)],
    ['no ICE password', without(/a=ice-pwd.*/)],
    ['the same mid twice', (sdp) => sdp.replace(/^a=mid:.*$/gm, 'a=mid:0').replace(/^a=group.*$/m, 'a=group:BUNDLE 0')],
    ['two directions', (sdp) => sdp.replace(/^(a=mid:.*)$/m, '$1\r\na=inactive')],
    ['two passwords in one transport', (sdp) => sdp.replace(/^a=ice-pwd:.*$/m, 'a=ice-pwd:9999999999999999999999')],
  ];
  const UNACCEPTABLE: [string, (sdp: string) => string][] = [
    ['two video tracks', (sdp) => twice(sdp, 'video')],
    ['two audio tracks', (sdp) => twice(sdp, 'audio')],
    ['a data channel', (sdp) => `${sdp.replace(/^(a=group:BUNDLE .*)$/m, '$1 d')}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\na=sctp-port:5000\r\n`],
    ['codecs we do not have', (sdp) => sdp.replace(/ (VP8|VP9|AV1|H264)\/90000/g, ' H265/90000')],
    ['SDES', (sdp) => sdp.replace(/^(a=mid:.*)$/m, '$1\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw')],
    ['the wrong direction', (sdp) => sdp.replace(/^a=(sendonly|recvonly)$/gm, (line) => (line === 'a=sendonly' ? 'a=recvonly' : 'a=sendonly'))],
  ];
  const twice = (sdp: string, kind: string): string => `${sdp.replace(/^(a=group:BUNDLE .*)$/m, '$1 x')}${section(sdp, kind).replace(/^a=mid:.*$/m, 'a=mid:x').replace(/\r\n$/, '')}\r\n`;

  it.each(KINDS)('%s: malformed or contradictory SDP is 400', async (kind) => {
    for (const [what, change] of MALFORMED) expect((await post(kind, change(offers[kind]))).status, what).toBe(400);
  });

  it.each(KINDS)('%s: more than one audio or video track, SDES, or an m-line that cannot be taken is 422, without a partial answer', async (kind) => {
    for (const [what, change] of UNACCEPTABLE) {
      const response = await post(kind, change(offers[kind]));

      expect(response.status, what).toBe(422);
      expect(response.headers.get('location'), what).toBeNull();
      expect(await response.text(), what).not.toContain('v=0');
    }
  });

  it.each(KINDS)('%s: a body over 128 KiB is 413', async (kind) => {
    const large = offers[kind] + 'a=x:' + 'y'.repeat(131_072);

    expect((await post(kind, large)).status).toBe(413);
    expect((await post(kind, 'v=0\r\n' + 'a=x\r\n'.repeat(26_000))).status).toBe(400);
  });
});

describe('GET and OPTIONS', () => {
  it.each(KINDS)('%s: GET of endpoint and session is 2xx without content', async (kind) => {
    const session = kind === 'whip' ? await publish('dora') : await watch();

    for (const path of [`/${kind}/${ROOM}`, session.location])
      for (const method of ['GET', 'HEAD']) {
        const response = await send(method, path, { token: session.token });
        expect([response.status, await response.text()], `${method} ${path}`).toEqual([204, '']);
      }
    await end(session);
  });

  it.each(KINDS)('%s: OPTIONS is 200 with Accept-Post and CORS, and never needs a token', async (kind) => {
    for (const path of [`/${kind}/${ROOM}`, `/${kind}/nowhere`]) {
      const response = await send('OPTIONS', path, { headers: { origin: ORIGIN, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type,if-match' } });

      expect(response.status).toBe(200);
      expect(response.headers.get('accept-post')).toBe(SDP);
      expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(response.headers.get('access-control-allow-methods')).toMatch(/POST.*PATCH.*DELETE/);
      for (const name of ['Authorization', 'Content-Type', 'If-Match']) expect(response.headers.get('access-control-allow-headers')).toContain(name);
    }
  });

  it.each(KINDS)('%s: Location, ETag and Link are exposed to pages of elsewhere, also with a refusal', async (kind) => {
    const session = kind === 'whip' ? await publish('gina') : await watch();
    const refused = await send('POST', `/${kind}/${ROOM}`, { type: SDP, body: 'x', headers: { origin: ORIGIN } });
    const preflight = await send('OPTIONS', `/${kind}/${ROOM}/some-session`, { headers: { origin: ORIGIN } });

    expect([refused.status, preflight.status]).toEqual([401, 200]);
    for (const response of [session.response, refused, preflight]) for (const name of ['Location', 'ETag', 'Link']) expect(response.headers.get('access-control-expose-headers')).toContain(name);
    expect(session.response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    await end(session);
  });
});

describe('PATCH application/trickle-ice-sdpfrag', () => {
  it('WHIP: 204 without ETag, what cannot be resolved is skipped; 428, 412, 415; a restart is 200 with a new ETag; a failed one keeps the session', async () => {
    const session = await publish('emma');
    await waitFor('the connection', () => session.peer?.connectionState === 'connected');

    const trickled = await patch(session, session.etag, CANDIDATES);
    const codes = [await patch(session, undefined, CANDIDATES), await patch(session, '"stale"', CANDIDATES), await patch(session, session.etag, CANDIDATES, SDP)];
    const failed = [await patch(session, '*', CREDENTIALS.replace('0123456789012345678901', 'short')), await patch(session, session.etag, CREDENTIALS)];
    const alive = await patch(session, session.etag, CANDIDATES);
    const restarted = await patch(session, '*', CREDENTIALS);
    const text = await restarted.text();
    const old = await patch(session, session.etag, CANDIDATES);

    expect([trickled.status, trickled.headers.get('etag'), await trickled.text()]).toEqual([204, null, '']);
    expect(codes.map(({ status }) => status)).toEqual([428, 412, 415]);
    expect(failed.map(({ status }) => status)).toEqual([400, 412]);
    expect([alive.status, (await send('GET', session.location)).status]).toEqual([204, 204]);
    expect([restarted.status, restarted.headers.get('content-type')]).toEqual([200, FRAGMENT]);
    expect(restarted.headers.get('etag')).toMatch(/^"[^"]+"$/);
    expect(restarted.headers.get('etag')).not.toBe(session.etag);
    expect(text).toMatch(/a=ice-ufrag:(?!newU)/);
    expect(text).toMatch(/a=candidate:/);
    expect(old.status).toBe(412);
    await end(session);
  });

  it('WHEP: 204 without ETag; 428, 412, 415; a restart is 422 and keeps the session, and the player may POST again', async () => {
    const session = await watch();

    const trickled = await patch(session, session.etag, CANDIDATES);
    const codes = [await patch(session, undefined, CANDIDATES), await patch(session, '"stale"', CANDIDATES), await patch(session, session.etag, CANDIDATES, SDP), await patch(session, '*', CREDENTIALS)];
    const alive = await patch(session, session.etag, CANDIDATES);
    const again = await watch();

    expect([trickled.status, trickled.headers.get('etag')]).toEqual([204, null]);
    expect(codes.map(({ status }) => status)).toEqual([428, 412, 415, 422]);
    expect([alive.status, (await send('GET', session.location)).status]).toEqual([204, 204]);
    expect(again.location).not.toBe(session.location);
    await Promise.all([end(session), end(again)]);
  });
});

describe('the address of a session', () => {
  it('is good under its own room and kind only, and for nobody without a token', async () => {
    const session = await watch();
    const id = session.location.split('/').at(-1) ?? '';

    const elsewhere = [`/whep/silent/${id}`, `/whip/${ROOM}/${id}`, `/whep/${ROOM}/${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`];
    for (const location of elsewhere) expect((await end({ ...session, location, token: await service.token() })).status, location).toBe(404);
    expect((await send('DELETE', session.location)).status).toBe(401);
    expect((await send('PATCH', session.location, { type: FRAGMENT, body: CANDIDATES, headers: { 'if-match': session.etag } })).status).toBe(401);

    expect((await end(session)).status).toBe(200);
  });
});

describe('DELETE', () => {
  it('WHIP: 200, ignores the ETag, and the participant is gone at once', async () => {
    const session = await publish('fred');
    await waitFor('fred', async () => (await participants()).includes('fred'));

    const response = await end(session, { 'if-match': '"another"' });

    expect(response.status).toBe(200);
    await waitFor('fred gone', async () => !(await participants()).includes('fred'), { timeoutMs: 1000 });
    expect([(await send('GET', session.location)).status, (await end(session)).status]).toEqual([404, 404]);
  });

  it('WHEP: 200, ignores the ETag, and its place is free at once', async () => {
    await viewerGone;
    const sessions: Opened[] = [];
    for (let i = 0; i < MAX_VIEWERS; i++) sessions.push(await watch());
    const full = await post('whep', offers.whep);

    const response = await end(sessions[0] as Opened, { 'if-match': '"another"' });
    sessions.push(await watch());

    expect(response.status).toBe(200);
    expect([full.status, full.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    for (const session of sessions.slice(1)) expect((await end(session)).status).toBe(200);
  });

  it('is not needed by who dies: both are noticed within 30 s', async () => {
    await Promise.all([publisherGone, viewerGone]);
  });
});

describe('refusals', () => {
  it('WHEP without a live programme is 409 with Retry-After', async () => {
    const response = await post('whep', offers.whep, 'silent');

    expect([response.status, response.headers.get('retry-after')]).toEqual([409, expect.stringMatching(/^\d+$/)]);
  });

  it('overload of the ingest is 503 with Retry-After', async () => {
    const response = await post('whip', offers.whip, 'second');

    expect([response.status, response.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  });

  it('nothing is redirected but by 307', async () => {
    for (const kind of KINDS)
      for (const [method, path] of [['POST', `/${kind}/${ROOM}/`], ['POST', `/${kind}//${ROOM}`], ['POST', `/${kind.toUpperCase()}/${ROOM}`], ['GET', `/${kind}`], ['GET', `/${kind}/`], ['DELETE', `/${kind}/${ROOM}/x/`], ['PUT', `/${kind}/${ROOM}`]] as const) {
        const { status } = await send(method, path, method === 'POST' ? { type: SDP, body: 'v=0\r\n' } : {});
        expect(status < 300 || status >= 400 || status === 307, `${method} ${path}: ${status}`).toBe(true);
      }
  });

  it('POST, PATCH and DELETE are rate limited per address; OPTIONS and GET are not', async () => {
    const refused: Record<string, string | null> = {};
    for (let i = 0; i < 300 && Object.keys(refused).length < 3; i++)
      for (const [method, path] of [['POST', `/whip/${ROOM}`], ['PATCH', `/whep/${ROOM}/x`], ['DELETE', `/whep/${ROOM}/x`]] as const) {
        const response = await send(method, path, { type: SDP, ...(method === 'POST' ? { body: 'x' } : {}) });
        if (response.status === 429) refused[method] = response.headers.get('retry-after');
      }

    expect(refused).toEqual({ POST: expect.stringMatching(/^\d+$/), PATCH: expect.stringMatching(/^\d+$/), DELETE: expect.stringMatching(/^\d+$/) });
    expect((await send('OPTIONS', `/whip/${ROOM}`)).status).toBe(200);
    expect((await send('GET', `/whep/${ROOM}`)).status).toBe(204);
  });
});
