import { io, type Socket } from 'socket.io-client';
import type { ChatMessage, ClientToServerEvents, ServerToClientEvents } from '../../src/control/signalling/events.ts';
import type { CaptionLine, Participant, Recording, Restream, Room, UplinkWish } from './types.ts';

export interface LiveState {
  connected: boolean;
  /** The service said that the room is over. */
  ended: boolean;
  /** A host has removed the person here. */
  removed: boolean;
  /** Why the connection was refused, in words. */
  refused?: string;
  room?: Room;
  participants: readonly Participant[];
  chat: readonly ChatMessage[];
  activeSpeaker?: string;
  /** Sound level per participant, dBFS. */
  levels: Readonly<Record<string, number>>;
  recordings: Readonly<Record<string, Recording>>;
  restreams: Readonly<Record<string, Restream>>;
  /** What the room asks the person here to send; empty until it asks. */
  uplink: readonly UplinkWish[];
  /** The newest line of live captions, with a number that counts them. */
  caption?: CaptionLine & { number: number };
}

export const NOTHING_LIVE: LiveState = { connected: false, ended: false, removed: false, participants: [], chat: [], levels: {}, recordings: {}, restreams: {}, uplink: [] };

const MAX_CHAT = 200;
/** Socket.IO tries again by itself when the connection breaks, but not when the service answered and refused. */
const TRY_AGAIN_MS = 3_000;
/** Refusals that stay as they are until the person does something. */
const FINAL_REFUSALS = new Set(['unauthenticated', 'tokenExpired', 'forbidden', 'badRequest', 'roomNotFound']);

/** The room's Socket.IO connection: keeps what it tells in one value that pages show. Reconnects by itself. */
export class LiveEvents {
  #socket: Socket<ServerToClientEvents, ClientToServerEvents>;
  #again: ReturnType<typeof setTimeout> | undefined;
  #state: LiveState = NOTHING_LIVE;

  /** `token` is asked at each connection, so that one after hours does not come with an expired token. */
  constructor(room: string, token: () => Promise<string | undefined>, private readonly listener: (state: LiveState) => void) {
    const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io({
      forceNew: true,
      auth: (done) => {
        token().then(
          (value) => done({ token: value, room }),
          () => done({ room }),
        );
      },
      reconnectionDelayMax: 8_000,
    });
    this.#socket = socket;
    socket.on('connect', () => this.#set({ connected: true, refused: undefined }));
    socket.on('disconnect', () => {
      this.#set({ connected: false });
      if (!socket.active && !this.#state.ended) this.#tryAgain();
    });
    socket.on('connect_error', (error: Error & { data?: { code?: string; title?: string; detail?: string } }) => {
      const words = error.data?.detail ?? error.data?.title;
      this.#set({ connected: false, ...(words ? { refused: words } : {}) });
      if (!socket.active && !FINAL_REFUSALS.has(error.data?.code ?? '')) this.#tryAgain();
    });
    socket.on('room', (snapshot) => {
      this.#set({ room: snapshot.room, participants: snapshot.participants, activeSpeaker: snapshot.activeSpeaker ?? undefined });
      if (snapshot.chat) this.#addChat(snapshot.chat);
    });
    socket.on('roomEnded', () => this.#set({ ended: true }));
    socket.on('removed', () => this.#set({ removed: true }));
    socket.on('participantJoined', (participant) => this.#putParticipant(participant));
    socket.on('participantUpdated', (participant) => this.#putParticipant(participant));
    socket.on('participantLeft', ({ id }) => this.#set({ participants: this.#state.participants.filter((p) => p.id !== id) }));
    socket.on('activeSpeaker', ({ participant }) => this.#set({ activeSpeaker: participant ?? undefined }));
    socket.on('layout', (layout) => this.#set(this.#state.room ? { room: { ...this.#state.room, layout } } : {}));
    socket.on('chat', (message) => this.#addChat([message]));
    socket.on('recording', (recording) => this.#set({ recordings: { ...this.#state.recordings, [recording.id]: recording } }));
    socket.on('restream', (restream) => this.#set({ restreams: { ...this.#state.restreams, [restream.id]: restream } }));
    socket.on('uplink', (wishes) => this.#set({ uplink: wishes }));
    socket.on('caption', (caption) => this.#set({ caption: { ...caption, number: (this.#state.caption?.number ?? 0) + 1 } }));
    socket.on('stats', ({ levels }) => this.#set({ levels }));
  }

  /** @throws Error with a sentence when the service refused, or did not answer within 5 s */
  async say(text: string): Promise<void> {
    const answer = await this.#socket
      .timeout(5_000)
      .emitWithAck('chat', { text })
      .catch((cause: unknown) => {
        throw new Error('The message was not sent; the chat is not connected.', { cause });
      });
    if (!answer.ok) throw new Error(answer.detail ?? answer.title);
  }

  /** @returns whether the room has taken it */
  async tellMicrophone(on: boolean): Promise<boolean> {
    const answer = await this.#socket.timeout(5_000).emitWithAck('microphone', { on }).catch(() => undefined);
    return answer?.ok === true;
  }

  close(): void {
    clearTimeout(this.#again);
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
  }

  #tryAgain(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#socket.connect(), TRY_AGAIN_MS * (0.5 + Math.random()));
  }

  #putParticipant(participant: Participant): void {
    const at = this.#state.participants.findIndex((p) => p.id === participant.id);
    this.#set({ participants: at === -1 ? [...this.#state.participants, participant] : this.#state.participants.with(at, participant) });
  }

  #addChat(messages: readonly ChatMessage[]): void {
    const known = new Set(this.#state.chat.map((m) => m.id));
    this.#set({ chat: [...this.#state.chat, ...messages.filter((m) => !known.has(m.id))].slice(-MAX_CHAT) });
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change };
    this.listener(this.#state);
  }
}
