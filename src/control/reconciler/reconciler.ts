/**
 * Brings what runs to what should run: every two seconds for all rooms, and at once for a room of which an event told.
 * Only the holder of the lock acts. A failing or slow room never holds up the others: ending one may wait 20 s for its
 * recorder, longer than the lock lasts.
 */
import type { Config } from '../../config/config.ts';
import type { RecordingId, RoomId } from '../../domain/ids.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ServiceEvent } from '../../state/events.ts';
import type { MixCommands } from '../commands/mix-commands.ts';
import type { RecordingCommands } from '../commands/recording-commands.ts';
import type { RestreamCommands } from '../commands/restream-commands.ts';
import type { RoomEnding } from '../commands/room-ending.ts';
import type { State } from '../dependencies.ts';
import { decideRoom, hasPublisher, staleParticipants, staleSessions, type RoomAction } from './decide.ts';
import { Leadership } from './leadership.ts';

const INTERVAL_MS = 2000;
/** Events of one room within this time make one pass. */
const GATHER_MS = 30;
const WATCHED = new Set<ServiceEvent['type']>(['roomChanged', 'mixChanged', 'participantJoined', 'participantLeft', 'participantUpdated']);

export interface ReconcilerParts {
  config: Pick<Config, 'roomIdleMs'>;
  log: Logger;
  state: State;
  mixes: MixCommands;
  recordings: RecordingCommands;
  restreams: RestreamCommands;
  ending: RoomEnding;
}

export class Reconciler {
  readonly #leadership: Leadership;
  readonly #emptySince = new Map<RoomId, number>();
  readonly #running = new Map<RoomId, Promise<void>>();
  readonly #lookedAfter = new Set<RecordingId>();
  readonly #due = new Map<RoomId, NodeJS.Timeout>();
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(private readonly parts: ReconcilerParts) {
    this.#leadership = new Leadership(parts.state.redis);
  }

  start(): void {
    const tick = (): void => {
      this.#pass = this.#reconcileAll()
        .catch((error: unknown) => this.parts.log.warn({ err: error }, 'reconciliation failed'))
        .finally(() => {
          if (!this.#closed) this.#timer = setTimeout(tick, INTERVAL_MS);
        });
    };
    tick();
  }

  onEvent(event: ServiceEvent): void {
    if (!WATCHED.has(event.type) || this.#closed || !this.#leadership.held || this.#due.has(event.room)) return;
    const { room } = event;
    this.#due.set(
      room,
      setTimeout(() => {
        this.#due.delete(room);
        void this.reconcileRoom(room);
      }, GATHER_MS),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const timer of this.#due.values()) clearTimeout(timer);
    await Promise.race([Promise.allSettled([this.#pass, ...this.#running.values()]), new Promise((r) => setTimeout(r, 1500).unref())]);
    await this.#leadership.release();
  }

  /** One pass over one room; passes over the same room never overlap. Errors are logged; never rejects. */
  async reconcileRoom(id: RoomId): Promise<void> {
    const before = this.#running.get(id) ?? Promise.resolve();
    const run = before
      .then(() => this.#room(id))
      .catch((error: unknown) => this.parts.log.warn({ err: error, room: id }, 'room could not be reconciled'));
    this.#running.set(id, run);
    await run;
    if (this.#running.get(id) === run) this.#running.delete(id);
  }

  async #reconcileAll(): Promise<void> {
    if (!(await this.#leadership.claim())) return;
    const { state } = this.parts;
    const rooms = await state.rooms.list();
    await this.#sweep(rooms);
    for (const { id } of rooms) if (!this.#running.has(id)) void this.reconcileRoom(id);
    const living = new Set(rooms.map((r) => r.id));
    for (const id of this.#emptySince.keys()) if (!living.has(id)) this.#emptySince.delete(id);
    await this.#jobs();
  }

  async #room(id: RoomId): Promise<void> {
    const { state, config } = this.parts;
    const room = await state.rooms.get(id);
    if (!room) return;
    const [mix, mixWanted, participants, recordings, autoRecorded] = await Promise.all([
      state.rooms.mix(id),
      state.rooms.mixWanted(id),
      state.participants.list(id),
      room.autoRecord ? state.recordings.listUnfinished(id) : [],
      room.autoRecord && state.rooms.autoRecorded(id),
    ]);
    const nowMs = Date.now();
    // Counted only while a mix is wanted: a WHIP answer wants it a moment before its publisher is there.
    if (hasPublisher(participants) || !mixWanted) this.#emptySince.delete(id);
    else if (!this.#emptySince.has(id)) this.#emptySince.set(id, nowMs);
    const actions = decideRoom(
      { room, mix, mixWanted, participants, recordings, emptySinceMs: this.#emptySince.get(id), autoRecorded },
      nowMs,
      config.roomIdleMs,
    );
    for (const action of actions) await this.#act(action, room);
  }

  async #act(action: RoomAction, room: RoomDocument): Promise<void> {
    const { mixes, ending, recordings, state, log } = this.parts;
    switch (action) {
      case 'endRoom':
        await ending.run(room);
        log.info({ room: room.id }, 'room ended');
        return;
      case 'wantMix':
        await mixes.want(room);
        return;
      case 'endMix':
        await mixes.end(room);
        await state.rooms.setAutoRecorded(room.id, false);
        log.info({ room: room.id }, 'mix ended: nobody publishes');
        return;
      case 'startRecording':
        await recordings.start(room, 'high');
        await state.rooms.setAutoRecorded(room.id, true);
        return;
      case 'resetMix': {
        const mix = await state.rooms.mix(room.id);
        await state.rooms.setMix(room.id, { status: 'idle', epoch: mix.epoch });
        state.events.publish({ type: 'mixChanged', room: room.id });
        return;
      }
    }
  }

  /** Removes what processes that are gone left behind. */
  async #sweep(rooms: readonly RoomDocument[]): Promise<void> {
    const { state } = this.parts;
    const nodes = await state.nodes.list();
    for (const room of rooms) {
      const sessions = await state.sessions.list(room.id);
      const participants = await state.participants.list(room.id);
      if (staleSessions(sessions, nodes).length === 0 && staleParticipants(room, participants, sessions, nodes).length === 0) continue;
      // Room and nodes were read first: somebody may have come to a new place since. Read again, they are the newest now.
      const [nodesNow, roomNow] = await Promise.all([state.nodes.list(), state.rooms.get(room.id)]);
      const stale = staleSessions(sessions, nodesNow);
      for (const session of stale) await state.sessions.remove(session);
      const living = sessions.filter((s) => !stale.includes(s));
      for (const participant of roomNow ? staleParticipants(roomNow, participants, living, nodesNow) : []) {
        await state.participants.remove(room.id, participant.id);
        state.events.publish({ type: 'participantLeft', room: room.id, participant: participant.id });
      }
    }
  }

  /** Jobs that should be there: lost with a Redis that came back older, or never added because control ended in between. */
  async #jobs(): Promise<void> {
    const { state, recordings, restreams, log } = this.parts;
    for (const recording of await state.recordings.listUnfinished()) {
      if (recording.status === 'processing') await recordings.enqueueFinalise(recording);
      else if ((recording.status === 'recording' || recording.status === 'paused') && !this.#lookedAfter.has(recording.id)) {
        this.#lookedAfter.add(recording.id);
        // not waited for: a stop takes as long as the object store does
        recordings
          .stopIfEnded(recording)
          .catch((error: unknown) => log.warn({ err: error, recording: recording.id }, 'recording could not be ended'))
          .finally(() => this.#lookedAfter.delete(recording.id));
      }
    }
    for (const restream of await state.restreams.list()) {
      if (restream.status === 'stopped' || restream.status === 'failed') continue;
      if ((await state.restreams.secretUrl(restream.id)) !== undefined) await restreams.enqueue(restream);
    }
  }
}
