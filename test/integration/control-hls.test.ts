/** HLS through control: the three forms of a token, paths, and a player that goes away. */
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RoomId } from '../../src/domain/ids.ts';
import { handled } from '../../src/node-api/server.ts';
import { createRoom, eventually, OFFER_SDP, startControlRig, type ControlRig } from '../support/control-rig.ts';

let rig: ControlRig;

beforeAll(async () => {
  rig = await startControlRig();
});
afterAll(() => rig.close());
beforeEach(() => {
  rig.calls.length = 0;
});

async function publish(room: string, sub: string): Promise<Response> {
  const token = await rig.token({ room, role: 'participant', sub, name: 'Anna' });
  return rig.request('POST', `/whip/${room}`, { token, text: OFFER_SDP, type: 'application/sdp' });
}

/** One client with one connection, as a browser or a proxy keeps it. */
function oneConnection(): { ask(method: string, path: string): Promise<{ status: number; headers: IncomingMessage['headers']; text: string; port: number }>; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: (method, path) =>
      new Promise((resolve, reject) => {
        request(`${rig.base}${path}`, { method, agent }, (res) => {
          const port = res.socket.localPort ?? 0;
          let text = '';
          res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text, port }));
        })
          .once('error', reject)
          .end();
      }),
    close: () => agent.destroy(),
  };
}
/** Only express gives requests a name. */
const byExpress = ({ headers }: { headers: IncomingMessage['headers'] }): boolean => headers['x-request-id'] !== undefined;

describe('HLS', () => {
  it('streams the origin through with its headers, in all three token forms', async () => {
    await createRoom(rig, 'h1');
    await publish('h1', 'anna');
    const token = await rig.token({ room: 'h1', role: 'viewer' });

    const byHeader = await rig.request('GET', '/hls/h1/index.m3u8', { token });
    const byPath = await rig.request('GET', `/hls/h1/t/${token}/high/1.m4s`);
    const byQuery = await rig.request('GET', `/hls/h1/index.m3u8?token=${token}&_HLS_msn=3`);

    expect(await byHeader.text()).toBe('#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\nhigh/1.m4s\n');
    expect(byHeader.headers.get('access-control-allow-origin')).toBe('*');
    expect([byHeader, byPath].map((r) => r.headers.get('cache-control'))).toEqual(['private, max-age=1', 'public, max-age=9']);
    expect(await byPath.text()).toBe('media');
    expect(await byQuery.text()).toBe(`#EXTM3U\n#EXT-X-MAP:URI="init.mp4?token=${token}"\nhigh/1.m4s?token=${token}\n`);
    expect(rig.calls.filter((c) => c.role === 'origin').map((c) => c.path)).toEqual(['/hls/h1/index.m3u8', '/hls/h1/high/1.m4s', '/hls/h1/index.m3u8?_HLS_msn=3']);
  });

  it('refuses paths that climb', async () => {
    await createRoom(rig, 'h2', { access: 'open' });
    await publish('h2', 'anna');

    const statuses = await Promise.all(['/hls/h2/..%2f..%2fetc/passwd', '/hls/h2/.hidden', '/hls/h2/a%00b'].map(async (p) => (await rig.request('GET', p)).status));

    expect(statuses).toEqual([404, 404, 404]);
    expect(rig.calls.some((c) => c.role === 'origin')).toBe(false);
  });

  it('ends the request at the origin when the player goes', async () => {
    await createRoom(rig, 'h3', { access: 'open' });
    await publish('h3', 'anna');
    let ended = false;
    const before = rig.answers.get('GET /hls/:room/*');
    rig.answers.set('GET /hls/:room/*', ({ response }) => {
      response.once('close', () => (ended = true));
      return handled; // held for ever, as a blocking reload
    });
    const player = new AbortController();

    const held = fetch(`${rig.base}/hls/h3/high.m3u8`, { signal: player.signal }).catch(() => 'aborted');
    await eventually(() => rig.calls.some((c) => c.role === 'origin'));
    player.abort();

    expect(await held).toBe('aborted');
    await eventually(() => ended);
    if (before) rig.answers.set('GET /hls/:room/*', before);
  });

  it('asks the origin once for all who wait for the same, and gives up when the last of them has gone', async () => {
    await createRoom(rig, 'h5', { access: 'open' });
    await publish('h5', 'anna');
    const held: ServerResponse[] = [];
    let ended = 0;
    const before = rig.answers.get('GET /hls/:room/*');
    rig.answers.set('GET /hls/:room/*', ({ response }) => {
      held.push(response);
      response.once('close', () => ended++);
      return handled;
    });
    const asked = (): number => rig.calls.filter((c) => c.role === 'origin').length;
    const ask = (msn: number, signal?: AbortSignal): Promise<string> => fetch(`${rig.base}/hls/h5/high.m3u8?made=${Math.random()}&_HLS_msn=${msn}`, { signal: signal ?? null }).then((r) => r.text(), () => 'aborted');
    const leaving = [new AbortController(), new AbortController()];

    const [patient, impatient] = [Array.from({ length: 20 }, () => ask(7)), leaving.map(({ signal }) => ask(8, signal))];
    await eventually(() => asked() === 2);
    for (const player of leaving) player.abort();
    await eventually(() => ended === 1);
    held[rig.calls.filter((c) => c.role === 'origin').findIndex((c) => c.path.endsWith('_HLS_msn=7'))]?.writeHead(200, { 'cache-control': 'public, max-age=9' }).end('seven');

    expect(await Promise.all(impatient)).toEqual(['aborted', 'aborted']);
    expect(new Set(await Promise.all(patient))).toEqual(new Set(['seven']));
    expect(await ask(7)).toBe('seven');
    expect(asked()).toBe(2);
    if (before) rig.answers.set('GET /hls/:room/*', before);
  });

  it('comes without express, also on connections that began with something else; refusals are put in words by it', async () => {
    await createRoom(rig, 'h6');
    await publish('h6', 'anna');
    const token = await rig.token({ room: 'h6', role: 'viewer' });
    const media = `/hls/h6/t/${token}/high/1.m4s`;
    const { ask, close } = oneConnection();
    try {
      const first = await ask('GET', media);
      const again = await ask('GET', media);
      expect([first, again].map((answer) => [answer.status, answer.text, byExpress(answer)])).toEqual(Array.from({ length: 2 }, () => [200, 'media', false]));
      expect(again.headers).toMatchObject({ 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff', 'cache-control': 'public, max-age=9' });
      expect(again.port).toBe(first.port);

      const other = await ask('GET', '/api/rooms/h6');
      expect([other.status, byExpress(other), other.port]).toEqual([401, true, first.port]);
      const behind = await ask('GET', media);
      expect([behind.status, byExpress(behind), behind.headers.connection, behind.port]).toEqual([200, true, 'close', first.port]);
      const next = await ask('HEAD', media);
      expect([next.status, next.text, byExpress(next)]).toEqual([200, '', false]);
      expect(next.port).not.toBe(first.port);

      const refused = await ask('GET', '/hls/h6/t/no-token/high/1.m4s');
      expect([refused.status, byExpress(refused), refused.headers['www-authenticate'], refused.headers.connection]).toEqual([401, true, 'Bearer realm="tessera"', 'keep-alive']);
      expect((await ask('GET', `/hls/elsewhere/t/${token}/high/1.m4s`)).status).toBe(403);
    } finally {
      close();
    }
  });

  it('tells those who wait for a broadcast to come again, without express', async () => {
    await createRoom(rig, 'h7', { access: 'open' });
    const { ask, close } = oneConnection();
    try {
      const early = await ask('GET', '/hls/h7/index.m3u8');
      expect([early.status, early.headers['retry-after'], byExpress(early)]).toEqual([404, '2', false]);
      expect(JSON.parse(early.text)).toMatchObject({ code: 'notFound', detail: 'The room has no broadcast yet.' });
      await publish('h7', 'anna');
      await eventually(async () => (await ask('GET', '/hls/h7/index.m3u8')).status === 200);
    } finally {
      close();
    }
  });

  it('says 503 with Retry-After while the origin is away', async () => {
    const other = await startControlRig({}, ['ingest', 'mixer', 'edge']);
    try {
      await createRoom(other, 'h4', { access: 'open' });
      await other.state.rooms.update('h4' as RoomId, (r) => ({ ...r, node: 'machine1-ingest' as never }));

      const response = await other.request('GET', '/hls/h4/index.m3u8');

      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(await response.json()).toMatchObject({ code: 'unavailable' });
    } finally {
      await other.close();
    }
  });
});
