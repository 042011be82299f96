/** The ingest host: one process per room and a warm spare, what they tell into Redis, and their ends. */
import { unlinkSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { AppError } from '../domain/errors.ts';
import type { NodeId, ParticipantId, RoomId, SessionId } from '../domain/ids.ts';
import type { Participant } from '../domain/room.ts';
import { feedSocketPath } from '../media/feed-protocol.ts';
import { sweepRings } from '../media/ring-leftovers.ts';
import type { ParticipantCommand, SessionAnswer, SessionPatch, SessionPatched, WhipOpen } from '../node-api/contract.ts';
import { folded, type Logger } from '../observability/logger.ts';
import type { EventPublisher } from '../state/events.ts';
import type { ParticipantStore } from '../state/participant-store.ts';
import type { RoomStore } from '../state/room-store.ts';
import type { SessionStore } from '../state/session-store.ts';
import type { ParticipantFacts, RoomEvent, RoomFigures } from './room-messages.ts';
import { RoomProcess } from './room-process.ts';

export interface IngestHostOptions {
  config: Config;
  log: Logger;
  nodeId: NodeId;
  roomScript: string;
  participants: ParticipantStore;
  rooms: RoomStore;
  sessions: SessionStore;
  events: EventPublisher;
}

interface HostedRoom {
  id: RoomId;
  process: RoomProcess;
  assigned: Promise<void>;
  participants: Map<ParticipantId, Participant>;
  settings: Map<ParticipantId, ParticipantCommand>;
  sessions: Set<SessionId>;
  /** Calls that may bring a publisher: the room is not idle while they run. */
  opening: number;
  emptySinceMs: number;
  figures: RoomFigures | undefined;
}

const TIDY_MS = 1000;
/** An empty room's process stays a little longer than its mix does. */
const IDLE_MARGIN_MS = 5000;

export class IngestHost {
  readonly #rooms = new Map<RoomId, HostedRoom>();
  readonly #sessionRoom = new Map<SessionId, RoomId>();
  readonly #redisLost: () => void;
  /** Redis writes of one room go one after the other. */
  readonly #writes = new Map<RoomId, Promise<void>>();
  /** Room processes on their way out: they remove the room's socket, so their successor must not make it before that. */
  readonly #leaving = new Map<RoomId, Promise<void>>();
  #spare: RoomProcess | undefined;
  #tidy: NodeJS.Timeout | undefined;
  #closed = false;
  /** Room processes that ended by themselves. */
  crashes = 0;

  constructor(private readonly options: IngestHostOptions) {
    this.#redisLost = folded((count) => options.log.warn({ count }, 'participants could not be written to Redis'));
  }

  async start(): Promise<void> {
    const swept = sweepRings(this.options.config.instance);
    if (swept > 0) this.options.log.info({ swept }, 'frame rings of dead processes removed');
    this.#keepSpare();
    this.#tidy = setInterval(() => this.#tidyUp(), TIDY_MS);
    await this.#forgetPredecessor().catch((error: unknown) => this.options.log.warn({ err: error }, 'participants of an earlier run could not be cleared'));
  }

  get roomCount(): number {
    return this.#rooms.size;
  }
  get participantCount(): number {
    let count = 0;
    for (const room of this.#rooms.values()) count += room.participants.size;
    return count;
  }
  get figures(): { room: RoomId; figures: RoomFigures }[] {
    return [...this.#rooms.values()].flatMap(({ id, figures }) => (figures ? [{ room: id, figures }] : []));
  }
  /** Some room is not at its work, or new rooms would be refused. */
  get full(): boolean {
    return this.#rooms.size >= this.options.config.maxRooms && ![...this.#rooms.values()].some(isIdle);
  }

  /** @throws AppError malformedSdp, unacceptableOffer, overloaded */
  async open(request: WhipOpen): Promise<SessionAnswer> {
    if (this.#closed) throw new AppError('unavailable', { retryAfterSeconds: 2 });
    const room = this.#rooms.get(request.room) ?? this.#addRoom(request.room);
    room.opening++;
    try {
      const settings = await this.options.participants.settings(request.room, request.participant).catch(() => ({}));
      const microphoneOff = room.settings.get(request.participant)?.microphoneOff ?? false; // there already, with another source
      room.settings.set(request.participant, { ...settings, microphoneOff });
      await room.assigned;
      room.sessions.add(request.session);
      this.#sessionRoom.set(request.session, request.room);
      return await room.process.call('open', { ...request, settings });
    } catch (error) {
      this.#forgetSession(room, request.session);
      if (!room.participants.has(request.participant)) room.settings.delete(request.participant);
      throw error;
    } finally {
      room.opening--;
      room.emptySinceMs = performance.now();
    }
  }

  patch(session: SessionId, patch: SessionPatch): Promise<SessionPatched> {
    return this.#roomOf(session).process.call('patch', { session, ...patch });
  }

  async closeSession(session: SessionId): Promise<void> {
    const room = this.#roomOf(session);
    this.#forgetSession(room, session);
    await room.process.call('closeSession', session);
  }

  async command(id: RoomId, participant: ParticipantId, patch: ParticipantCommand): Promise<void> {
    const room = this.#rooms.get(id);
    if (!room?.participants.has(participant)) throw new AppError('participantNotFound');
    const settings = { ...room.settings.get(participant), ...patch };
    room.settings.set(participant, settings);
    await room.process.call('command', { participant, patch });
  }

  async removeParticipant(id: RoomId, participant: ParticipantId): Promise<void> {
    const room = this.#rooms.get(id);
    if (!room?.participants.has(participant)) throw new AppError('participantNotFound');
    await room.process.call('removeParticipant', participant);
  }

  /** Ends the room's process; its participants leave. A room that is not here is no error. */
  async closeRoom(id: RoomId): Promise<void> {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#dropRoom(room);
    const left = room.process.end();
    this.#leaving.set(id, left);
    await left;
    if (this.#leaving.get(id) === left) this.#leaving.delete(id);
    this.#cleanAfter(room);
    await this.#writes.get(id);
  }

  /** After Redis was away: writes everything again. */
  rewrite(): void {
    for (const room of this.#rooms.values()) {
      this.#write(room.id, async () => {
        await this.options.participants.clear(room.id);
        for (const participant of room.participants.values()) await this.options.participants.put(room.id, participant);
      });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#tidy);
    const spare = this.#spare;
    this.#spare = undefined;
    await Promise.all([spare?.end(), ...[...this.#rooms.keys()].map((id) => this.closeRoom(id))]);
    await Promise.all(this.#writes.values());
  }

  #addRoom(id: RoomId): HostedRoom {
    if (this.#rooms.size >= this.options.config.maxRooms) {
      const idle = [...this.#rooms.values()].filter(isIdle).sort((a, b) => a.emptySinceMs - b.emptySinceMs)[0];
      if (!idle) throw new AppError('overloaded', { detail: 'This host has no room for another room.', retryAfterSeconds: 5 });
      void this.closeRoom(idle.id);
    }
    const process = this.#spare ?? new RoomProcess(this.options.roomScript);
    this.#spare = undefined;
    const left = this.#leaving.get(id);
    const room: HostedRoom = {
      id,
      process,
      assigned: left ? left.then(() => process.call('assign', id)) : process.call('assign', id),
      participants: new Map(),
      settings: new Map(),
      sessions: new Set(),
      opening: 0,
      emptySinceMs: performance.now(),
      figures: undefined,
    };
    room.assigned.catch(() => process.kill());
    process.onEvent = (event) => this.#take(room, event);
    process.onExit = (how) => this.#crashed(room, how);
    this.#rooms.set(id, room);
    this.options.log.info({ room: id, child: process.pid }, 'room opened');
    this.#keepSpare();
    return room;
  }

  /** The next room finds libwebrtc loaded. Started a little later, so that the room just opened has the cores. */
  #keepSpare(): void {
    setTimeout(() => {
      if (this.#spare || this.#closed) return;
      const spare = new RoomProcess(this.options.roomScript);
      this.#spare = spare;
      spare.onExit = (how) => {
        if (this.#spare !== spare) return;
        this.#spare = undefined;
        this.options.log.warn({ how }, 'spare room process ended');
        setTimeout(() => this.#keepSpare(), 2000).unref();
      };
    }, this.#rooms.size === 0 ? 0 : 1500).unref();
  }

  #take(room: HostedRoom, event: RoomEvent): void {
    const { events } = this.options;
    // the last words of a process whose room was dropped, perhaps for a new one
    if (this.#rooms.get(room.id) !== room && event.type !== 'sessionEnded') return;
    switch (event.type) {
      case 'participantChanged':
        return this.#changed(room, event.participant);
      case 'participantLeft':
        return this.#left(room, event.participant);
      case 'sessionEnded':
        this.#forgetSession(room, event.session);
        this.options.sessions.remove({ id: event.session, room: room.id }).catch(() => undefined); // it runs out by itself
        return;
      case 'levels':
        return events.publish({ type: 'levels', room: room.id, levels: event.levels });
      case 'speaker':
        return events.publish({ type: 'activeSpeaker', room: room.id, participant: event.participant });
      case 'figures':
        room.figures = event.figures;
    }
  }

  #changed(room: HostedRoom, facts: ParticipantFacts): void {
    const known = room.participants.get(facts.id);
    const { audioMuted = false, videoHidden = false, gain = 1, pinned = false, role = facts.role, microphoneOff = false } = room.settings.get(facts.id) ?? {};
    const participant: Participant = { ...facts, role, audioMuted, videoHidden, gain, pinned, ...(microphoneOff ? { microphoneOff } : {}) };
    if (known && JSON.stringify(known) === JSON.stringify(participant)) return;
    room.participants.set(facts.id, participant);
    this.#write(room.id, () => this.options.participants.put(room.id, participant), () =>
      this.options.events.publish({ type: known ? 'participantUpdated' : 'participantJoined', room: room.id, participant: facts.id }),
    );
  }

  #left(room: HostedRoom, id: ParticipantId): void {
    if (!room.participants.delete(id)) return;
    room.settings.delete(id);
    room.emptySinceMs = performance.now();
    this.#write(room.id, () => this.options.participants.remove(room.id, id), () =>
      this.options.events.publish({ type: 'participantLeft', room: room.id, participant: id }),
    );
  }

  #crashed(room: HostedRoom, how: string): void {
    if (this.#rooms.get(room.id) !== room) return;
    this.crashes++;
    this.options.log.error({ room: room.id, child: room.process.pid, how, participants: room.participants.size }, 'room process ended');
    this.#dropRoom(room);
    this.#cleanAfter(room);
    this.#keepSpare();
  }

  /** Everybody leaves; the next POST makes a new process. */
  #dropRoom(room: HostedRoom): void {
    if (this.#rooms.get(room.id) !== room) return;
    this.#rooms.delete(room.id);
    for (const session of room.sessions) {
      this.#sessionRoom.delete(session);
      this.options.sessions.remove({ id: session, room: room.id }).catch(() => undefined);
    }
    room.sessions.clear();
    for (const id of [...room.participants.keys()]) this.#left(room, id);
  }

  /** What a process that was killed could not remove itself. */
  #cleanAfter(room: HostedRoom): void {
    sweepRings(this.options.config.instance);
    if (this.#rooms.has(room.id)) return; // a new process has the socket already
    try {
      unlinkSync(feedSocketPath(this.options.config.runDir, room.id));
    } catch {
      // it was removed
    }
  }

  #tidyUp(): void {
    const idleMs = this.options.config.roomIdleMs + IDLE_MARGIN_MS;
    for (const room of this.#rooms.values())
      if (isIdle(room) && performance.now() - room.emptySinceMs > idleMs) {
        this.options.log.info({ room: room.id }, 'room is idle and closes');
        void this.closeRoom(room.id);
      }
  }

  #roomOf(session: SessionId): HostedRoom {
    const room = this.#rooms.get(this.#sessionRoom.get(session) as RoomId);
    if (!room) throw new AppError('sessionNotFound');
    return room;
  }

  #forgetSession(room: HostedRoom, session: SessionId): void {
    room.sessions.delete(session);
    this.#sessionRoom.delete(session);
  }

  /** All processes of this host are new, so nobody can be in its rooms. */
  async #forgetPredecessor(): Promise<void> {
    for (const { id, node } of await this.options.rooms.list()) {
      if (node !== this.options.nodeId || this.#rooms.has(id)) continue;
      for (const participant of await this.options.participants.list(id)) {
        if (this.#rooms.has(id)) break;
        await this.options.participants.remove(id, participant.id);
        this.options.events.publish({ type: 'participantLeft', room: id, participant: participant.id });
      }
    }
  }

  #write(room: RoomId, work: () => Promise<void>, after: () => void = () => undefined): void {
    const write = (this.#writes.get(room) ?? Promise.resolve())
      .then(work)
      .catch(() => this.#redisLost())
      .then(after)
      .finally(() => {
        if (this.#writes.get(room) === write) this.#writes.delete(room);
      });
    this.#writes.set(room, write);
  }
}

function isIdle(room: HostedRoom): boolean {
  return room.participants.size === 0 && room.opening === 0;
}
