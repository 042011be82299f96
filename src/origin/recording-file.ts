/**
 * A recording on disk and on its way into the object store: `media.mp4` grows by whole fragments, every few seconds what
 * is new becomes a chunk and is put under its number. The file stays until all of it is stored.
 */
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { chunkKey, type RecordingGap } from '../domain/recording.ts';
import type { RecordingId, RoomId } from '../domain/ids.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import { readFragments, type ReadFragment } from '../media/fmp4-read.ts';
import type { Logger } from '../observability/logger.ts';
import type { MuxedTimelineState } from './muxed-timeline.ts';

/** What the recorder needs of the object store (storage/object-store.ts has it). */
export interface ChunkStore {
  put(key: string, body: Buffer, options: { contentType: string }): Promise<unknown>;
}

export interface RecordingDocument {
  version: 1;
  recording: RecordingId;
  room: RoomId;
  rendition: VideoRendition;
  status: 'recording' | 'paused' | 'stopped';
  startedAtUnixMs: number;
  durationMs: number;
  gaps: RecordingGap[];
  /** Number of the codec configuration in the file. */
  config?: number;
  timeline?: MuxedTimelineState;
  /** Asked to begin or resume, but no keyframe has come yet. */
  awaiting?: { mode: 'begin' | 'resume' | 'restart'; wantFrame: number };
  /** Where each closed chunk ends in the file. */
  chunkEnds: number[];
  /** Chunks in the store. */
  stored: number;
}

const CONTENT_TYPE = 'video/mp4';
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 8000;
/** A disk that takes nothing for this long ends the recording with what it took before. */
const WRITE_PATIENCE_MS = 10_000;
const WRITE_RETRY_MS = 250;
/** Waiting for a slow disk: three minutes of `high`. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;

export class RecordingFile {
  failedPuts = 0;
  /** The disk would not take it: what was written before is the recording. Told once. */
  onFailed: (writtenMs: number) => void = () => undefined;
  #writes: Promise<void> = Promise.resolve();
  /** Handed over, and of those on disk. */
  #bytes = 0;
  #written = 0;
  #writtenMs = 0;
  #failed = false;
  #putting = false;
  #closed = false;
  readonly #onStored = new Set<() => void>();

  constructor(
    private readonly folder: string,
    private readonly document: RecordingDocument,
    private readonly store: ChunkStore,
    private readonly log: Logger,
    private readonly writePatienceMs = WRITE_PATIENCE_MS,
  ) {
    this.#writtenMs = document.durationMs;
  }

  static async read(folder: string): Promise<RecordingDocument | undefined> {
    try {
      const document = JSON.parse(await readFile(`${folder}/state.json`, 'utf8')) as RecordingDocument;
      return document.version === 1 ? document : undefined;
    } catch {
      return undefined;
    }
  }

  /** Takes up the file of a predecessor: a torn last fragment goes. @returns its whole fragments that are not in a closed chunk */
  async recover(): Promise<ReadFragment[]> {
    const data = await readFile(`${this.folder}/media.mp4`).catch(() => Buffer.alloc(0));
    const fragments = readFragments(data);
    this.#bytes = Math.max(fragments.at(-1)?.end ?? 0, this.document.chunkEnds.at(-1) ?? 0);
    this.#written = this.#bytes;
    if (this.#bytes < data.length) await truncate(`${this.folder}/media.mp4`, this.#bytes);
    this.#pump();
    return fragments;
  }

  /** @param durationMs length of the recording with it */
  append(data: Buffer, durationMs: number): void {
    if (this.#failed) return;
    const at = this.#bytes;
    this.#bytes += data.length;
    this.#enqueue(async () => {
      if (this.#failed) return;
      try {
        await this.#write(data, at);
        this.#written = at + data.length;
        this.#writtenMs = durationMs;
      } catch (error) {
        this.#fail(error);
      }
    });
    if (this.#bytes - this.#written > MAX_PENDING_BYTES) this.#fail(new Error('the disk is too slow'));
  }

  /** Everything so far becomes a chunk. */
  closeChunk(): void {
    if (this.#bytes === (this.document.chunkEnds.at(-1) ?? 0)) return;
    this.document.chunkEnds.push(this.#bytes);
    this.save();
    this.#enqueue(async () => this.#pump());
  }

  save(): void {
    this.#enqueue(async () => {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(`${this.folder}/state.json.new`, JSON.stringify(this.document));
      await rename(`${this.folder}/state.json.new`, `${this.folder}/state.json`);
    });
  }

  flush(): Promise<void> {
    return this.#writes;
  }

  /** @returns false when chunks are still missing in the store after `timeoutMs` */
  async allStored(timeoutMs: number): Promise<boolean> {
    await this.#writes;
    const complete = (): boolean => this.document.stored >= this.document.chunkEnds.length;
    if (complete()) return true;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#onStored.delete(look);
        resolve();
      };
      const look = (): void => {
        if (complete()) done();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#onStored.add(look);
    });
    return complete();
  }

  /** The local bytes are no longer needed. */
  async dropMedia(): Promise<void> {
    await this.#writes;
    await rm(`${this.folder}/media.mp4`, { force: true });
  }

  close(): void {
    this.#closed = true;
  }

  /** Whole or not at all: a full disk may take a part, and the same place is written again. */
  async #write(data: Buffer, at: number): Promise<void> {
    const untilMs = performance.now() + this.writePatienceMs;
    for (;;) {
      try {
        const file = await open(`${this.folder}/media.mp4`, constants.O_RDWR | constants.O_CREAT, 0o600);
        try {
          for (let done = 0; done < data.length; ) done += (await file.write(data, done, data.length - done, at + done)).bytesWritten;
          return;
        } finally {
          await file.close();
        }
      } catch (error) {
        if (this.#closed || performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, WRITE_RETRY_MS));
      }
    }
  }

  /** Whole fragments stay; chunks that would end behind them never were. */
  #fail(error: unknown): void {
    if (this.#failed || this.#closed) return;
    this.#failed = true;
    this.#bytes = this.#written;
    this.document.chunkEnds = this.document.chunkEnds.filter((end) => end <= this.#written);
    this.log.error({ err: error, recording: this.document.recording, durationMs: this.#writtenMs }, 'recording ended: the disk does not take it');
    this.onFailed(this.#writtenMs);
  }

  #enqueue(write: () => Promise<void>): void {
    this.#writes = this.#writes.then(write).catch((error: unknown) => {
      this.log.error({ err: error, recording: this.document.recording }, 'recording could not be written');
    });
  }

  #pump(): void {
    if (this.#putting || this.#closed) return;
    this.#putting = true;
    void this.#putAll().finally(() => {
      this.#putting = false;
      if (this.document.stored < this.document.chunkEnds.length && !this.#closed) this.#pump();
    });
  }

  async #putAll(): Promise<void> {
    const { document } = this;
    let retryMs = MIN_RETRY_MS;
    while (document.stored < document.chunkEnds.length && !this.#closed) {
      const n = document.stored;
      const from = n === 0 ? 0 : (document.chunkEnds[n - 1] as number);
      try {
        const body = await this.#bytesBetween(from, document.chunkEnds[n] as number);
        await this.store.put(chunkKey(document.recording, n + 1), body, { contentType: CONTENT_TYPE });
        document.stored = n + 1;
        retryMs = MIN_RETRY_MS;
        this.save();
        for (const tell of [...this.#onStored]) tell();
      } catch (error) {
        this.failedPuts++;
        this.log.warn({ err: error, recording: document.recording, chunk: n + 1 }, 'a chunk could not be stored; trying again');
        await new Promise((resolve) => setTimeout(resolve, retryMs * (0.5 + Math.random() / 2)));
        retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
      }
    }
  }

  async #bytesBetween(from: number, to: number): Promise<Buffer> {
    const file = await open(`${this.folder}/media.mp4`, 'r');
    try {
      const body = Buffer.alloc(to - from);
      const { bytesRead } = await file.read(body, 0, body.length, from);
      if (bytesRead !== body.length) throw new RangeError(`chunk is torn: ${bytesRead} of ${body.length} bytes`);
      return body;
    } finally {
      await file.close();
    }
  }
}
