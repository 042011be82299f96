import { useEffect, useId, useState, type FormEvent } from 'react';
import { inWords } from '../api/api-error.ts';
import { api } from '../api/client.ts';
import type { Restream } from '../api/types.ts';
import type { Live } from '../api/use-live.ts';
import { usePolled } from '../api/use-polled.ts';
import { Badge, ErrorNote } from './page.tsx';
import { sizeOf } from './words.ts';

const TONES: Record<Restream['status'], 'good' | 'busy' | 'bad' | 'quiet'> = { connecting: 'busy', live: 'good', reconnecting: 'busy', failed: 'bad', stopped: 'quiet' };
const WORDS: Record<Restream['status'], string> = { connecting: 'Connecting', live: 'Live', reconnecting: 'Connecting again', failed: 'Failed', stopped: 'Stopped' };

/** Sends the programme on to RTMP and SRT destinations. */
export function RestreamControl({ room, read, live }: { room: string; read: () => Promise<string>; live: Live }) {
  const polled = usePolled(`restreams ${room}`, async () => api.restreams(await read(), room), 3_000);
  const [url, setUrl] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const id = useId();
  const refresh = polled.refresh;
  useEffect(() => refresh(), [live.restreams, refresh]);

  const act = async (work: (token: string) => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    try {
      await work(await read());
      return true;
    } catch (reason) {
      setError(inWords(reason));
      return false;
    } finally {
      refresh();
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void act((token) => api.startRestream(token, room, url.trim())).then((done) => done && setUrl(''));
  };
  const shown = polled.data ?? [];

  return (
    <section className="card" aria-labelledby={`${id}-title`} data-testid="restreams">
      <h2 id={`${id}-title`}>Restream</h2>
      <form className="row" onSubmit={submit}>
        <label className="grow" htmlFor={`${id}-url`}>
          Address with stream key
          <input
            id={`${id}-url`}
            name="restream-url"
            value={url}
            onChange={(e) => setUrl(e.target.value)}
            placeholder="rtmp://live.example.com/app/key"
            pattern="(rtmps?|srt)://.+"
            title="An address that begins with rtmp://, rtmps:// or srt://"
            required
            autoComplete="off"
            spellCheck={false}
          />
        </label>
        <button type="submit" className="primary" disabled={busy} data-testid="start-restream">
          Start
        </button>
      </form>
      <ErrorNote error={error} />
      {shown.length > 0 && (
        <ul className="plain-list" aria-label="Destinations" aria-live="polite">
          {shown.map((restream) => (
            <li key={restream.id} data-testid={`restream-${restream.id}`} data-status={restream.status}>
              <div className="between">
                <code>{restream.url}</code>
                <Badge tone={TONES[restream.status]}>{WORDS[restream.status]}</Badge>
              </div>
              <div className="row">
                <span className="quiet">{sizeOf(restream.bytesSent)} sent</span>
                {restream.lastError && <span className="wrong">{restream.lastError}</span>}
                {restream.status !== 'stopped' && restream.status !== 'failed' && (
                  <button type="button" className="plain end" disabled={busy} onClick={() => void act((token) => api.stopRestream(token, room, restream.id))}>
                    Stop
                  </button>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
