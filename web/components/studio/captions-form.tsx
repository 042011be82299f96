import { useState, type FormEvent } from 'react';
import { inWords } from '../../api/api-error.ts';
import { api } from '../../api/client.ts';
import type { Overlays } from '../../api/types.ts';
import { ErrorNote } from '../page.tsx';
import { Switch } from '../switch.tsx';
import { OverlaySection } from './overlay-section.tsx';
import type { Patch } from './pending.ts';

/** Switches captions and lets a host write them by hand; otherwise a service for it pushes them through the API. */
export function CaptionsForm({ room, read, overlays, change }: { room: string; read: () => Promise<string>; overlays: Overlays; change: (patch: Patch<Overlays>) => void }) {
  const [text, setText] = useState('');
  const [speaker, setSpeaker] = useState('');
  const [sent, setSent] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const on = overlays.captions === true;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const line = text.trim();
    if (line === '' || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await api.pushCaption(await read(), room, { text: line, ...(speaker.trim() === '' ? {} : { speaker: speaker.trim() }) });
      setSent(line);
      setText('');
    } catch (reason) {
      setError(`The line was not shown. ${inWords(reason)}`);
    }
    setBusy(false);
  };
  return (
    <OverlaySection title="Captions" name="captions" onAir={on}>
      <Switch label="Show captions" hint="that come through the API or from here" checked={on} onChange={(captions) => change({ captions })} testId="captions-switch" />
      <form className="fields one" onSubmit={(event) => void submit(event)}>
        <label>
          Who says it <small>if it matters</small>
          <input name="caption-speaker" value={speaker} onChange={(e) => setSpeaker(e.target.value)} maxLength={64} autoComplete="off" />
        </label>
        <label>
          Line
          <input name="caption-text" value={text} onChange={(e) => setText(e.target.value)} maxLength={300} autoComplete="off" />
        </label>
        <div className="row small">
          <button type="submit" className="primary" disabled={!on || busy || text.trim() === ''} data-testid="caption-send">
            Show the line
          </button>
          <span className="quiet" role="status">
            {!on ? 'Captions are off.' : sent === '' ? '' : `Shown: ${sent}`}
          </span>
        </div>
      </form>
      <ErrorNote error={error} />
    </OverlaySection>
  );
}
