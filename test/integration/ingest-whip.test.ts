/** WHIP against the real ingest role: status codes, trickle and restart, replacement, crash of a room, full hosts. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PeerConnection, nonstandard, Stream } from '../../scripts/synthetic/wrtc.ts';
import type { NodeRecord } from '../../src/node-api/contract.ts';
import { startIngest, type TestIngest } from '../support/ingest.ts';
import { processTree, waitFor } from '../support/process.ts';

let ingest: TestIngest;
const closing: (() => void)[] = [];

beforeAll(async () => {
  ingest = await startIngest({ TESSERA_MAX_ROOMS: '3', TESSERA_PUBLISHER_TIMEOUT_MS: '4000' });
});
afterAll(async () => {
  for (const close of closing) close();
  await ingest?.stop();
});

interface Publisher {
  peer: RTCPeerConnection;
  location: string;
  etag: string;
  answer: string;
}

function post(room: string, identity: string, sdp: string): Promise<Response> {
  return fetch(`${ingest.url}/whip/${room}`, { method: 'POST', headers: { authorization: `Bearer ${identity}`, 'content-type': 'application/sdp' }, body: sdp });
}

async function offered(kind: 'audio' | 'video' = 'audio'): Promise<{ peer: RTCPeerConnection; sdp: string }> {
  const peer = new PeerConnection();
  const source = kind === 'audio' ? new nonstandard.RTCAudioSource() : new nonstandard.RTCVideoSource();
  const track = source.createTrack();
  closing.push(() => (track.stop(), peer.close()));
  peer.addTransceiver(track, { direction: 'sendonly', streams: [new Stream()] });
  await peer.setLocalDescription(await peer.createOffer());
  await waitFor('candidates', () => peer.iceGatheringState === 'complete');
  return { peer, sdp: peer.localDescription?.sdp ?? '' };
}

async function publish(room: string, identity: string): Promise<Publisher> {
  const { peer, sdp } = await offered();
  const response = await post(room, identity, sdp);
  const answer = await response.text();
  expect([response.status, answer.slice(0, 3)]).toEqual([201, 'v=0']);
  await peer.setRemoteDescription({ type: 'answer', sdp: answer });
  await waitFor('the connection', () => peer.connectionState === 'connected');
  return { peer, location: `${ingest.url}${response.headers.get('location')}`, etag: response.headers.get('etag') ?? '', answer };
}

function patch(publisher: Publisher, ifMatch: string | undefined, body: string): Promise<Response> {
  return fetch(publisher.location, { method: 'PATCH', headers: { 'content-type': 'application/trickle-ice-sdpfrag', ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }) }, body });
}

const CANDIDATE = 'a=mid:0\r\na=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host\r\na=candidate:2 1 udp 1 nobody.local 50000 typ host\r\n';

describe('a WHIP session', () => {
  it('answers with candidates in the port range, rtcp-mux-only, recvonly and a strong ETag', async () => {
    const publisher = await publish('one', 'ann');
    const ports = [...publisher.answer.matchAll(/a=candidate:\S+ 1 udp \d+ \S+ (\d+) typ host/g)].map((m) => Number(m[1]));
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(ingest.config.ingestUdpPorts.min);
      expect(port).toBeLessThanOrEqual(ingest.config.ingestUdpPorts.max);
    }
    expect(publisher.answer).toMatch(/a=rtcp-mux-only/);
    expect(publisher.answer).toMatch(/a=recvonly/);
    expect(publisher.etag).toMatch(/^"[0-9a-f]+"$/);
  });

  it('takes trickle with the right ETag only', async () => {
    const publisher = await publish('one', 'bob');
    expect((await patch(publisher, publisher.etag, CANDIDATE)).status).toBe(204);
    expect((await patch(publisher, undefined, CANDIDATE)).status).toBe(428);
    expect((await patch(publisher, '"stale"', CANDIDATE)).status).toBe(412);
    expect((await patch(publisher, publisher.etag, 'rubbish')).status).toBe(400);
  });

  it('restarts ICE: new credentials, a new ETag, and the session goes on', async () => {
    const publisher = await publish('one', 'carl');
    const offer = await publisher.peer.createOffer({ iceRestart: true });
    await publisher.peer.setLocalDescription(offer);
    const sdp = offer.sdp ?? '';
    const ufrag = /a=ice-ufrag:(\S+)/.exec(sdp)?.[1] ?? '';
    const fragment = `a=ice-ufrag:${ufrag}\r\na=ice-pwd:${/a=ice-pwd:(\S+)/.exec(sdp)?.[1]}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n`;
    expect((await patch(publisher, publisher.etag, fragment)).status).toBe(412);
    const response = await patch(publisher, '*', fragment);
    expect(response.status).toBe(200);
    expect(response.headers.get('etag')).not.toBe(publisher.etag);
    const answered = await response.text();
    const [newUfrag, newPassword] = [/a=ice-ufrag:(\S+)/.exec(answered)?.[1] ?? '', /a=ice-pwd:(\S+)/.exec(answered)?.[1] ?? ''];
    expect(publisher.answer).not.toContain(`a=ice-ufrag:${newUfrag}`);
    const answer = publisher.answer.replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:${newUfrag}`).replace(/a=ice-pwd:.*/g, `a=ice-pwd:${newPassword}`);
    await publisher.peer.setRemoteDescription({ type: 'answer', sdp: answer });
    await waitFor('the connection again', () => ['connected', 'completed'].includes(publisher.peer.iceConnectionState));
    const feeds = ingest.feeds('one');
    await waitFor('carl still here', () => feeds.feedOf('carl'));
    await new Promise((resolve) => setTimeout(resolve, 6000)); // longer than the publisher timeout
    expect(feeds.feedOf('carl')).toBeDefined();
    expect((await patch(publisher, publisher.etag, CANDIDATE)).status).toBe(412);
  });

  it('refuses what it cannot take, and nothing is left behind', async () => {
    const feeds = ingest.feeds('one');
    const before = await waitFor('the state', () => feeds.feeds.size || undefined);
    const video = (await offered('video')).sdp;
    expect((await post('one', 'dora', 'no sdp at all')).status).toBe(400);
    expect((await post('one', 'dora', video.replace('UDP/TLS/RTP/SAVPF', 'RTP/AVP'))).status).toBe(422);
    expect((await post('one', 'dora', video.replace(/a=rtpmap:(\d+) (VP8|VP9|AV1)\//g, 'a=rtpmap:$1 H264/'))).status).toBe(422);
    expect(feeds.feeds.size).toBe(before);
    expect(feeds.feedOf('dora')).toBeUndefined();
  });

  it('is replaced by the next one of the same identity and source, without leaving', async () => {
    const feeds = ingest.feeds('one');
    const first = await publish('one', 'emil');
    const feed = (await waitFor('emil', () => feeds.feedOf('emil'))).feed;
    await publish('one', 'emil');
    const second = await waitFor('the other feed', () => [...feeds.feeds.values()].find((f) => f.participant === 'emil' && f.feed !== feed));
    expect(feeds.feeds.has(feed)).toBe(false);
    expect(second.feed).not.toBe(feed);
    expect((await patch(first, '*', CANDIDATE)).status).toBe(404);
  });

  it('ends at once with DELETE', async () => {
    const feeds = ingest.feeds('one');
    const publisher = await publish('one', 'fred');
    await waitFor('fred', () => feeds.feedOf('fred'));
    expect((await fetch(publisher.location, { method: 'DELETE' })).status).toBe(200);
    await waitFor('fred gone', () => !feeds.feedOf('fred'), { timeoutMs: 500 });
    expect((await fetch(publisher.location, { method: 'DELETE' })).status).toBe(404);
  });

  it('ends soon after the publisher closed its connection without a word', async () => {
    const feeds = ingest.feeds('one');
    const publisher = await publish('one', 'gina');
    await waitFor('gina', () => feeds.feedOf('gina'));
    publisher.peer.close();
    await waitFor('gina gone', () => !feeds.feedOf('gina'), { timeoutMs: 5000 });
  });
});

describe('the host', () => {
  it('refuses a room beyond its capacity with 503', async () => {
    await publish('two', 'ann');
    await publish('three', 'ann');
    expect((await post('four', 'ann', (await offered()).sdp)).status).toBe(503);
    const record = JSON.parse((await import('../../src/state/redis.ts').then(async ({ connectRedis }) => {
      const redis = connectRedis(ingest.redis.url);
      const text = await redis.get(`tessera:node:${ingest.config.nodeId}-ingest`);
      redis.disconnect();
      return text;
    })) ?? '{}') as NodeRecord;
    expect(record).toMatchObject({ role: 'ingest', url: ingest.nodeUrl, capacity: 3 });
  });

  it('survives the crash of a room: its people leave, the others stay, the next POST works', async () => {
    const title = async (pid: number): Promise<string> => (await import('node:fs')).readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0.*$/s, '');
    let victim = 0;
    for (const pid of processTree(ingest.pid)) if ((await title(pid)).startsWith('tessera-ingest two')) victim = pid;
    expect(victim).toBeGreaterThan(0);
    const others = ingest.feeds('three');
    await waitFor('three', () => others.feedOf('ann'));

    process.kill(victim, 'SIGKILL');

    await waitFor('rings of the dead process gone', () => !readdirSync('/dev/shm').some((name) => name.includes(`-${victim}-`)));
    await waitFor('a new room', async () => {
      await publish('two', 'bert');
      return true;
    });
    const feeds = ingest.feeds('two');
    await waitFor('bert', () => feeds.feedOf('bert'));
    expect(feeds.feedOf('ann')).toBeUndefined();
    expect(others.feedOf('ann')).toBeDefined();
  });

  it('closes a room on request', async () => {
    await ingest.nodes.call(ingest.nodeUrl, 'DELETE', '/rooms/three');
    expect((await post('four', 'ann', (await offered()).sdp)).status).toBe(201);
  });
});
