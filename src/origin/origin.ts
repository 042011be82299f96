/** The origin role: programme socket, rooms, HLS, tail and recorder behind one node-api server. */
import { mkdir, readdir } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { AppError } from '../domain/errors.ts';
import { isName, type RecordingId, type RoomId } from '../domain/ids.ts';
import { isVideoRendition } from '../domain/rendition.ts';
import { programmeSocketPath } from '../media/programme-protocol.ts';
import type { RecordingOpen } from '../node-api/contract.ts';
import { sendAnswer } from '../node-api/hot/send-answer.ts';
import type { Answer } from '../node-api/hot/answer.ts';
import { takesGzip } from '../node-api/hot/hot-request.ts';
import { problemAnswer } from '../node-api/problem-answer.ts';
import { handled, type NodeRequest, type NodeServer } from '../node-api/server.ts';
import type { Logger } from '../observability/logger.ts';
import { HlsView } from './hls-view.ts';
import { OriginRoom } from './origin-room.ts';
import { Poster } from './poster.ts';
import { Storyboard } from './storyboard.ts';
import { ProgrammeServer } from './programme-server.ts';
import { Recorder } from './recorder.ts';
import type { ChunkStore } from './recording-file.ts';
import { Tails } from './tail.ts';

const TICK_MS = 40;
/** While a mixer is away parts are made by the clock alone. */
const LONELY_TICK_MS = 10;
const EXPIRE_MS = 30_000;
const CORS_LINES = 'Access-Control-Allow-Origin: *\r\n';

export interface OriginOptions {
  config: Pick<Config, 'dataDir' | 'runDir' | 'partFrames' | 'dvrSeconds' | 'vodSeconds' | 'internalHost' | 'internalSecret'>;
  store: ChunkStore;
  log: Logger;
}

export class Origin {
  readonly tails = new Tails();
  readonly recorder: Recorder;
  readonly programmeServer: ProgrammeServer;
  readonly #rooms = new Map<RoomId, OriginRoom>();
  readonly #opening = new Map<RoomId, Promise<OriginRoom>>();
  readonly #views = new WeakMap<OriginRoom, HlsView>();
  #timer: NodeJS.Timeout | undefined;
  #expireTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: OriginOptions) {
    const { config, store, log } = options;
    this.recorder = new Recorder({ folder: (room) => `${this.#folder(room)}/recordings`, room: (room) => this.#rooms.get(room), store, log });
    const tcp = config.internalHost && config.internalSecret ? { host: config.internalHost, port: 0, secret: config.internalSecret } : undefined;
    this.programmeServer = new ProgrammeServer({
      socketPath: programmeSocketPath(config.runDir),
      ...(tcp ? { tcp } : {}),
      log,
      openRoom: (room, frameRate) => this.#openRoom(room, frameRate),
      room: (room) => this.#rooms.get(room),
    });
  }

  get rooms(): OriginRoom[] {
    return [...this.#rooms.values()];
  }

  /** Playlist texts made since the start. */
  get playlistsMade(): number {
    return this.rooms.reduce((sum, room) => sum + (this.#views.get(room)?.playlistsMade ?? 0), 0);
  }

  /** Takes up what is on disk, then opens the programme socket. */
  async start(): Promise<void> {
    const { config, log } = this.options;
    const root = `${config.dataDir}/origin`;
    await mkdir(root, { recursive: true, mode: 0o700 });
    for (const name of await readdir(root)) {
      if (!isName(name)) continue;
      try {
        const room = await OriginRoom.load(name as RoomId, config, this.#folder(name as RoomId), log);
        if (!room) continue;
        this.#keep(room);
        await this.recorder.load(room);
      } catch (error) {
        log.error({ err: error, room: name }, 'a programme on disk could not be taken up');
      }
    }
    await this.programmeServer.start();
    this.#tick();
    this.#expireTimer = setInterval(() => {
      for (const room of this.#rooms.values()) room.expire();
    }, EXPIRE_MS);
  }

  /** Adds the routes of contract.ts to the role's server. */
  register(server: NodeServer): void {
    server.get('/hls/:room/*', (request) => this.#hls(request));
    server.hot('/hls/', {
      answer: ({ path, query, headers }) => {
        const slash = path.indexOf('/', '/hls/'.length);
        if (slash < 0) return 'pass';
        const answer = this.#hlsAnswer(path.slice('/hls/'.length, slash), path.slice(slash + 1), query, headers.gzip);
        return answer instanceof Promise ? { answer } : answer;
      },
      lines: () => CORS_LINES,
    });
    server.get('/tail/:room/:rendition', ({ params, response }) => {
      if (!isVideoRendition(params['rendition'])) throw new AppError('notFound');
      this.tails.serve(this.#rooms.get(params['room'] as RoomId), params['rendition'], response);
      return handled;
    });
    server.get('/programmes/:room', ({ params }) => this.#room(params['room']).state());
    server.delete('/programmes/:room', ({ params, query }) => {
      const room = this.#rooms.get(params['room'] as RoomId);
      room?.end();
      if (query.get('forget') === 'true') room?.forget();
      return undefined;
    });
    server.post('/recordings', async (request) => this.recorder.start(recordingOpen(await request.json<unknown>())));
    server.get('/recordings/:id', ({ params }) => this.recorder.state(params['id'] as RecordingId));
    server.delete('/recordings/:id', async ({ params }) => {
      await this.recorder.discard(params['id'] as RecordingId);
      return undefined;
    });
    server.post('/recordings/:id/pause', ({ params }) => this.recorder.pause(params['id'] as RecordingId));
    server.post('/recordings/:id/resume', ({ params }) => this.recorder.resume(params['id'] as RecordingId));
    server.post('/recordings/:id/stop', ({ params }) => this.recorder.stop(params['id'] as RecordingId));
  }

  /** Idempotent; programmes and recordings are taken up by the next process. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#expireTimer);
    // rooms too, at once: requests that are held for a part are answered now
    await Promise.all([this.programmeServer.close(), this.recorder.close(), ...this.rooms.map((room) => room.close())]);
  }

  #tick(): void {
    for (const room of this.#rooms.values()) {
      try {
        room.tick();
      } catch (error) {
        this.options.log.error({ err: error, room: room.room }, 'a programme cannot go on');
        room.end();
      }
    }
    if (this.#closed) return;
    const lonely = this.rooms.some(({ programme }) => programme.started && !programme.live && !programme.ended);
    this.#timer = setTimeout(() => this.#tick(), lonely ? LONELY_TICK_MS : TICK_MS);
  }

  async #hls({ params, raw, response }: NodeRequest): Promise<typeof handled> {
    const query = (raw.url ?? '').split('?', 2)[1] ?? '';
    const answer = await this.#hlsAnswer(params['room'] ?? '', params['rest'] ?? '', query, takesGzip(String(raw.headers['accept-encoding'] ?? '')));
    if (response.destroyed) return handled;
    response.setHeader('access-control-allow-origin', '*');
    sendAnswer(raw, response, answer);
    return handled;
  }

  /** Refusals are answers too: a cache in front may keep them for a moment. */
  #hlsAnswer(id: string, path: string, query: string, gzip: boolean): Answer | Promise<Answer> {
    const room = this.#rooms.get(id as RoomId);
    if (!room) return problemAnswer(new AppError('notFound', { detail: 'The room has no programme yet.', retryAfterSeconds: 1 }), true);
    return this.#view(room).answer(path, query, gzip);
  }

  #view(room: OriginRoom): HlsView {
    let view = this.#views.get(room);
    if (!view) {
      view = new HlsView(room, new Poster(room), new Storyboard(room, this.options.config.dvrSeconds), (error) => this.options.log.error({ err: error, room: room.room }, 'request failed'));
      this.#views.set(room, view);
    }
    return view;
  }

  #keep(room: OriginRoom): void {
    this.#rooms.set(room.room, room);
    room.onEnded = () => this.programmeServer.endRoom(room.room);
  }

  #room(id: string | undefined): OriginRoom {
    const room = this.#rooms.get(id as RoomId);
    if (!room) throw new AppError('notFound', { detail: 'The room has no programme yet.', retryAfterSeconds: 1 });
    return room;
  }

  #openRoom(id: RoomId, frameRate: number): Promise<OriginRoom> {
    const known = this.#rooms.get(id);
    // Another frame rate or part length counts otherwise: possible only once the old programme has ended.
    const alike = known?.frameRate === frameRate && (known.grid.partFrames === this.options.config.partFrames || !known.programme.ended);
    if (known && (alike || (known.programme.started && !known.programme.ended))) return Promise.resolve(known);
    let opening = this.#opening.get(id);
    if (!opening) {
      opening = OriginRoom.create(id, frameRate, this.options.config, this.#folder(id), this.options.log, known)
        .then(async (room) => {
          await known?.close();
          this.#keep(room);
          return room;
        })
        .finally(() => this.#opening.delete(id));
      this.#opening.set(id, opening);
    }
    return opening;
  }

  /** @param room matches the name pattern, so it is safe in a path */
  #folder(room: RoomId): string {
    return `${this.options.config.dataDir}/origin/${room}`;
  }
}

/** @throws AppError validationFailed */
function recordingOpen(body: unknown): RecordingOpen {
  const { recording, room, rendition } = (body ?? {}) as Partial<Record<keyof RecordingOpen, unknown>>;
  if (!isName(recording) || !isName(room) || !isVideoRendition(rendition))
    throw new AppError('validationFailed', { detail: 'recording, room and rendition are needed.' });
  return { recording: recording as RecordingId, room: room as RoomId, rendition };
}
