/**
 * Turns a stopped recording's chunks into its files: fetch → remux → verify and poster → store → tell → let go of the chunks.
 * May be run again at any point: nothing is deleted before the new files are stored, verified and listed.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { posterCommand } from '../../pipelines/ffmpeg/poster.ts';
import { remuxCommand } from '../../pipelines/ffmpeg/remux.ts';
import { FfmpegError, runCommand } from '../../pipelines/ffmpeg/run-command.ts';
import type { RecordingId } from '../domain/ids.ts';
import { chunkPrefix, fileKey, type Recording, type RecordingCheck, type RecordingFile } from '../domain/recording.ts';
import type { Logger } from '../observability/logger.ts';
import type { EventPublisher } from '../state/events.ts';
import type { RecordingStore } from '../state/recording-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { fetchChunks } from './chunk-fetch.ts';
import { probeFile } from './probe-file.ts';
import { UnusableRecording } from './unusable-recording.ts';
import { ESSENTIAL_CHECKS, fileDurationMs, verify } from './verification.ts';

export interface FinaliserParts {
  objects: ObjectStore;
  recordings: Pick<RecordingStore, 'get' | 'update'>;
  events: Pick<EventPublisher, 'publish'>;
  log: Logger;
  /** For temp files as large as the recording, twice. */
  workDir: string;
}

/** FFmpeg copies far faster than this even from a slow disk; the time is a bound, not an estimate. */
const MIN_BYTES_PER_MS = 5_000;
const BASE_TIMEOUT_MS = 30_000;
const POSTER_TIMEOUT_MS = 20_000;
/** The poster is taken this far into the recording: the first seconds are often an empty room. */
const POSTER_AT = 0.1;

export class Finaliser {
  constructor(private readonly parts: FinaliserParts) {}

  /**
   * @returns the recording as it is listed then; undefined when it was deleted meanwhile
   * @throws UnusableRecording, AppError storageFailed, FfmpegError timeout
   */
  async finalise(id: RecordingId, signal?: AbortSignal): Promise<Recording | undefined> {
    const { recordings, log } = this.parts;
    const recording = await recordings.get(id);
    if (!recording) return this.#forget(id);
    if (recording.status === 'failed') return recording;
    if (recording.status === 'complete') {
      await this.#releaseChunks(recording); // a predecessor ended between listing and deleting
      return recording;
    }
    if (recording.status !== 'processing') throw new Error(`recording ${id} is still ${recording.status}`);
    const beganAt = performance.now();
    const folder = join(this.parts.workDir, id);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    try {
      const { files, checks, durationMs } = await this.#produce(recording, folder, signal);
      signal?.throwIfAborted();
      const updated = await recordings.update(id, (current) => {
        const { error: _cleared, ...rest } = current;
        return { ...rest, status: 'complete', files, report: { checks }, durationMs: rest.durationMs > 0 ? rest.durationMs : durationMs };
      });
      if (!updated) return await this.#forget(id);
      this.parts.events.publish({ type: 'recordingChanged', room: updated.room, recording: id });
      const failedChecks = checks.filter((c) => !c.ok).map((c) => c.name);
      log.info({ recording: id, tookMs: Math.round(performance.now() - beganAt), failedChecks }, 'recording complete');
      await this.#releaseChunks(updated).catch((error: unknown) => log.warn({ err: error, recording: id }, 'chunks left behind'));
      return updated;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The end of all tries: the chunks stay, the recording says why. */
  async fail(id: RecordingId, sentence: string): Promise<void> {
    const updated = await this.parts.recordings.update(id, (r) => (r.status === 'processing' ? { ...r, status: 'failed', error: sentence } : r));
    if (updated) this.parts.events.publish({ type: 'recordingChanged', room: updated.room, recording: id });
  }

  async #produce(
    recording: Recording,
    folder: string,
    signal: AbortSignal | undefined,
  ): Promise<{ files: RecordingFile[]; checks: RecordingCheck[]; durationMs: number }> {
    const { objects } = this.parts;
    const raw = join(folder, 'chunks.mp4');
    const mp4 = join(folder, 'recording.mp4');
    const jpeg = join(folder, 'poster.jpg');
    const rawBytes = await fetchChunks(objects, recording.id, raw, signal);
    const timeoutMs = BASE_TIMEOUT_MS + Math.ceil(rawBytes / MIN_BYTES_PER_MS);
    await this.#remux(raw, mp4, timeoutMs, signal);
    await rm(raw);

    const [{ report, holes }, poster] = await Promise.all([
      probeFile(mp4, timeoutMs, signal).catch((cause: unknown) => {
        throw signal?.aborted ? cause : new UnusableRecording('The finished file cannot be read.', cause);
      }),
      this.#poster(mp4, jpeg, recording.durationMs * POSTER_AT, signal),
    ]);
    const checks = verify(report, holes, { durationMs: recording.durationMs > 0 ? recording.durationMs : undefined, gaps: recording.gaps });
    const missing = checks.find((c) => !c.ok && ESSENTIAL_CHECKS.includes(c.name));
    if (missing) throw new UnusableRecording(`The recording is not usable: ${missing.detail}`);
    checks.push({ name: 'poster', ok: poster, detail: poster ? 'A picture was taken from the recording.' : 'No picture could be taken from the recording.' });

    const files: RecordingFile[] = [await this.#store(recording.id, 'mp4', mp4, 'recording.mp4', 'video/mp4')];
    if (poster) files.push(await this.#store(recording.id, 'poster', jpeg, 'poster.jpg', 'image/jpeg'));
    return { files, checks, durationMs: fileDurationMs(report) };
  }

  async #remux(from: string, to: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await runCommand(remuxCommand(from, to), { timeoutMs, signal });
    } catch (error) {
      if (error instanceof FfmpegError && error.reason === 'failed') throw new UnusableRecording('The recorded data cannot be made into a file.', error);
      throw error;
    }
  }

  /** @returns false when there is no picture to be had; a recording without a poster is still a recording */
  async #poster(from: string, to: string, atMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    for (const [at, any] of [[atMs, false], [atMs, true], [0, true]] as const) {
      try {
        await runCommand(posterCommand(from, to, at, any), { timeoutMs: POSTER_TIMEOUT_MS, signal });
        if ((await stat(to)).size > 0) return true;
      } catch (error) {
        if (signal?.aborted) throw error;
        this.parts.log.debug({ err: error }, 'no poster at this place'); // FFmpeg writes no file when every picture was left out
      }
    }
    return false;
  }

  async #store(id: RecordingId, kind: RecordingFile['kind'], path: string, name: string, contentType: string): Promise<RecordingFile> {
    const { objects } = this.parts;
    const key = fileKey(id, name);
    const { bytes, sha256 } = await objects.put(key, { path }, { contentType });
    const stored = await objects.head(key);
    if (stored?.bytes !== bytes || stored.sha256 !== sha256) throw new Error(`the store does not show ${key} as it was written`);
    return { kind, key, contentType, bytes, sha256 };
  }

  /** The chunks go only when the file passed every check: a doubtful file may be made again from them. */
  async #releaseChunks(recording: Recording): Promise<void> {
    const sound = recording.report?.checks.every((c) => c.ok || c.name === 'poster') === true;
    if (sound) await this.parts.objects.deletePrefix(chunkPrefix(recording.id));
  }

  /** Deleted while we worked: what we may have stored since must not stay behind. */
  async #forget(id: RecordingId): Promise<undefined> {
    await this.parts.objects.deletePrefix(`recordings/${id}/`);
    return undefined;
  }
}
