/** One restream from its job's start to its end: connection after connection, as long as it is wanted. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseDestination } from '../domain/destination.ts';
import type { RestreamId, RoomId } from '../domain/ids.ts';
import type { VideoRendition } from '../domain/rendition.ts';
import type { Logger } from '../observability/logger.ts';
import type { EventPublisher } from '../state/events.ts';
import type { RestreamStore } from '../state/restream-store.ts';
import { decide, NO_TROUBLE } from './attempt-policy.ts';
import { pushOnce } from './push-attempt.ts';
import { StatusReport } from './status-report.ts';

/** Where the programme comes from. */
export interface ProgrammeSource {
  openTail(room: RoomId, rendition: VideoRendition, signal: AbortSignal): Promise<IncomingMessage | undefined>;
  /** The room or its programme is over for good. */
  ended(room: RoomId): Promise<boolean>;
}

export interface RestreamParts {
  restreams: Pick<RestreamStore, 'get' | 'secretUrl' | 'update' | 'requestStop'>;
  events: Pick<EventPublisher, 'publish'>;
  source: ProgrammeSource;
  /** Calls `changed` when something was told about the restream; returns how to end that. A hint: it is looked at every second anyway. */
  watch?: (id: RestreamId, changed: () => void) => () => void;
  allowPrivate: boolean;
  runDir: string;
  /** Waits between tries; {@link RETRY} when absent. */
  retry?: { firstMs: number; mostMs: number };
  log: Logger;
}

const ASK_MS = 1000;

/** Returns when the restream is stopped, failed or deleted. @throws when `handOver` is aborted: the job is for another worker then */
export async function runRestream(id: RestreamId, parts: RestreamParts, handOver: AbortSignal): Promise<void> {
  const { restreams, source, log } = parts;
  const found = await restreams.get(id);
  if (!found || found.status === 'stopped' || found.status === 'failed') return;
  const { room, rendition } = found;
  const report = new StatusReport(parts, id, room, found);
  const url = await restreams.secretUrl(id);
  const unwanted = new AbortController();
  const stop = AbortSignal.any([unwanted.signal, handOver]);
  const ask = (): void => {
    restreams.secretUrl(id).then(
      (wanted) => (wanted === undefined ? unwanted.abort() : undefined),
      () => undefined, // Redis is away: a running push goes on
    );
  };
  const asking = setInterval(ask, ASK_MS);
  const unwatch = parts.watch?.(id, ask);
  try {
    if (url === undefined) {
      report.set({ status: 'stopped' });
      return;
    }
    const destination = parseDestination(url);
    let trouble = NO_TROUBLE;
    let earlierBytes = found.bytesSent;
    for (;;) {
      let attemptBytes = 0;
      const end = await pushOnce(
        {
          destination,
          allowPrivate: parts.allowPrivate,
          runDir: parts.runDir,
          openTail: (signal) => source.openTail(room, rendition, signal),
          programmeEnded: () => source.ended(room),
          onProgress: ({ live, bytes }) => {
            attemptBytes = bytes;
            report.set(live ? { status: 'live', bytesSent: earlierBytes + bytes, lastError: undefined } : { bytesSent: earlierBytes + bytes });
          },
        },
        stop,
      );
      earlierBytes += attemptBytes;
      handOver.throwIfAborted();
      const decision = decide(end, trouble, performance.now(), parts.retry);
      if (decision.next === 'end') {
        report.set(decision.status === 'failed' ? { status: 'failed', lastError: decision.sentence } : { status: 'stopped' });
        log.info({ restream: id, room, status: decision.status, because: end.kind, bytesSent: earlierBytes }, 'restream ended');
        await restreams.requestStop(id); // the key is not needed any more
        return;
      }
      trouble = decision.trouble;
      if (decision.sentence !== undefined) {
        report.set({ status: 'reconnecting', lastError: decision.sentence });
        log.warn({ restream: id, room, failures: trouble.failures, sentence: decision.sentence }, 'restream interrupted');
      } else if (report.status === 'live') report.set({ status: 'reconnecting' });
      await delay(decision.delayMs, undefined, { signal: stop }).catch(() => undefined);
      handOver.throwIfAborted();
    }
  } finally {
    clearInterval(asking);
    unwatch?.();
    await report.flush();
  }
}
