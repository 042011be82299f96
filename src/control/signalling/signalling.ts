/**
 * Socket.IO: what happens in a room, told to everybody in it, and chat, reactions and raised hands from them.
 * Between control processes events travel through the one Redis channel of state/events.ts, and each process tells its own
 * sockets; so no adapter is needed.
 */
import { randomUUID } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { isName, type ParticipantId, type RoomId } from '../../domain/ids.ts';
import type { UplinkWish } from '../../domain/uplink.ts';
import { NODE_PATHS } from '../../node-api/contract.ts';
import type { ServiceEvent } from '../../state/events.ts';
import { publicRecordingView, readRoomView, recordingView } from '../api/room-view.ts';
import { toAppError } from '../api/problem.ts';
import { allowedInLocalMode } from '../auth/loopback.ts';
import { coversRoom, type Claims } from '../auth/claims.ts';
import { RateLimit } from '../auth/rate-limit.ts';
import { ruleOf } from '../auth/permissions.ts';
import { CLOCK_SKEW_SECONDS } from '../auth/tokens.ts';
import type { Services } from '../services.ts';
import { ChatHistory } from './chat-history.ts';
import type { Acknowledgement, ChatMessage, ClientToServerEvents, HandRaised, Reaction, RoomSnapshot, ServerToClientEvents } from './events.ts';

interface SocketData {
  room: RoomId;
  identity: string;
  name: string;
  host: boolean;
  /** Its token lets it publish, under an identity that it did not get from us. */
  publisher: boolean;
  /** It was told since it came what to send; the store's word may be older. */
  uplinkTold?: boolean;
  /** Anonymous viewers of an open room only listen. */
  mayTalk: boolean;
  /** End of its token; absent without one. */
  expiresAtUnixMs?: number;
  baseUrl: string;
}
type RoomSocket = Socket<ClientToServerEvents, ServerToClientEvents, Record<string, never>, SocketData>;

const MAX_MESSAGE_BYTES = 16 * 1024;
const MESSAGES_PER_SECOND = 2;
const MESSAGE_BURST = 10;
/** Kept for a client that does not read but answers pings; others end by their pings within 45 s. Captions are 10 a second at most. */
const MAX_UNREAD_MESSAGES = 1000;
/** A longer one would fire at once (32 bits). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const chatText = z.object({ text: z.string().trim().min(1).max(2000) });
const reactionChoice = z.object({ emoji: z.string().min(1).max(16).regex(/^[^\u0000-\u001f<>&]*$/, 'no control characters') });
const handState = z.object({ raised: z.boolean() });
const microphoneState = z.object({ on: z.boolean() });

export class Signalling {
  readonly #io: Server<ClientToServerEvents, ServerToClientEvents, Record<string, never>, SocketData>;
  readonly #chat: ChatHistory;
  readonly #rate = new RateLimit({ perSecond: MESSAGES_PER_SECOND, burst: MESSAGE_BURST });
  readonly #speakers = new Map<RoomId, string>();

  constructor(
    server: HttpServer,
    private readonly services: Services,
  ) {
    const { config, state } = services;
    this.#chat = new ChatHistory(state.redis);
    this.#io = new Server(server, {
      path: '/socket.io',
      serveClient: false,
      connectTimeout: 10_000, // for the token, once the connection stands
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      cors: config.localMode ? undefined : { origin: '*' },
      allowRequest: (req, decide) => decide(null, !config.localMode || allowedInLocalMode(req.headers)),
    });
    this.#io.use((socket, next) => {
      this.#admit(socket).then(
        () => next(),
        (thrown: unknown) => {
          const error = toAppError(thrown);
          if (error.fault === 'service') services.log.error({ err: error.cause ?? error }, 'a socket could not be admitted');
          next(Object.assign(new Error(error.title), { data: { code: error.code, title: error.title, detail: error.detail } }));
        },
      );
    });
    this.#io.on('connection', (socket) => this.#serve(socket));
  }

  /** From the Redis channel: told to this process's own sockets. */
  onEvent(event: ServiceEvent): void {
    if (event.type === 'activeSpeaker' && event.participant !== undefined) this.#speakers.set(event.room, event.participant);
    else if (event.type === 'activeSpeaker' || event.type === 'roomDeleted') this.#speakers.delete(event.room);
    if ((this.#io.sockets.adapter.rooms.get(event.room)?.size ?? 0) === 0) return;
    this.#tell(event).catch((error: unknown) => this.services.log.warn({ err: error, room: event.room, event: event.type }, 'event could not be told'));
  }

  /** The channel stands again: what was said on it meanwhile is read from the store. */
  onResumed(): void {
    for (const socket of this.#io.sockets.sockets.values()) this.#tellUplink(socket).catch(() => undefined); // Redis went away again
  }

  get connections(): number {
    return this.#io.engine.clientsCount;
  }

  /** Cuts the connections without a word: a client that is told to go does not come back by itself. */
  async close(): Promise<void> {
    await this.#io.close();
  }

  /** Token and room, as for `readRoom` in the permission table. */
  async #admit(socket: RoomSocket): Promise<void> {
    const { tokens, state, config } = this.services;
    const auth = socket.handshake.auth as { token?: unknown; room?: unknown };
    const claims: Claims | undefined = typeof auth.token === 'string' && auth.token !== '' ? await tokens.verify(auth.token) : undefined;
    const id = auth.room ?? (claims && claims.room !== '*' ? claims.room : undefined);
    if (!isName(id)) throw new AppError(claims ? 'badRequest' : 'unauthenticated', { detail: 'auth needs a token and the id of a room.' });
    if (claims && !coversRoom(claims, id)) throw new AppError('forbidden', { detail: 'The token is for another room.' });
    const room = await state.rooms.get(id as RoomId);
    if (!claims && room?.access !== 'open') throw new AppError('unauthenticated');
    if (!room) throw new AppError('roomNotFound');
    const { host } = socket.handshake.headers;
    const identity = claims?.sub ?? `guest-${randomUUID().slice(0, 8)}`;
    socket.data = {
      room: room.id,
      identity,
      name: claims?.name ?? identity,
      host: claims?.role === 'host' || claims?.role === 'operator',
      publisher: claims?.sub !== undefined && ruleOf('publish').roles.includes(claims.role),
      mayTalk: claims !== undefined,
      expiresAtUnixMs: claims?.expiresAtUnixMs,
      baseUrl: config.publicUrl?.replace(/\/$/, '') ?? `${socket.handshake.secure ? 'https' : 'http'}://${host ?? 'localhost'}`,
    };
  }

  #serve(socket: RoomSocket): void {
    const { room, identity, host, publisher } = socket.data;
    endWhenDeaf(socket);
    if (socket.data.expiresAtUnixMs !== undefined) this.#endWithToken(socket, socket.data.expiresAtUnixMs);
    void socket.join([room, participantOf(room, identity), ...(host ? [hostsOf(room)] : []), ...(publisher ? [publisherOf(room, identity)] : [])]);
    this.#greet(socket).catch((error: unknown) => this.services.log.warn({ err: error, room }, 'snapshot could not be sent'));
    this.#tellUplink(socket).catch((error: unknown) => this.services.log.warn({ err: error, room }, 'what to publish could not be told'));

    this.#take(socket, 'chat', chatText, async ({ text }) => {
      const message: ChatMessage = { id: randomUUID(), from: identity, name: socket.data.name, text, at: new Date().toISOString() };
      await this.#chat.add(room, message);
      this.#signal(room, 'chat', message);
    });
    this.#take(socket, 'reaction', reactionChoice, ({ emoji }) => {
      const reaction: Reaction = { from: identity, name: socket.data.name, emoji, at: new Date().toISOString() };
      this.#signal(room, 'reaction', reaction);
    });
    this.#take(socket, 'raiseHand', handState, ({ raised }) => {
      const hand: HandRaised = { participant: identity, name: socket.data.name, raised, at: new Date().toISOString() };
      this.#signal(room, 'handRaised', hand);
    });
    this.#take(socket, 'microphone', microphoneState, async ({ on }) => {
      if (!publisher) throw new AppError('forbidden', { detail: 'Only who publishes has a microphone.' });
      const { state, placement, nodeClient } = this.services;
      const document = await state.rooms.get(room);
      const owner = document && (await placement.owner(document));
      if (!owner) throw new AppError('unavailable', { retryAfterSeconds: 2 });
      await nodeClient.call(owner.url, 'PATCH', NODE_PATHS.participant(room, identity as ParticipantId), { microphoneOff: !on });
    });
  }

  /** Cut like a broken connection: the page comes back by itself when it has a newer token. */
  #endWithToken(socket: RoomSocket, expiresAtUnixMs: number): void {
    const leftMs = expiresAtUnixMs + CLOCK_SKEW_SECONDS * 1000 - Date.now();
    const timer = setTimeout(() => socket.conn.close(), Math.min(Math.max(leftMs, 0), LONGEST_TIMER_MS));
    socket.once('disconnect', () => clearTimeout(timer));
  }

  /** One kind of message: rate, shape, effect, and an acknowledgement in every case. */
  #take<T>(socket: RoomSocket, event: keyof ClientToServerEvents, schema: z.ZodType<T>, run: (value: T) => Promise<void> | void): void {
    socket.on(event, (given: unknown, acknowledge: unknown) => {
      const reply = (result: Acknowledgement): void => {
        if (typeof acknowledge === 'function') (acknowledge as (result: Acknowledgement) => void)(result);
      };
      const take = async (): Promise<void> => {
        if (!socket.data.mayTalk) throw new AppError('forbidden', { detail: 'A token is needed to say something.' });
        if (this.#rate.take(`${socket.data.room}/${socket.data.identity}`) > 0) throw new AppError('rateLimited');
        const parsed = schema.safeParse(given);
        if (!parsed.success) throw new AppError('validationFailed', { detail: parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ') });
        await run(parsed.data);
      };
      take().then(
        () => reply({ ok: true }),
        (thrown: unknown) => {
          const error = toAppError(thrown);
          if (error.fault === 'service') this.services.log.error({ err: error.cause ?? error }, 'a message could not be taken');
          reply({ ok: false, code: error.code, title: error.title, ...(error.detail === undefined ? {} : { detail: error.detail }) });
        },
      );
    });
  }

  #signal(room: RoomId, name: 'chat' | 'reaction' | 'handRaised', data: unknown): void {
    this.services.state.events.publish({ type: 'signal', room, name, data });
  }

  /** @returns undefined when the room is gone */
  async #snapshot(id: RoomId, baseUrl: string): Promise<RoomSnapshot | undefined> {
    const { state } = this.services;
    const room = await state.rooms.get(id);
    if (!room) return undefined;
    const [view, participants] = await Promise.all([readRoomView(state, room, baseUrl), state.participants.list(id)]);
    return { room: view, participants, activeSpeaker: this.#speakers.get(id) ?? null };
  }

  #socketsIn(group: string): RoomSocket[] {
    return [...(this.#io.sockets.adapter.rooms.get(group) ?? [])].flatMap((id) => this.#io.sockets.sockets.get(id) ?? []);
  }

  async #greet(socket: RoomSocket): Promise<void> {
    const { room, baseUrl } = socket.data;
    const [snapshot, chat] = await Promise.all([this.#snapshot(room, baseUrl), this.#chat.list(room)]);
    if (snapshot) socket.emit('room', { ...snapshot, chat });
  }

  /** From the store: what was said before this socket came, or while the channel was away. */
  async #tellUplink(socket: RoomSocket): Promise<void> {
    const { room, identity, publisher } = socket.data;
    if (!publisher) return;
    socket.data.uplinkTold = false;
    const wishes = await this.services.state.rooms.uplink(room, identity as ParticipantId);
    if (wishes && !socket.data.uplinkTold) socket.emit('uplink', wishes);
  }

  async #tell(event: ServiceEvent): Promise<void> {
    const { state } = this.services;
    const all = this.#io.local.to(event.room);
    switch (event.type) {
      case 'roomChanged':
      case 'mixChanged': {
        const sockets = this.#socketsIn(event.room);
        const room = event.type === 'roomChanged' ? await state.rooms.get(event.room) : undefined;
        if (room) all.emit('layout', room.layout);
        // Read once for all who came by the same address: a thousand viewers must not make thousands of reads.
        for (const baseUrl of new Set(sockets.map((socket) => socket.data.baseUrl))) {
          const snapshot = await this.#snapshot(event.room, baseUrl);
          if (snapshot) for (const socket of sockets) if (socket.data.baseUrl === baseUrl) socket.emit('room', snapshot);
        }
        return;
      }
      case 'roomDeleted':
        all.emit('roomEnded');
        this.#io.local.in(event.room).disconnectSockets(true);
        return;
      case 'participantJoined':
      case 'participantUpdated': {
        const participant = await state.participants.get(event.room, event.participant);
        if (participant) all.emit(event.type, participant);
        return;
      }
      case 'participantLeft':
        all.emit('participantLeft', { id: event.participant });
        return;
      case 'participantRemoved':
        this.#io.local.to(participantOf(event.room, event.participant)).emit('removed');
        return;
      case 'uplinkChanged':
        for (const [participant, wishes] of Object.entries<UplinkWish[]>(event.wishes))
          for (const socket of this.#socketsIn(publisherOf(event.room, participant))) {
            socket.data.uplinkTold = true;
            socket.emit('uplink', wishes);
          }
        return;
      case 'caption':
        all.emit('caption', event.caption);
        return;
      case 'activeSpeaker':
        all.emit('activeSpeaker', { participant: event.participant ?? null });
        return;
      case 'levels':
        this.#io.local.volatile.to(event.room).emit('stats', { levels: event.levels });
        return;
      case 'recordingChanged': {
        const recording = await state.recordings.get(event.recording);
        if (!recording) return;
        this.#io.local.to(hostsOf(event.room)).emit('recording', recordingView(recording));
        all.except(hostsOf(event.room)).emit('recording', publicRecordingView(recording));
        return;
      }
      case 'restreamChanged': {
        const restream = await state.restreams.get(event.restream);
        if (restream) this.#io.local.to(hostsOf(event.room)).emit('restream', restream);
        return;
      }
      case 'signal':
        if (event.name === 'chat') all.emit('chat', event.data as ChatMessage);
        else if (event.name === 'reaction') all.emit('reaction', event.data as Reaction);
        else all.emit('handRaised', event.data as HandRaised);
        return;
      case 'mixWantedChanged':
        return;
    }
  }
}

function endWhenDeaf({ conn }: RoomSocket): void {
  let unread = 0;
  conn.on('flush', () => (unread = 0)); // all that waited is with the transport
  conn.on('packetCreate', () => {
    if (++unread === MAX_UNREAD_MESSAGES) conn.close(true);
  });
}

/** Cannot be a room's id: ids hold no slash. */
function hostsOf(room: RoomId): string {
  return `${room}/hosts`;
}

function participantOf(room: RoomId, identity: string): string {
  return `${room}/participants/${identity}`;
}

function publisherOf(room: RoomId, identity: string): string {
  return `${room}/publishers/${identity}`;
}
