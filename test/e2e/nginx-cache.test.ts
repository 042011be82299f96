/**
 * docker/nginx.conf in front of the service, over TLS and HTTP/2: however many viewers with tokens of their own follow a broadcast, the
 * service is asked once for each thing. Viewers are HTTP/2 connections that do what a low-latency player does.
 */
import { connect, type ClientHttp2Session } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNginx, type FrontRequest, type Nginx } from '../support/nginx.ts';
import { waitFor } from '../support/process.ts';
import { startService, type Service } from '../support/service.ts';
import { startSynthetic, type SyntheticProcess } from '../support/synthetic.ts';

const ROOM = 'front';
const WATCHED_MS = 6000;
/** nginx writes its log behind the answer. */
const LOGGED_MS = 100;

let service: Service;
let nginx: Nginx;
let anna: SyntheticProcess;
let playlist = '';
const sessions: ClientHttp2Session[] = [];

beforeAll(async () => {
  service = await startService();
  nginx = await startNginx(service.config.httpPort);
  await service.api('POST', '/api/rooms', { id: ROOM, video: { width: 320, height: 180, frameRate: 30 } });
  anna = await startSynthetic(service.url, ROOM, ['--names', 'anna', '--width', '320', '--height', '180', '--fps', '15']);
  const base = `${service.url}/hls/${ROOM}/t/${await viewer()}`;
  const index = await waitFor('a broadcast', async () => {
    const answer = await fetch(`${base}/index.m3u8`);
    return answer.ok ? answer.text() : undefined;
  });
  playlist = index.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '';
}, 60_000);

afterAll(async () => {
  for (const session of sessions) session.destroy();
  await nginx?.close();
  await anna?.stop();
  await service?.stop();
});

const viewer = (): Promise<string> => service.token({ room: ROOM, role: 'viewer' });

interface Got {
  status: number;
  text: string;
}

function open(): ClientHttp2Session {
  const session = connect(nginx.url, { ca: nginx.certificate });
  session.on('error', () => undefined);
  sessions.push(session);
  return session;
}

function get(session: ClientHttp2Session, path: string, headers: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ...headers });
    let status = 0;
    const chunks: Buffer[] = [];
    stream.on('response', (head) => (status = Number(head[':status'])));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ status, text: Buffer.concat(chunks).toString('latin1') }));
    stream.on('error', reject);
    stream.end();
  });
}

/** The next part as the playlist announces it. */
function next(text: string): { msn: number; part: number; hint: string } {
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  const msn = first + (text.match(/#EXTINF:/g) ?? []).length;
  const open = text.slice(text.lastIndexOf('#EXTINF:'));
  return { msn, part: (open.match(/#EXT-X-PART:/g) ?? []).length, hint: /#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/.exec(text)?.[1] ?? '' };
}

/** Who has come: has a connection and the playlist. */
interface Viewer {
  session: ClientHttp2Session;
  url: string;
  text: string;
}

async function come(token: string): Promise<Viewer> {
  const session = open();
  const url = `/hls/${ROOM}/t/${token}/${playlist}`;
  return { session, url, text: (await get(session, url)).text };
}

/** Follows the broadcast for a while. @returns parts it got */
async function follow({ session, url, text }: Viewer): Promise<number> {
  const folder = url.slice(0, url.lastIndexOf('/'));
  let parts = 0;
  for (const begun = performance.now(); performance.now() - begun < WATCHED_MS; ) {
    const { msn, part, hint } = next(text);
    const [reload, media] = await Promise.all([get(session, `${url}?_HLS_msn=${msn}&_HLS_part=${part}`), get(session, `${folder}/${hint}`)]);
    expect(reload.status, reload.text.slice(0, 300)).toBe(200);
    expect(media.status).toBe(200);
    ({ text } = reload);
    parts++;
  }
  session.close();
  return parts;
}

async function audience(size: number): Promise<{ parts: number; least: number; cameMs: number; coming: FrontRequest[]; following: FrontRequest[] }> {
  const tokens = await Promise.all(Array.from({ length: size }, viewer));
  nginx.requests();
  const begun = performance.now();
  const viewers = await Promise.all(tokens.map(come));
  const cameMs = performance.now() - begun;
  await delay(LOGGED_MS);
  const coming = nginx.requests();
  const parts = await Promise.all(viewers.map(follow));
  await delay(LOGGED_MS);
  return { parts: Math.max(...parts), least: Math.min(...parts), cameMs, coming, following: nginx.requests() };
}

/** What was asked of the service, without the token. */
const passed = (requests: readonly FrontRequest[]): string[] => requests.filter((r) => r.passed).map(({ uri }) => uri.replace(/\/t\/[^/]+\//, '/'));

describe('nginx in front', () => {
  it('asks the service once for each thing, for 300 viewers as for three', async () => {
    const few = await audience(3);
    const many = await audience(300);

    console.log(`3 viewers: ${few.following.length} requests, ${passed(few.following).length} passed on, ${few.parts} parts; 300: ${many.following.length}, ${passed(many.following).length}, ${many.parts}; coming ${passed(many.coming).length} in ${many.cameMs.toFixed(0)} ms`);
    for (const { least } of [few, many]) expect(least).toBeGreaterThan(5);
    expect(many.following.length).toBeGreaterThan(300 * 10);
    // A part and a held playlist each, and never one of them twice.
    for (const { following, parts } of [few, many]) {
      expect(new Set(passed(following)).size).toBe(passed(following).length);
      expect(passed(following).length).toBeLessThanOrEqual(2 * (parts + 1));
    }
    // The playlist that says nothing of what it waits for is good for a second, and 300 handshakes take some.
    expect(passed(many.coming).length).toBeLessThanOrEqual(Math.ceil(many.cameMs / 1000) + 1);
  }, 60_000);

  it('still refuses who has no token, a wrong one, or one of another room', async () => {
    const session = open();
    const path = (token: string): string => `/hls/${ROOM}/t/${token}/${playlist}`;
    const other = await service.token({ room: 'other', role: 'viewer' });
    const good = await get(session, path(await viewer()));

    const answers = await Promise.all([get(session, path('wrong')), get(session, path(other)), get(session, `/hls/${ROOM}/${playlist}`)]);

    expect(good.status).toBe(200);
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 401]);
  });

  it('gives the same bytes packed to all who take them packed, however they say it', async () => {
    const session = open();
    const url = `/hls/${ROOM}/t/${await viewer()}/${playlist}`;
    const { msn, part } = next((await get(session, url)).text);
    const asked = `${url}?_HLS_msn=${msn}&_HLS_part=${part}&made=up`;
    nginx.requests();

    const texts = await Promise.all(['gzip', 'gzip, deflate, br', 'br;q=1.0, gzip;q=0.8', '*'].map((encoding) => get(session, asked, { 'accept-encoding': encoding })));
    await delay(LOGGED_MS);

    const [first, ...same] = texts.slice(0, 3).map(({ text }) => text);
    expect(first?.slice(0, 2)).toBe('\x1f\x8b');
    expect(same).toEqual([first, first]);
    expect(texts[3]?.text).toContain('#EXTM3U');
    expect(passed(nginx.requests())).toHaveLength(2);
  });
});
