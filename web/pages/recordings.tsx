import { useEffect, useState } from 'react';
import { ALL_ROOMS } from '../api/access.ts';
import { inWords } from '../api/api-error.ts';
import { api, withToken } from '../api/client.ts';
import type { Recording } from '../api/types.ts';
import { usePolled } from '../api/use-polled.ts';
import { Badge, ErrorNote, Loading, Page } from '../components/page.tsx';
import { TokenGate } from '../components/token-gate.tsx';
import { usePageToken } from '../components/use-page-token.ts';
import { clockOf, counted, momentOf, sizeOf } from '../components/words.ts';
import { Link } from '../routing.tsx';

export function RecordingsPage() {
  const token = usePageToken(ALL_ROOMS, 'operator');
  return (
    <Page title="Recordings" name="recordings">
      <h1>Recordings</h1>
      <TokenGate room={ALL_ROOMS} token={token}>
        {(ready) => <RecordingList key={ready.initial} read={ready.read} refuse={ready.refuse} room={ready.room === ALL_ROOMS ? undefined : ready.room} />}
      </TokenGate>
    </Page>
  );
}

function RecordingList({ read, refuse, room }: { read: () => Promise<string>; refuse: (error: unknown) => void; room: string | undefined }) {
  const load = async (): Promise<{ token: string; list: Recording[] }> => {
    const token = await read();
    return { token, list: await api.recordings(token, room) };
  };
  const recordings = usePolled(`recordings ${room ?? ''}`, load, 3_000);
  useEffect(() => refuse(recordings.error), [recordings.error, refuse]);
  const remove = async (recording: Recording): Promise<void> => {
    await api.deleteRecording(await read(), recording.id);
    recordings.refresh();
  };
  const token = recordings.data?.token ?? '';
  const sorted = recordings.data?.list.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
  return (
    <>
      <ErrorNote error={recordings.error} />
      {recordings.loading && <Loading what="the recordings" />}
      {sorted?.length === 0 && (
        <section className="card empty" data-testid="no-recordings">
          <h2>Nothing recorded yet</h2>
          <p>
            Start a recording in the studio of a <Link href="/">room</Link>; it appears here when it ends.
          </p>
        </section>
      )}
      {sorted && sorted.length > 0 && (
        <ul className="recordings" aria-label="Recordings">
          {sorted.map((recording) => (
            <RecordingCard key={recording.id} recording={recording} token={token} onDelete={() => remove(recording)} />
          ))}
        </ul>
      )}
    </>
  );
}

const STATUS = {
  recording: { words: 'Recording', tone: 'bad' },
  paused: { words: 'Paused', tone: 'busy' },
  processing: { words: 'Processing', tone: 'busy' },
  complete: { words: 'Ready', tone: 'good' },
  failed: { words: 'Failed', tone: 'bad' },
} as const;

const REASONS: Readonly<Record<string, string>> = {
  mixerRestart: 'the mixer was restarted',
  originRestart: 'the origin was restarted',
  paused: 'paused',
  stalled: 'the picture stalled',
};

function RecordingCard({ recording, token, onDelete }: { recording: Recording; token: string; onDelete: () => Promise<void> }) {
  /** The token the player started with: a renewed one must not make it load again. */
  const [playing, setPlaying] = useState<string>();
  const [error, setError] = useState<string>();
  const [now, setNow] = useState(Date.now());
  const running = recording.status === 'recording';
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [running]);

  const title = recording.name || `Recording of ${recording.room}`;
  const mp4 = recording.files.find((file) => file.kind === 'mp4');
  const poster = recording.files.find((file) => file.kind === 'poster');
  const download = withToken(`/api/recordings/${encodeURIComponent(recording.id)}/download`, token);
  const durationMs = running ? Math.max(recording.durationMs, now - Date.parse(recording.startedAt)) : recording.durationMs;
  const status = STATUS[recording.status];

  const ask = (): void => {
    if (!window.confirm(`Delete “${title}” for good?`)) return;
    onDelete().catch((reason: unknown) => setError(inWords(reason)));
  };

  return (
    <li className="card recording" data-testid={`recording-${recording.id}`} data-status={recording.status}>
      {mp4 && recording.status === 'complete' && (
        <div className="picture">
          {playing ? (
            <video src={withToken(mp4.url, playing)} poster={poster && withToken(poster.url, token)} controls autoPlay playsInline aria-label={title} onError={() => setError('The recording could not be played.')} />
          ) : (
            <button type="button" className="poster" onClick={() => setPlaying(token)} aria-label={`Play ${title}`}>
              {poster && <img src={withToken(poster.url, token)} alt="" loading="lazy" />}
              <span aria-hidden="true">▶</span>
            </button>
          )}
        </div>
      )}
      <div className="text">
        <div className="between">
          <h2>{title}</h2>
          <Badge tone={status.tone}>{status.words}</Badge>
        </div>
        <p className="facts">
          <span>Room {recording.room}</span>
          <span>{momentOf(recording.startedAt)}</span>
          <span>{clockOf(durationMs)}</span>
          {mp4 && <span>{sizeOf(mp4.bytes)}</span>}
        </p>
        {recording.status === 'processing' && (
          <div role="status">
            <p>The file is being put together and checked…</p>
            <progress aria-label={`Processing ${title}`} />
          </div>
        )}
        {recording.status === 'failed' && <ErrorNote error={recording.error ?? 'The recording could not be finished.'} />}
        {recording.gaps.length > 0 && (
          <details>
            <summary>{counted(recording.gaps.length, 'gap')} in it</summary>
            <ul>
              {recording.gaps.map((gap) => (
                <li key={`${gap.atMs}-${gap.reason}`}>
                  at {clockOf(gap.atMs)}, {(gap.lengthMs / 1000).toFixed(1)} s: {REASONS[gap.reason] ?? gap.reason}
                </li>
              ))}
            </ul>
          </details>
        )}
        <ErrorNote error={error} />
        <div className="row">
          {mp4 && recording.status === 'complete' && (
            <a className="button" href={download} download>
              Download<span className="hidden"> {title}</span>
            </a>
          )}
          {running && (
            <Link className="button" href={`/studio/${recording.room}`}>
              Open the studio
            </Link>
          )}
          <button type="button" className="plain end" onClick={ask} disabled={recording.status !== 'complete' && recording.status !== 'failed'}>
            Delete<span className="hidden"> {title}</span>
          </button>
        </div>
      </div>
    </li>
  );
}
