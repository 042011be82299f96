/** Starting and ending recordings: the catalogue in Redis, the recorder in the origin, the job that makes the file. */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { RecordingId } from '../../domain/ids.ts';
import type { Recording } from '../../domain/recording.ts';
import type { VideoRendition } from '../../domain/rendition.ts';
import type { RoomDocument } from '../../domain/room.ts';
import type { NodeClient } from '../../node-api/client.ts';
import { NODE_PATHS, type RecordingOpen, type RecordingState } from '../../node-api/contract.ts';
import type { Queues } from '../../queue/queues.ts';
import type { State } from '../dependencies.ts';
import type { Placement } from '../placement/placement.ts';

/** Stopping waits until the origin has stored every chunk: 3 s to halt and 15 s for the store. */
const VERB_TIMEOUT_MS = 20_000;
const LOOK_TIMEOUT_MS = 1000;
/** The catalogue's entry is there before its recorder: an unknown recording this young is only beginning. */
const START_GRACE_MS = 15_000;

export class RecordingCommands {
  constructor(
    private readonly state: Pick<State, 'recordings' | 'rooms' | 'events'>,
    private readonly placement: Placement,
    private readonly nodeClient: NodeClient,
    private readonly queues: Queues,
  ) {}

  /** @throws AppError noLiveProgramme and what the origin answers; nothing is left behind then */
  async start(room: RoomDocument, rendition: VideoRendition, name?: string): Promise<Recording> {
    const origin = await this.placement.origin(room);
    if (!origin) throw new AppError('noLiveProgramme', { detail: 'Nobody has published in this room yet.', retryAfterSeconds: 2 });
    const id = `rec-${randomBytes(9).toString('base64url').replace(/[-_]/g, 'x')}` as RecordingId;
    const startedAt = new Date().toISOString();
    const recording: Recording = {
      id,
      room: room.id,
      name: name ?? `${room.name} ${startedAt.slice(0, 16).replace('T', ' ')}`,
      rendition,
      status: 'recording',
      startedAt,
      durationMs: 0,
      gaps: [],
      files: [],
    };
    // The entry first: a recorder without an entry would never be found again.
    await this.state.recordings.create(recording);
    try {
      const open: RecordingOpen = { recording: id, room: room.id, rendition };
      const begun = await this.nodeClient.call<RecordingState>(origin.url, 'POST', NODE_PATHS.recordings, open);
      const updated = await this.state.recordings.update(id, (r) => ({ ...r, startedAt: new Date(begun.startedAtUnixMs).toISOString() }));
      this.#changed(recording);
      return updated ?? recording;
    } catch (error) {
      // An answer that came too late leaves a recorder behind, and one without an entry would never be found again.
      await this.nodeClient.call(origin.url, 'DELETE', NODE_PATHS.recording(id), undefined, LOOK_TIMEOUT_MS).catch(() => undefined);
      await this.state.recordings.delete(id);
      throw error;
    }
  }

  /** @throws AppError wrongState, unavailable */
  async pauseOrResume(recording: Recording, verb: 'pause' | 'resume'): Promise<Recording> {
    const from = verb === 'pause' ? 'recording' : 'paused';
    const to = verb === 'pause' ? 'paused' : 'recording';
    if (recording.status === to) return recording;
    if (recording.status !== from) throw new AppError('wrongState', { detail: `The recording is ${recording.status}.` });
    const now = await this.#atOrigin(recording, verb);
    const updated = await this.state.recordings.update(recording.id, (r) =>
      r.status === from ? { ...r, status: to, durationMs: now.durationMs, gaps: now.gaps } : undefined,
    );
    this.#changed(recording);
    return updated ?? recording;
  }

  /**
   * Ends the recording and hands it to post-production; ending an ended one changes nothing.
   * A recorder that the origin no longer knows is finished from the chunks that are stored.
   */
  async stop(recording: Recording): Promise<Recording> {
    if (recording.status !== 'recording' && recording.status !== 'paused') return recording;
    let last: RecordingState | undefined;
    try {
      last = await this.#atOrigin(recording, 'stop');
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'recordingNotFound') throw error;
    }
    const updated = await this.state.recordings.update(recording.id, (r) =>
      r.status === 'recording' || r.status === 'paused'
        ? {
            ...r,
            status: 'processing',
            stoppedAt: new Date().toISOString(),
            ...(last ? { durationMs: last.durationMs, gaps: last.gaps } : {}),
          }
        : undefined,
    );
    await this.enqueueFinalise(recording);
    this.#changed(recording);
    return updated ?? recording;
  }

  /**
   * Carries on where a stop broke off between the origin and the catalogue, and finishes from the stored chunks what its
   * origin no longer knows. Does nothing while the recorder runs or the origin is away.
   */
  async stopIfEnded(recording: Recording): Promise<void> {
    const room = await this.state.rooms.get(recording.room);
    if (!room) {
      await this.stop(recording);
      return;
    }
    const origin = await this.placement.origin(room).catch(() => undefined);
    if (!origin || Date.now() - Date.parse(recording.startedAt) < START_GRACE_MS) return;
    try {
      const now = await this.nodeClient.call<RecordingState>(origin.url, 'GET', NODE_PATHS.recording(recording.id), undefined, LOOK_TIMEOUT_MS);
      if (now.status !== 'stopped') return;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'recordingNotFound') return;
    }
    await this.stop(recording);
  }

  /** With length and gaps as they are at this moment, while it runs; as it is in the catalogue when the origin does not answer. */
  async asNow(recording: Recording): Promise<Recording> {
    if (recording.status !== 'recording' && recording.status !== 'paused') return recording;
    try {
      const room = await this.state.rooms.get(recording.room);
      const origin = room ? await this.placement.origin(room) : undefined;
      if (!origin) return recording;
      const { durationMs, gaps } = await this.nodeClient.call<RecordingState>(origin.url, 'GET', NODE_PATHS.recording(recording.id), undefined, LOOK_TIMEOUT_MS);
      return { ...recording, durationMs, gaps };
    } catch {
      return recording;
    }
  }

  /** Lets the origin forget a recording that is deleted; what it cannot be told now it forgets with the room. */
  async forgetAtOrigin(recording: Recording): Promise<void> {
    const room = await this.state.rooms.get(recording.room);
    const origin = room ? await this.placement.origin(room).catch(() => undefined) : undefined;
    if (origin) await this.nodeClient.call(origin.url, 'DELETE', NODE_PATHS.recording(recording.id)).catch(() => undefined);
  }

  /** Adding it again while it waits or runs does nothing. */
  async enqueueFinalise(recording: Pick<Recording, 'id' | 'room'>): Promise<void> {
    await this.queues.add('finalise', `finalise-${recording.id}`, { recording: recording.id, room: recording.room });
  }

  async #atOrigin(recording: Recording, verb: 'pause' | 'resume' | 'stop'): Promise<RecordingState> {
    const room = await this.state.rooms.get(recording.room);
    const origin = room ? await this.placement.origin(room) : undefined;
    if (!origin) throw new AppError('recordingNotFound', { detail: 'Its room is gone.' });
    return this.nodeClient.call<RecordingState>(origin.url, 'POST', NODE_PATHS.recordingVerb(recording.id, verb), undefined, VERB_TIMEOUT_MS);
  }

  #changed(recording: Recording): void {
    this.state.events.publish({ type: 'recordingChanged', room: recording.room, recording: recording.id });
  }
}
