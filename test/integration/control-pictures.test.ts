/** Pictures for overlays, overlays that name them, layouts and captions: the API end to end, hostile input included. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RoomId } from '../../src/domain/ids.ts';
import { ROOM_IMAGE_LIMITS, roomImageKey, roomImagePrefix } from '../../src/domain/room-image.ts';
import type { RoomImageView } from '../../src/control/api/views.ts';
import { createRoom, eventually, startControlRig, type ControlRig, type RequestOptions } from '../support/control-rig.ts';
import { picture, pngFile } from '../support/images.ts';

const PNG = 'image/png';
let rig: ControlRig;
let operator: string;

beforeAll(async () => {
  rig = await startControlRig({}, []);
  operator = await rig.token({ room: '*', role: 'operator' });
});
afterAll(() => rig.close());

const put = (room: string, name: string, bytes: Buffer, type = PNG): Promise<Response> => rig.request('PUT', `/api/rooms/${room}/images/${name}`, { token: operator, bytes, type });
const overlays = (room: string, json: unknown): Promise<Response> => rig.request('PUT', `/api/rooms/${room}/overlays`, { token: operator, json });
const code = async (response: Response): Promise<[number, string]> => [response.status, ((await response.json()) as { code: string }).code];

describe('pictures', () => {
  it('are uploaded, listed, fetched, shown, replaced and deleted', async () => {
    await createRoom(rig, 'p1');
    const [png, webp] = [await picture('png', 320, 180), await picture('webp', 100, 50)];

    const added = await put('p1', 'logo', png);
    const image = (await added.json()) as RoomImageView;
    const listed = await rig.request('GET', '/api/rooms/p1/images', { token: operator });
    const fetched = await rig.request('GET', `/api/rooms/p1/images/logo?token=${operator}`);
    const same = await rig.request('GET', '/api/rooms/p1/images/logo', { token: operator, headers: { 'if-none-match': fetched.headers.get('etag') ?? '' } });
    const head = await rig.request('HEAD', '/api/rooms/p1/images/logo', { token: operator });
    const shown = await overlays('p1', { watermark: { image: 'logo', corner: 'topLeft' }, background: { image: 'logo' } });

    expect([added.status, added.headers.get('location')]).toEqual([201, '/api/rooms/p1/images/logo']);
    expect(image).toEqual({ name: 'logo', contentType: PNG, width: 320, height: 180, bytes: png.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, url: '/api/rooms/p1/images/logo' });
    expect(await listed.json()).toEqual([image]);
    expect(Buffer.from(await fetched.arrayBuffer()).equals(png)).toBe(true);
    expect(fetched.headers.get('content-type')).toBe(PNG);
    expect(fetched.headers.get('x-content-type-options')).toBe('nosniff');
    expect([same.status, head.status, head.headers.get('content-length')]).toEqual([304, 200, String(png.length)]);
    expect(await shown.json()).toEqual({ labels: true, watermark: { image: 'logo', corner: 'topLeft', opacity: 0.8, scale: 0.12 }, background: { image: 'logo' } });

    const replaced = await put('p1', 'logo', webp, 'image/webp');
    const inUse = await rig.request('DELETE', '/api/rooms/p1/images/logo', { token: operator });
    await overlays('p1', { watermark: null, background: '#101418' });
    const deleted = await rig.request('DELETE', '/api/rooms/p1/images/logo', { token: operator });
    const again = await rig.request('DELETE', '/api/rooms/p1/images/logo', { token: operator });
    const gone = await rig.request('GET', '/api/rooms/p1/images/logo', { token: operator });

    expect([replaced.status, await replaced.json()]).toMatchObject([200, { contentType: 'image/webp', width: 100, height: 50 }]);
    expect(await inUse.json()).toMatchObject({ status: 409, detail: 'Overlays show this picture: watermark, background. Clear them first.' });
    expect([deleted.status, again.status, gone.status]).toEqual([204, 404, 404]);
    expect(await rig.files.list('rooms/')).toEqual([]);
  });

  it('are as many as a room may have, also when they come at once; and go with the room', async () => {
    await createRoom(rig, 'p2');
    const [png, jpeg] = [await picture('png'), await picture('jpeg')];

    const statuses: number[] = [];
    for (let at = 0; at < 18; at += 9) {
      const nine = await Promise.all(Array.from({ length: 9 }, (_v, i) => put('p2', `image-${at + i}`, png)));
      statuses.push(...nine.map((r) => r.status));
    }
    const replaced = await Promise.all([put('p2', 'image-0', jpeg, 'image/jpeg'), put('p2', 'image-0', png), put('p2', 'image-0', jpeg, 'image/jpeg')]);
    const document = await rig.state.rooms.get('p2' as RoomId);
    const stored = await rig.files.list(roomImagePrefix('p2' as RoomId));

    expect(statuses.sort()).toEqual([...Array<number>(16).fill(201), 409, 409]);
    expect(replaced.map((r) => r.status)).toEqual([200, 200, 200]);
    expect(stored.map((o) => o.key)).toEqual(document?.images?.map((i) => roomImageKey('p2' as RoomId, i)));
    for (const image of document?.images ?? []) expect((await rig.files.head(roomImageKey('p2' as RoomId, image)))?.sha256).toBe(image.sha256);

    await rig.request('DELETE', '/api/rooms/p2', { token: operator });
    await eventually(async () => (await rig.state.rooms.get('p2' as RoomId)) === undefined);
    expect(await rig.files.list('rooms/')).toEqual([]);
    expect(await code(await put('p2', 'late', png))).toEqual([404, 'roomNotFound']);
  });

  it('are the business of hosts', async () => {
    await createRoom(rig, 'p3');
    await put('p3', 'logo', await picture('png'));
    const attempts = await Promise.all(
      [await rig.token({ room: 'p3', role: 'presenter' }), await rig.token({ room: 'p3', role: 'viewer' }), await rig.token({ room: 'other', role: 'host' }), undefined].flatMap((token) =>
        ([['GET', 'images'], ['GET', 'images/logo'], ['DELETE', 'images/logo'], ['PUT', 'images/x'], ['POST', 'captions']] as const).map(([method, path]) => rig.request(method, `/api/rooms/p3/${path}`, { token })),
      ),
    );

    expect(attempts.map((r) => r.status)).toEqual([...Array<number>(15).fill(403), ...Array<number>(5).fill(401)]);
    const options = await rig.request('OPTIONS', '/api/rooms/p3/images/logo');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'PUT, GET, DELETE, HEAD, OPTIONS']);
  });

  it('that cannot be used are refused, and leave nothing behind', async () => {
    await createRoom(rig, 'p4');
    const good = await picture('png');
    const attempts: [what: string, name: string, options: RequestOptions, status: number, code: string][] = [
      ['a broken PNG', 'x', { bytes: good.subarray(0, good.length - 20), type: PNG }, 422, 'unusableImage'],
      ['a header that claims 60000×60000', 'x', { bytes: pngFile({ width: 60_000, height: 60_000, rowBytes: 100 }), type: PNG }, 422, 'unusableImage'],
      ['SVG as PNG', 'x', { text: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', type: PNG }, 422, 'unusableImage'],
      ['HTML as JPEG', 'x', { text: '<!doctype html><script>alert(1)</script>', type: 'image/jpeg' }, 422, 'unusableImage'],
      ['SVG as SVG', 'x', { text: '<svg/>', type: 'image/svg+xml' }, 415, 'unsupportedMediaType'],
      ['no type', 'x', { bytes: good }, 415, 'unsupportedMediaType'],
      ['compressed in transit', 'x', { bytes: good, type: PNG, headers: { 'content-encoding': 'gzip' } }, 415, 'unsupportedMediaType'],
      ['nothing', 'x', { bytes: Buffer.alloc(0), type: PNG }, 422, 'unusableImage'],
      ['3 MiB', 'x', { bytes: Buffer.alloc(3 * 1024 ** 2), type: PNG }, 413, 'bodyTooLarge'],
      ['one byte too many', 'x', { bytes: Buffer.alloc(ROOM_IMAGE_LIMITS.bytes + 1), type: PNG }, 413, 'bodyTooLarge'],
      ['a path for a name', '..%2f..%2fetc%2fpasswd', { bytes: good, type: PNG }, 400, 'badRequest'],
      ['a name with a dot', 'logo.png', { bytes: good, type: PNG }, 400, 'badRequest'],
      ['a name of another script', encodeURIComponent('логотип'), { bytes: good, type: PNG }, 400, 'badRequest'],
      ['too long a name', 'x'.repeat(65), { bytes: good, type: PNG }, 400, 'badRequest'],
    ];

    for (const [what, name, options, status, expected] of attempts)
      expect(await code(await rig.request('PUT', `/api/rooms/p4/images/${name}`, { token: operator, ...options })), what).toEqual([status, expected]);

    expect((await rig.request('GET', '/api/rooms/p4/images/..%2f..%2fetc%2fpasswd', { token: operator })).status).toBe(404);
    expect((await rig.state.rooms.get('p4' as RoomId))?.images).toBeUndefined();
    expect(await rig.files.list('rooms/p4/')).toEqual([]);
    const endless = await rig.request('POST', '/api/rooms/p4/captions', { token: operator, json: { text: 'x'.repeat(ROOM_IMAGE_LIMITS.bytes) } });
    expect(endless.status).toBe(413); // the limit is lifted for pictures alone
  });

  it('3 MiB in pieces of no stated length are cut off too', async () => {
    await createRoom(rig, 'p5');
    const { port } = new URL(rig.base);
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', reject);
      socket.once('data', (answer: Buffer) => (resolve(answer.toString('latin1', 9, 12)), socket.destroy()));
      socket.write(`PUT /api/rooms/p5/images/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${operator}\r\ncontent-type: ${PNG}\r\ntransfer-encoding: chunked\r\n\r\n`);
      const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
      for (let i = 0; i < 48; i++) socket.write(piece);
      socket.write('0\r\n\r\n');
    });

    expect(status).toBe('413');
  });
});

describe('overlays', () => {
  it('name only pictures that are there, and say which are not', async () => {
    await createRoom(rig, 'o1');
    await put('o1', 'logo', await picture('png'));
    await overlays('o1', { banner: { text: 'stays' } });

    const refused = await overlays('o1', { banner: null, watermark: { image: 'logo' }, slate: { text: 'Soon', image: 'poster' }, background: { image: 'stage' } });

    expect(await refused.json()).toMatchObject({
      status: 400,
      code: 'validationFailed',
      problems: [
        { pointer: '/slate/image', detail: 'no picture poster was uploaded to this room' },
        { pointer: '/background/image', detail: 'no picture stage was uploaded to this room' },
      ],
    });
    expect((await rig.state.rooms.get('o1' as RoomId))?.overlays).toEqual({ labels: true, banner: { text: 'stays' } });
  });

  it('and layouts with unknown keys are refused by name', async () => {
    await createRoom(rig, 'o2');
    const layout = await rig.request('PUT', '/api/rooms/o2/layout', { token: operator, json: { preset: 'grid', 'a/b~': 1, transition: 2 } });
    const shown = await overlays('o2', { watermark: { text: 'x', size: 3 } });
    const created = await rig.request('POST', '/api/rooms', { token: operator, json: { id: 'o3', layout: { preset: 'speaker', gap: 0.5 } } });

    expect(await layout.json()).toMatchObject({ problems: [{ pointer: '/a~1b~0', detail: 'is not known here' }, { pointer: '/transition' }] });
    expect(await shown.json()).toMatchObject({ problems: [{ pointer: '/watermark/size', detail: 'is not known here' }] });
    expect([created.status, await created.json()]).toMatchObject([400, { problems: [{ pointer: '/layout/gap' }] }]);
  });
});

describe('captions', () => {
  it('make sense or are refused', async () => {
    await createRoom(rig, 'c1');
    const say = (json: unknown): Promise<Response> => rig.request('POST', '/api/rooms/c1/captions', { token: operator, json });

    const taken = await Promise.all([say({ text: 'עברית 日本語 👩🏽‍🚀 é' }), say({ text: 'x', speaker: 'Ana', durationMs: 500 })]);
    const refused = await Promise.all([{}, { text: ' ' }, { text: 'a\u0000b' }, { text: 'x'.repeat(301) }, { text: 'x', durationMs: 100 }, { text: 'x', durationMs: 20_000 }, { text: 'x', colour: 'red' }, { text: '\ud800' }].map(say));

    expect(taken.map((r) => r.status)).toEqual([204, 204]);
    expect(refused.map((r) => r.status)).toEqual(Array(8).fill(400));
    await rig.state.rooms.update('c1' as RoomId, (room) => ({ ...room, endedAt: new Date().toISOString() }));
    expect([409, 404]).toContain((await say({ text: 'too late' })).status);
  });

  it('ten thousand at once: a few are taken, the others are told when to come again, and the service stays', async () => {
    await createRoom(rig, 'c2');
    const body = JSON.stringify({ text: 'flood' });
    const request = `POST /api/rooms/c2/captions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${operator}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const connections = 20;
    const each = 500;
    const ahead = 25; // more ahead of their answers end a connection
    const begun = performance.now();
    const answers = { taken: 0, refused: 0, withRetryAfter: 0 };
    const flood = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(new URL(rig.base).port), '127.0.0.1', () => socket.write(request.repeat(ahead)));
        let rest = '';
        let sent = ahead;
        let answered = 0;
        socket.on('error', reject);
        socket.on('data', (data: Buffer) => {
          const text = rest + data.toString('latin1');
          // An answer's head comes whole or is looked at again.
          const end = text.lastIndexOf('\r\n\r\n') + 4;
          const heads = text.slice(0, end).split('HTTP/1.1 ').slice(1);
          for (const head of heads) {
            if (head.startsWith('204')) answers.taken += 1;
            if (head.startsWith('429')) answers.refused += 1;
            if (/retry-after: \d/i.test(head)) answers.withRetryAfter += 1;
          }
          answered += heads.length;
          rest = text.slice(end);
          const more = Math.min(heads.length, each - sent);
          sent += more;
          if (more > 0) socket.write(request.repeat(more));
          if (answered >= each) {
            socket.destroy();
            resolve();
          }
        });
      });
    await Promise.all(Array.from({ length: connections }, flood));
    const seconds = (performance.now() - begun) / 1000;

    expect(answers.taken).toBeLessThanOrEqual(20 + 10 * seconds + 1);
    expect(answers.taken).toBeGreaterThanOrEqual(20);
    expect(answers.taken + answers.refused).toBe(connections * each);
    expect(answers.withRetryAfter).toBe(answers.refused);
    expect((await rig.request('GET', '/healthz')).status).toBe(200);
  });
});
