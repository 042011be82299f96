/** Clients that may only use a relay: credentials from the service's answers, checked by a real coturn. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PeerConnection, nonstandard, Stream } from '../../scripts/synthetic/wrtc.ts';
import { turnCredential } from '../../src/control/ice-servers/turn-credential.ts';
import { iceServersOf } from '../../web/media/ice-links.ts';
import { launchBrowser } from '../support/browser.ts';
import { startCoturn, type TestCoturn } from '../support/coturn.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';

const ROOM = 'relayed';
const SECRET = 'the-shared-secret-of-service-and-coturn';
const RELAY_ONLY = { iceTransportPolicy: 'relay' } as const;

let coturn: TestCoturn;
let service: Service;
let browser: Browser;
let page: Page;
let token: string;
const closing: (() => void)[] = [];

beforeAll(async () => {
  [coturn, browser] = await Promise.all([startCoturn(SECRET), launchBrowser()]);
  service = await startService({ env: { TESSERA_TURN_URLS: coturn.url, TESSERA_TURN_SECRET: SECRET, TESSERA_TURN_TTL_SECONDS: '60' } });
  page = await browser.newPage();
  await page.goto(`${service.url}/healthz`);
  await service.api('POST', '/api/rooms', { id: ROOM });
  token = await service.token({ room: ROOM, role: 'presenter', sub: 'far' });
});
afterAll(async () => {
  for (const close of closing) close();
  await browser?.close();
  await service?.stop();
  await coturn?.close();
});

describe('a client that may only use a relay', () => {
  it('publishes with the servers that its first answer named', async () => {
    const { tracks, stop } = pictures();
    closing.push(stop);
    const first = await post('/whip', await offerOf(new PeerConnection(RELAY_ONLY), tracks)); // no candidates: it has no relay yet
    const iceServers = iceServersOf(first.headers.get('Link'));
    await fetch(new URL(first.headers.get('Location') ?? '', service.url), { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
    expect(iceServers).toEqual([{ urls: coturn.url, username: expect.stringMatching(/^\d+:far$/), credential: expect.any(String) }]);

    const peer = new PeerConnection({ ...RELAY_ONLY, iceServers });
    const offer = await offerOf(peer, tracks);
    await peer.setRemoteDescription({ type: 'answer', sdp: await (await post('/whip', offer)).text() });
    await waitFor('the connection', () => peer.connectionState === 'connected');

    expect(new Set(offer.match(/^a=candidate:.*/gm)?.map((line) => line.split(' ')[7]))).toEqual(new Set(['relay']));
    await waitFor('a mix', async () => ((await (await service.api('GET', `/api/rooms/${ROOM}`)).json()) as { mix: { status: string } }).mix.status === 'running');
  });

  it('watches with them, in Chromium', async () => {
    const seen = await page.evaluate(
      async ({ room, token, linksOf }) => {
        const iceServersOf = new Function(`return ${linksOf}`)() as (link: string | null) => RTCIceServer[];
        const open = async (iceServers: RTCIceServer[]): Promise<{ peer: RTCPeerConnection; response: Response }> => {
          const peer = new RTCPeerConnection({ iceTransportPolicy: 'relay', iceServers });
          peer.addTransceiver('video', { direction: 'recvonly' });
          await peer.setLocalDescription();
          while (peer.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 20));
          const headers = { 'content-type': 'application/sdp', authorization: `Bearer ${token}` };
          const response = await fetch(`/whep/${room}?rendition=low&audio=none`, { method: 'POST', headers, body: peer.localDescription?.sdp ?? '' });
          if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
          return { peer, response };
        };
        const first = await open([]);
        first.peer.close();
        const { peer, response } = await open(iceServersOf(first.response.headers.get('Link')));
        await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
        for (const endMs = performance.now() + 8000; performance.now() < endMs; await new Promise((resolve) => setTimeout(resolve, 50))) {
          const stats = [...(await peer.getStats()).values()] as (RTCInboundRtpStreamStats & RTCIceCandidatePairStats & { candidateType?: string; relayProtocol?: string })[];
          const decoded = stats.find((s) => s.type === 'inbound-rtp')?.framesDecoded ?? 0;
          const pair = stats.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
          const local = stats.find((s) => s.id === pair?.localCandidateId);
          if (decoded > 10) return { type: local?.candidateType, relayProtocol: local?.relayProtocol };
        }
        return 'no picture within 8 s';
      },
      { room: ROOM, token, linksOf: iceServersOf.toString() },
    );

    expect(seen).toEqual({ type: 'relay', relayProtocol: 'udp' });
  });

  it('is served like all others on the one UDP port of the edge', () => {
    expect(udpPortsOf(service.pidOf('tessera-edge'))).toEqual([service.config.edgeUdpPort]);
  });

  it('gets no relay with credentials that have expired or were made up', async () => {
    const now = Math.floor(Date.now() / 1000);
    const valid = turnCredential(SECRET, 'far', now + 60);
    const credentials = {
      valid,
      expired: turnCredential(SECRET, 'far', now - 5),
      prolonged: { ...valid, username: `${now + 3600}:far` },
      forged: turnCredential(`${SECRET}?`, 'far', now + 60),
    };

    const results = await page.evaluate(
      ({ urls, credentials }) =>
        Promise.all(
          Object.entries(credentials).map(async ([kind, credential]) => {
            const peer = new RTCPeerConnection({ iceTransportPolicy: 'relay', iceServers: [{ urls, ...credential }] });
            const found = new Set<string>();
            peer.addEventListener('icecandidate', ({ candidate }) => candidate?.type && found.add(candidate.type));
            peer.addEventListener('icecandidateerror', ({ errorCode }) => found.add(String(errorCode)));
            peer.createDataChannel('');
            await peer.setLocalDescription();
            for (const endMs = performance.now() + 5000; found.size === 0 && performance.now() < endMs; ) await new Promise((resolve) => setTimeout(resolve, 20));
            peer.close();
            return [kind, [...found].join()];
          }),
        ),
      { urls: coturn.url, credentials },
    );

    expect(Object.fromEntries(results)).toEqual({ valid: 'relay', expired: '401', prolonged: '401', forged: '401' });
  });
});

describe('the configuration in docker/', () => {
  it('lets nobody be reached but the service', () => {
    const { username, credential } = turnCredential(SECRET, 'far', Math.floor(Date.now() / 1000) + 60);
    const [service, other] = ['127.0.0.1', '127.0.0.2'];
    const args = ['-c', '-v', '-n', '1', '-m', '1', '-r', '9', '-p', String(coturn.port), '-u', username, '-w', credential, '-e', other, service];

    const { output } = spawnSync('/usr/bin/turnutils_uclient', args, { timeout: 5000, killSignal: 'SIGKILL', encoding: 'utf8' });

    expect(output.join('')).toContain('Received relay addr');
    expect(output.join('')).toContain('403 (Forbidden IP)');
  });
});

/** Local ports of a process's UDP sockets, each once. */
function udpPortsOf(pid: number): number[] {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]));
  const rows = ['udp', 'udp6'].flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').trim().split('\n').slice(1));
  const columns = rows.map((row) => row.trim().split(/\s+/)).filter((row) => inodes.has(row[9]));
  return [...new Set(columns.map((row) => Number.parseInt(row[1]?.split(':')[1] ?? '', 16)))];
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}

async function offerOf(peer: RTCPeerConnection, tracks: MediaStreamTrack[]): Promise<string> {
  closing.push(() => peer.close());
  for (const track of tracks) peer.addTransceiver(track, { direction: 'sendonly', streams: [new Stream()] });
  await peer.setLocalDescription(await peer.createOffer());
  await waitFor('candidates', () => peer.iceGatheringState === 'complete');
  return peer.localDescription?.sdp ?? '';
}

async function post(endpoint: '/whip' | '/whep', body: string): Promise<Response> {
  const response = await fetch(`${service.url}${endpoint}/${ROOM}`, { method: 'POST', headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` }, body });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return response;
}

/** A grey picture ten times a second. */
function pictures(): { tracks: MediaStreamTrack[]; stop: () => void } {
  const source = new nonstandard.RTCVideoSource();
  const data = new Uint8Array((160 * 90 * 3) / 2).fill(128);
  const timer = setInterval(() => source.onFrame({ width: 160, height: 90, data }), 100);
  const track = source.createTrack();
  return { tracks: [track], stop: () => (clearInterval(timer), track.stop()) };
}
