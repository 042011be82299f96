/** Socket.IO: who may listen, what is told, and chat over two control processes. */
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DegradedState } from '../../src/domain/degrade-ladder.ts';
import type { ParticipantId, RoomId } from '../../src/domain/ids.ts';
import type { UplinkWish } from '../../src/domain/uplink.ts';
import type { Acknowledgement, ChatMessage, ClientToServerEvents, RoomSnapshot, ServerToClientEvents } from '../../src/control/signalling/events.ts';
import { CHAT_HISTORY } from '../../src/control/signalling/chat-history.ts';
import { createRoom, eventually, OFFER_SDP, startControlRig, type ControlRig } from '../support/control-rig.ts';

type Client = Socket<ServerToClientEvents, ClientToServerEvents>;
const ROOM = 'room' as RoomId;
let rig: ControlRig;
let clients: Client[];

beforeEach(async () => {
  clients = [];
  rig = await startControlRig();
  await createRoom(rig, ROOM);
});
afterEach(async () => {
  for (const client of clients) client.disconnect();
  await rig.close();
});

interface Heard {
  client: Client;
  /** Everything told so far, oldest first. */
  events: [name: string, value: unknown][];
  of<T>(name: string): T[];
}

async function connect(auth: Record<string, unknown>, base = rig.base): Promise<Heard> {
  const client: Client = io(base, { auth, transports: ['websocket'], reconnection: false });
  clients.push(client);
  const events: [string, unknown][] = [];
  client.onAny((name: string, value: unknown) => void events.push([name, value]));
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('connect_error', (error) => reject(Object.assign(error, { cause: (error as { data?: unknown }).data })));
  });
  return { client, events, of: <T>(name: string) => events.filter(([n]) => n === name).map(([, value]) => value as T) };
}

const token = (role: 'host' | 'participant' | 'viewer', sub: string, room: string = ROOM) => rig.token({ room, role, sub, name: sub.toUpperCase() });
const ask = (heard: Heard, event: 'chat' | 'microphone', value: unknown): Promise<Acknowledgement> => heard.client.timeout(3000).emitWithAck(event, value as never);

describe('a token that runs out', () => {
  it('cuts the connection as if it had broken', async () => {
    const almostOver = await rig.token({ room: ROOM, role: 'host', sub: 'hanna' }, { expiresInSeconds: -58 }); // 60 s of clock skew are allowed
    const { client } = await connect({ token: almostOver });

    const reason = await new Promise((resolve) => client.once('disconnect', resolve));

    expect(reason).toMatch(/^transport (close|error)$/);
    await expect(connect({ token: almostOver })).rejects.toMatchObject({ cause: { code: 'tokenExpired' } });
  });
});

describe('the end of a control process', () => {
  it('looks like a broken connection, so that clients come back by themselves', async () => {
    const { client } = await connect({ token: await token('viewer', 'vic') });
    const reason = new Promise((resolve) => client.once('disconnect', resolve));

    await rig.control.close();

    expect(await reason).toMatch(/^transport (close|error)$/); // 'io server disconnect' is for good
  });
});

describe('a microphone', () => {
  it("is told to be off or on to the room's ingest, by whoever publishes and only for themselves", async () => {
    const told = (): unknown[] => rig.calls.filter((call) => call.role === 'ingest' && call.method === 'PATCH' && call.path.includes('/participants/')).map(({ path, body }) => [path, body]);
    const annas = await token('participant', 'anna');
    expect((await rig.request('POST', `/whip/${ROOM}`, { token: annas, text: OFFER_SDP, type: 'application/sdp' })).status).toBe(201);
    const anna = await connect({ token: annas });
    const viewer = await connect({ token: await token('viewer', 'vic') });

    const answers = [await ask(anna, 'microphone', { on: false }), await ask(anna, 'microphone', { on: true }), await ask(anna, 'microphone', { on: 'maybe' }), await ask(viewer, 'microphone', { on: false })];

    expect(answers.map((answer) => answer.ok || answer.code)).toEqual([true, true, 'validationFailed', 'forbidden']);
    expect(told()).toEqual([
      [`/rooms/${ROOM}/participants/anna`, { microphoneOff: true }],
      [`/rooms/${ROOM}/participants/anna`, { microphoneOff: false }],
    ]);
  });
});

describe('joining', () => {
  it('is refused with a stable code', async () => {
    const codes: unknown[] = [];
    for (const auth of [{}, { room: ROOM }, { token: 'x', room: ROOM }, { token: await token('viewer', 'a', 'other'), room: ROOM }, { token: await token('viewer', 'a', 'nowhere') }]) {
      const refused = await connect(auth).catch((error: Error) => (error.cause as { code: string }).code);
      codes.push(refused);
    }

    expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'unauthenticated', 'forbidden', 'roomNotFound']);
  });

  it('brings the room, its participants and the chat so far', async () => {
    await rig.state.participants.put(ROOM, { id: 'anna' as ParticipantId, name: 'Anna', role: 'host', joinedAt: new Date().toISOString(), publications: [], audioMuted: false, videoHidden: false, gain: 1, pinned: false });

    const heard = await connect({ token: await token('viewer', 'vic') });
    const [snapshot] = await eventually(() => heard.of<RoomSnapshot>('room').length > 0 && heard.of<RoomSnapshot>('room'));

    expect(snapshot).toMatchObject({ room: { id: ROOM, urls: { watch: `${rig.base}/watch/room` } }, participants: [{ id: 'anna' }], activeSpeaker: null, chat: [] });
  });
});

describe('what happens', () => {
  it('is told to those in the room, recordings in full and restreams to hosts only', async () => {
    await createRoom(rig, 'other');
    const host = await connect({ token: await token('host', 'hanna') });
    const viewer = await connect({ token: await token('viewer', 'vic') });
    const elsewhere = await connect({ token: await token('host', 'olga', 'other') });
    const operator = await rig.token({ room: '*', role: 'operator' });

    await rig.request('PUT', `/api/rooms/${ROOM}/layout`, { token: operator, json: { preset: 'speaker' } });
    rig.state.events.publish({ type: 'activeSpeaker', room: ROOM, participant: 'anna' as ParticipantId });
    await rig.request('POST', `/api/rooms/${ROOM}/restreams`, { token: operator, json: { url: 'rtmp://live.example.org/live/secret' } });
    rig.state.events.publish({ type: 'participantLeft', room: ROOM, participant: 'anna' as ParticipantId });

    await eventually(() => host.of('participantLeft').length > 0 && viewer.of('participantLeft').length > 0 && host.of('restream').length > 0);
    await eventually(() => viewer.of('layout').length > 0);
    expect(viewer.of('layout')).toEqual([{ preset: 'speaker' }]);
    expect(viewer.of('activeSpeaker')).toEqual([{ participant: 'anna' }]);
    expect(viewer.of('restream')).toEqual([]);
    expect(host.of('restream')).toMatchObject([{ url: 'rtmp://live.example.org/live/***', status: 'connecting' }]);
    expect(elsewhere.events.map(([name]) => name).filter((name) => name !== 'room')).toEqual([]);
  });

  it('includes levels, of which one may be dropped', async () => {
    const viewer = await connect({ token: await token('viewer', 'vic') });

    await eventually(() => {
      rig.state.events.publish({ type: 'levels', room: ROOM, levels: { ['anna' as ParticipantId]: -20 } });
      return viewer.of('stats').length > 0;
    });

    expect(viewer.of('stats')[0]).toEqual({ levels: { anna: -20 } });
  });

  it('that a host removed somebody is told to that participant only', async () => {
    const participant = { id: 'anna' as ParticipantId, name: 'Anna', role: 'participant' as const, joinedAt: new Date().toISOString(), publications: [], audioMuted: false, videoHidden: false, gain: 1, pinned: false };
    await rig.state.participants.put(ROOM, participant);
    const anna = await connect({ token: await token('participant', 'anna') });
    const ben = await connect({ token: await token('participant', 'ben') });

    const response = await rig.request('DELETE', `/api/rooms/${ROOM}/participants/anna`, { token: await token('host', 'hanna') });
    await eventually(() => anna.of('removed').length > 0);
    await ask(ben, 'chat', { text: 'after' });
    await eventually(() => ben.of('chat').length > 0);

    expect(response.status).toBe(204);
    expect(ben.of('removed')).toEqual([]);
  });

  it('includes captions, and what an overloaded mix does without', async () => {
    const viewer = await connect({ token: await token('viewer', 'vic') });
    const host = await token('host', 'hanna');

    const pushed = await rig.request('POST', `/api/rooms/${ROOM}/captions`, { token: host, json: { text: ' ‏שלום 👋 ', speaker: 'Ánna' } });
    const degraded: DegradedState = { step: 'frameRate', reason: 'output 240 ms late', since: new Date().toISOString() };
    await rig.state.rooms.setMix(ROOM, { status: 'running', epoch: 3, degraded });
    rig.state.events.publish({ type: 'mixChanged', room: ROOM });
    await eventually(() => viewer.of<RoomSnapshot>('room').at(-1)?.room.mix.status === 'running');

    expect(pushed.status).toBe(204);
    expect(viewer.of('caption')).toEqual([{ text: '‏שלום 👋', speaker: 'Ánna', durationMs: 2000 }]);
    expect(viewer.of<RoomSnapshot>('room').at(-1)?.room.mix).toEqual({ status: 'running', epoch: 3, degraded });
    expect(await (await rig.request('GET', `/api/rooms/${ROOM}`, { token: host })).json()).toMatchObject({ mix: { degraded } });
    await rig.state.rooms.setMix(ROOM, { status: 'running', epoch: 3 });
    expect(await (await rig.request('GET', `/api/rooms/${ROOM}`, { token: host })).json()).toMatchObject({ mix: { degraded: null } });
  });

  it('includes what to publish, told to that publisher alone: on connecting and when it changes', async () => {
    const wish = (width: number): UplinkWish => ({ source: 'camera', width, height: (width * 9) / 16, frameRate: 30, maxBitrateBps: 500_000, shown: true });
    const change = async (wishes: Record<string, UplinkWish[]>): Promise<void> => {
      await rig.state.rooms.setUplink(ROOM, wishes as Record<ParticipantId, UplinkWish[]>); // as the mixer's worker does
      rig.state.events.publish({ type: 'uplinkChanged', room: ROOM, wishes: wishes as Record<ParticipantId, UplinkWish[]> });
    };
    await createRoom(rig, 'other');
    await change({ anna: [wish(320)] });
    const anna = await connect({ token: await token('participant', 'anna') });
    const watching = await connect({ token: await token('viewer', 'anna') });
    const elsewhere = await connect({ token: await token('participant', 'anna', 'other') });
    const ben = await connect({ token: await token('participant', 'ben') });
    const [told] = await eventually(() => anna.of('uplink').length > 0 && anna.of('uplink'));
    const annasTablet = await connect({ token: await token('host', 'anna') }, await rig.startSecondControl());

    await eventually(() => annasTablet.of('uplink').length > 0);
    await change({ anna: [wish(1280), { ...wish(640), source: 'screen' }], ben: [wish(640)] });
    await eventually(() => [anna, annasTablet, ben].every((heard) => heard.of<UplinkWish[]>('uplink').at(-1)?.[0]?.width !== 320 && heard.of('uplink').length > 0));

    expect(told).toEqual([wish(320)]);
    expect(anna.of('uplink').slice(1)).toEqual([[wish(1280), { ...wish(640), source: 'screen' }]]);
    expect(annasTablet.of('uplink').at(-1)).toEqual(anna.of('uplink').at(-1));
    expect(ben.of('uplink')).toEqual([[wish(640)]]);
    expect([...watching.of('uplink'), ...elsewhere.of('uplink')]).toEqual([]);
  });

  it('ends with the room', async () => {
    const heard = await connect({ token: await token('viewer', 'vic') });

    await rig.request('DELETE', `/api/rooms/${ROOM}`, { token: await rig.token({ room: '*', role: 'operator' }) });

    await eventually(() => heard.client.disconnected);
    expect(heard.of('roomEnded')).toHaveLength(1);
  });
});

describe('chat, reactions and hands', () => {
  it('reach everybody, are acknowledged, and stay in the history', async () => {
    const anna = await connect({ token: await token('participant', 'anna') });
    const vic = await connect({ token: await token('viewer', 'vic') });

    const said = await ask(anna, 'chat', { text: '  hello <b>  ' });
    const reacted = await anna.client.timeout(3000).emitWithAck('reaction', { emoji: '👏' });
    const raised = await vic.client.timeout(3000).emitWithAck('raiseHand', { raised: true });

    expect([said, reacted, raised]).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    await eventually(() => vic.of('chat').length === 1 && vic.of('reaction').length === 1 && anna.of('handRaised').length === 1);
    expect(vic.of<ChatMessage>('chat')).toMatchObject([{ from: 'anna', name: 'ANNA', text: 'hello <b>' }]);
    expect(anna.of('handRaised')).toMatchObject([{ participant: 'vic', raised: true }]);
    const late = await connect({ token: await token('viewer', 'late') });
    const [snapshot] = await eventually(() => late.of<RoomSnapshot>('room').length > 0 && late.of<RoomSnapshot>('room'));
    expect(snapshot?.chat).toMatchObject([{ text: 'hello <b>' }]);
  });

  it('reach those at another control process too, once', async () => {
    const second = await rig.startSecondControl();
    const anna = await connect({ token: await token('participant', 'anna') });
    const vic = await connect({ token: await token('viewer', 'vic') }, second);

    await ask(anna, 'chat', { text: 'one' });
    await ask(vic, 'chat', { text: 'two' });

    await eventually(() => vic.of('chat').length === 2 && anna.of('chat').length === 2);
    await rig.request('PUT', `/api/rooms/${ROOM}/layout`, { token: await token('host', 'hanna'), json: { preset: 'pip' } });
    await eventually(() => vic.of('layout').length > 0 && anna.of('layout').length > 0);
    expect([vic, anna].map((heard) => heard.of<ChatMessage>('chat').map((m) => m.text))).toEqual([['one', 'two'], ['one', 'two']]);
    expect([vic.of('layout'), anna.of('layout')]).toEqual([[{ preset: 'pip' }], [{ preset: 'pip' }]]);
  });

  it('are refused when they make no sense or come too fast', async () => {
    const anna = await connect({ token: await token('participant', 'anna') });

    const empty = await ask(anna, 'chat', { text: ' ' });
    const wrong = await ask(anna, 'chat', 'text');
    const many = await Promise.all(Array.from({ length: 12 }, (_v, i) => ask(anna, 'chat', { text: `m${i}` })));

    expect([empty, wrong]).toMatchObject([{ ok: false, code: 'validationFailed' }, { ok: false, code: 'validationFailed' }]);
    expect(many.filter((m) => m.ok).length).toBeGreaterThanOrEqual(8);
    expect(many.at(-1)).toMatchObject({ ok: false, code: 'rateLimited' });
  });

  it('are kept in a bounded history', async () => {
    const { ChatHistory } = await import('../../src/control/signalling/chat-history.ts');
    const history = new ChatHistory(rig.state.redis);

    for (let i = 0; i < CHAT_HISTORY + 5; i++) await history.add(ROOM, { id: String(i), from: 'a', name: 'A', text: 't', at: '' });

    const kept = await history.list(ROOM);
    expect(kept).toHaveLength(CHAT_HISTORY);
    expect(kept[0]?.id).toBe('5');
  });

  it('let anonymous viewers of an open room listen only', async () => {
    await createRoom(rig, 'open', { access: 'open' });
    const heard = await connect({ room: 'open' });

    expect(await ask(heard, 'chat', { text: 'hi' })).toMatchObject({ ok: false, code: 'forbidden' });
  });
});
