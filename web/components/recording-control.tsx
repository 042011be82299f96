import { useEffect, useState } from 'react';
import { inWords } from '../api/api-error.ts';
import { api } from '../api/client.ts';
import type { Recording } from '../api/types.ts';
import type { Live } from '../api/use-live.ts';
import { usePolled } from '../api/use-polled.ts';
import { Link } from '../routing.tsx';
import { ErrorNote } from './page.tsx';
import { clockOf } from './words.ts';

/** Starts and stops the room's recording. */
export function RecordingControl({ room, read, live }: { room: string; read: () => Promise<string>; live: Live }) {
  const polled = usePolled(`recordings ${room}`, async () => api.recordings(await read(), room), 4_000);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [now, setNow] = useState(Date.now());
  // an event says that something changed; the list itself is asked for
  const refresh = polled.refresh;
  useEffect(() => refresh(), [live.recordings, refresh]);

  const newest = polled.data?.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
  const running = newest?.find((r) => r.status === 'recording' || r.status === 'paused');
  const last = newest?.[0];
  const isRunning = running !== undefined;
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isRunning]);

  const act = async (work: (token: string) => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await work(await read());
    } catch (reason) {
      setError(inWords(reason));
    }
    refresh();
    setBusy(false);
  };

  return (
    <section className="card" aria-labelledby="recording-title" data-testid="recording" data-status={running?.status ?? 'off'} data-recording={running?.id ?? last?.id}>
      <div className="between">
        <h2 id="recording-title">Recording</h2>
        {running && (
          <span className="timer" data-testid="recording-elapsed">
            <span className="dot" aria-hidden="true" /> {clockOf(now - Date.parse(running.startedAt))}
          </span>
        )}
      </div>
      <p className="hidden" role="status">
        {running ? 'Recording' : ''}
      </p>
      <div className="row">
        {running ? (
          <button type="button" className="danger" disabled={busy} onClick={() => void act((token) => api.stopRecording(token, running.id))} data-testid="stop-recording">
            Stop the recording
          </button>
        ) : (
          <button type="button" className="primary" disabled={busy || polled.loading} onClick={() => void act((token) => api.startRecording(token, room))} data-testid="start-recording">
            Start recording
          </button>
        )}
        {!running && last && <span className="quiet">{lastWords(last)}</span>}
        <Link href="/recordings">All recordings</Link>
      </div>
      <ErrorNote error={error} />
    </section>
  );
}

function lastWords(last: Recording): string {
  switch (last.status) {
    case 'processing':
      return 'The last one is being put together…';
    case 'complete':
      return `The last one is ready (${clockOf(last.durationMs)}).`;
    case 'failed':
      return 'The last one failed.';
    case 'recording':
    case 'paused':
      return '';
  }
}
