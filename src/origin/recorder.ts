/** The recordings of this origin: started, paused, resumed and stopped by control, taken up again after a restart. */
import { readdir, rm } from 'node:fs/promises';
import { AppError } from '../domain/errors.ts';
import { isName, type RecordingId, type RoomId } from '../domain/ids.ts';
import type { RecordingOpen, RecordingState } from '../node-api/contract.ts';
import type { Logger } from '../observability/logger.ts';
import type { OriginRoom } from './origin-room.ts';
import type { ProgrammePart } from './part.ts';
import { RecordingFile, type ChunkStore, type RecordingDocument } from './recording-file.ts';
import { RunningRecording } from './running-recording.ts';

/** A part, its lateness and its tolerance. */
const HALT_TIMEOUT_MS = 3000;
const STORE_TIMEOUT_MS = 15_000;

interface Entry {
  recording: RunningRecording;
  file: RecordingFile;
  room: OriginRoom;
  /** Commands of one recording happen one after the other. */
  turn: Promise<unknown>;
}

export class Recorder {
  readonly #entries = new Map<RecordingId, Entry>();

  constructor(
    private readonly options: { folder: (room: RoomId) => string; room: (room: RoomId) => OriginRoom | undefined; store: ChunkStore; log: Logger },
  ) {}

  get running(): number {
    return [...this.#entries.values()].filter((e) => e.recording.document.status !== 'stopped').length;
  }
  get failedPuts(): number {
    return [...this.#entries.values()].reduce((sum, e) => sum + e.file.failedPuts, 0);
  }

  /** Takes up the recordings found in the room's folder. */
  async load(room: OriginRoom): Promise<void> {
    const folder = this.options.folder(room.room);
    for (const name of await readdir(folder).catch(() => [] as string[])) {
      if (!isName(name)) continue;
      const document = await RecordingFile.read(`${folder}/${name}`);
      if (!document) continue;
      const file = new RecordingFile(`${folder}/${name}`, document, this.options.store, this.options.log);
      const recording = new RunningRecording(room, document, file);
      if (document.status !== 'stopped' || document.stored < document.chunkEnds.length) recording.recover(await file.recover());
      this.#follow(document.recording, { recording, file, room, turn: Promise.resolve() });
      if (document.status === 'recording') recording.begin('restart');
    }
  }

  /** Starting a recording that runs already is no error. @throws AppError noLiveProgramme */
  start({ recording: id, room: roomId, rendition }: RecordingOpen): RecordingState {
    const known = this.#entries.get(id);
    if (known) return known.recording.state();
    const room = this.options.room(roomId);
    if (!room || room.programme.ended || !room.programme.started) throw new AppError('noLiveProgramme', { retryAfterSeconds: 1 });
    const document: RecordingDocument = {
      version: 1,
      recording: id,
      room: roomId,
      rendition: room.programme.renditions.includes(rendition) ? rendition : (room.programme.renditions[0] ?? rendition),
      status: 'recording',
      startedAtUnixMs: Date.now(),
      durationMs: 0,
      gaps: [],
      chunkEnds: [],
      stored: 0,
    };
    const file = new RecordingFile(`${this.options.folder(roomId)}/${id}`, document, this.options.store, this.options.log);
    const recording = new RunningRecording(room, document, file);
    this.#follow(id, { recording, file, room, turn: Promise.resolve() });
    recording.begin('begin');
    this.options.log.info({ room: roomId, recording: id, rendition }, 'recording started');
    return recording.state();
  }

  /** @throws AppError recordingNotFound */
  state(id: RecordingId): RecordingState {
    return this.#entry(id).recording.state();
  }

  pause(id: RecordingId): Promise<RecordingState> {
    return this.#inTurn(id, async ({ recording }) => {
      if (recording.document.status === 'stopped') throw new AppError('wrongState', { detail: 'The recording has stopped.' });
      if (recording.document.status === 'recording') await recording.halt('paused', HALT_TIMEOUT_MS);
    });
  }

  resume(id: RecordingId): Promise<RecordingState> {
    return this.#inTurn(id, async ({ recording }) => {
      if (recording.document.status === 'stopped') throw new AppError('wrongState', { detail: 'The recording has stopped.' });
      if (recording.document.status === 'paused') recording.begin('resume');
    });
  }

  /** Idempotent. Every chunk is in the store when it resolves. @throws AppError storageFailed when they are not; ask again */
  stop(id: RecordingId): Promise<RecordingState> {
    return this.#inTurn(id, async ({ recording, file }) => {
      if (recording.document.status !== 'stopped') {
        await recording.halt('stopped', HALT_TIMEOUT_MS);
        this.options.log.info({ room: recording.document.room, recording: id, durationMs: recording.document.durationMs }, 'recording stopped');
      }
      if (!(await file.allStored(STORE_TIMEOUT_MS))) throw new AppError('storageFailed', { detail: 'Not all of the recording is stored yet.', retryAfterSeconds: 5 });
      await file.dropMedia();
    });
  }

  /** Stops and forgets it; chunks in the store are the caller's business. */
  async discard(id: RecordingId): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (entry.recording.document.status !== 'stopped') await entry.recording.halt('stopped', HALT_TIMEOUT_MS);
    entry.file.close();
    this.#entries.delete(id);
    await rm(`${this.options.folder(entry.recording.document.room)}/${id}`, { recursive: true, force: true });
  }

  /** Everything written so far reaches the disk; running recordings are taken up by the next process. */
  async close(): Promise<void> {
    for (const { file } of this.#entries.values()) {
      file.close();
      await file.flush();
    }
  }

  #follow(id: RecordingId, entry: Entry): void {
    this.#entries.set(id, entry);
    const { recording, room } = entry;
    if (recording.document.status === 'stopped') return;
    const follower = {
      part: (part: ProgrammePart): void => {
        recording.part(part);
        if (recording.document.status !== 'stopped') return;
        // it ended by itself: control's reconciler sees that and finishes it
        if (room.followers.delete(follower) && recording.incompatible)
          this.options.log.warn({ room: room.room, recording: id, durationMs: recording.document.durationMs }, 'recording ended: the codec parameters of the programme have changed');
      },
      ended: (): void => {
        recording.ended();
        room.followers.delete(follower);
      },
    };
    room.followers.add(follower);
  }

  #entry(id: RecordingId): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new AppError('recordingNotFound');
    return entry;
  }

  async #inTurn(id: RecordingId, act: (entry: Entry) => Promise<void>): Promise<RecordingState> {
    const entry = this.#entry(id);
    const turn = entry.turn.then(() => act(entry));
    entry.turn = turn.catch(() => undefined);
    await turn;
    return entry.recording.state();
  }
}
