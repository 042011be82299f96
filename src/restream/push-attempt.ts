/** One connection to a destination, from the tail's first byte to its end. */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { pushCommand, pushPreset, type PushEndpoint } from '../../pipelines/ffmpeg/push.ts';
import { FfmpegError, runCommand } from '../../pipelines/ffmpeg/run-command.ts';
import type { Destination } from '../domain/destination.ts';
import { AppError } from '../domain/errors.ts';
import type { AttemptEnd } from './attempt-policy.ts';
import { ByteProgress } from './byte-progress.ts';
import { resolveAddress } from './destination-address.ts';
import { failureSentence } from './failure-sentence.ts';
import { openRelay, type Relay } from './relay.ts';

export interface AttemptParts {
  destination: Destination;
  allowPrivate: boolean;
  /** Endless fragmented MP4; undefined when there is nothing to send now. */
  openTail(signal: AbortSignal): Promise<IncomingMessage | undefined>;
  /** Asked when the tail ended in order: is the programme over, or only its origin being replaced? */
  programmeEnded(): Promise<boolean>;
  /** Folder for the preset file, mode 0700. */
  runDir: string;
  /** Called about once a second; `bytes` counts from this connection's beginning. */
  onProgress(progress: { live: boolean; bytes: number }): void;
}

const TICK_MS = 1000;
/** FFmpeg may say goodbye to the server for this long once its input has ended. */
const GOODBYE_MS = 1500;

export async function pushOnce(parts: AttemptParts, stop: AbortSignal): Promise<AttemptEnd> {
  const { destination } = parts;
  const over = new AbortController();
  const presetPath = join(parts.runDir, `push-${randomUUID()}.preset`);
  const progress = new ByteProgress(performance.now());
  let relay: Relay | undefined;
  let tail: IncomingMessage | undefined;
  let stalled = false;
  try {
    const address = await resolveAddress(destination.host, parts.allowPrivate);
    if (stop.aborted) return { kind: 'stopped' };
    // the tail first: without a programme there is no reason to knock at the destination
    tail = await parts.openTail(stop);
    if (!tail) return stop.aborted ? { kind: 'stopped' } : (await parts.programmeEnded()) ? { kind: 'programmeEnded' } : { kind: 'noProgramme' };
    let endpoint: PushEndpoint = { address, port: destination.port };
    if (destination.protocol !== 'srt') {
      relay = await openRelay({ address, port: destination.port, tlsName: destination.protocol === 'rtmps' ? destination.host : undefined }, stop);
      endpoint = { address: '127.0.0.1', port: relay.port };
    }
    await writeFile(presetPath, pushPreset(destination), { mode: 0o600, flag: 'wx' });

    const feed = new PassThrough();
    let tailEnd: 'running' | 'orderly' | 'broken' = 'running';
    tail.once('end', () => (tailEnd = 'orderly')).once('error', () => {
      if (tailEnd === 'running') tailEnd = 'broken';
      feed.end();
    });
    tail.pipe(feed);
    const goodbye = (): void => {
      tail?.unpipe(feed);
      feed.end();
      delay(GOODBYE_MS, undefined, { ref: false }).then(() => over.abort(), () => undefined);
    };
    if (stop.aborted) goodbye();
    stop.addEventListener('abort', goodbye, { once: true, signal: over.signal });

    const tick = setInterval(() => {
      const now = performance.now();
      if (relay) progress.note(relay.bytesSent(), now);
      if (progress.live) void rm(presetPath, { force: true }).catch(() => undefined); // read long ago
      parts.onProgress({ live: progress.live, bytes: progress.bytes });
      if (!progress.stalled(now) || stop.aborted) return;
      stalled = true;
      over.abort();
    }, TICK_MS);
    let lines: string[];
    try {
      lines = await runCommand(pushCommand(destination.protocol, endpoint, presetPath), {
        stdin: feed,
        signal: over.signal,
        onOutputBytes: relay ? undefined : (bytes) => progress.note(bytes, performance.now()),
      });
    } catch (error) {
      if (!(error instanceof FfmpegError)) throw error;
      lines = error.lines;
    } finally {
      clearInterval(tick);
      if (relay) progress.note(relay.bytesSent(), performance.now());
    }
    parts.onProgress({ live: false, bytes: progress.bytes });
    if (stop.aborted) return { kind: 'stopped' };
    if (stalled) return { kind: 'broken', sentence: 'The destination took no data for 10 s.', liveMs: progress.liveMs };
    if (tailEnd !== 'running') return (await parts.programmeEnded()) ? { kind: 'programmeEnded' } : { kind: 'noProgramme' };
    return { kind: 'broken', sentence: failureSentence(lines, destination), liveMs: progress.liveMs };
  } catch (error) {
    if (stop.aborted) return { kind: 'stopped' };
    if (error instanceof AppError && error.code === 'invalidDestination') return { kind: 'refused', sentence: error.message };
    if (error instanceof AppError && error.code === 'destinationFailed') return { kind: 'broken', sentence: error.message, liveMs: 0 };
    throw error;
  } finally {
    over.abort();
    relay?.close();
    tail?.destroy();
    await rm(presetPath, { force: true });
  }
}
