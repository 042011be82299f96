import { useState } from 'react';
import { inWords } from '../api/api-error.ts';
import { api } from '../api/client.ts';
import type { Participant, ParticipantPatch } from '../api/types.ts';
import type { Live } from '../api/use-live.ts';
import { usePolled } from '../api/use-polled.ts';
import { levelOf } from '../media/use-level.ts';
import { LevelBar } from './level-bar.tsx';
import { ErrorNote } from './page.tsx';
import { Slider } from './slider.tsx';

/** Who is in the room, with their levels, and what a host may do about it. */
export function ParticipantList({ room, read, live }: { room: string; read: () => Promise<string>; live: Live }) {
  // the events tell at once; asking is for when they are away, and for what they have missed
  const polled = usePolled(`participants ${room}`, async () => api.participants(await read(), room), 4_000);
  const [error, setError] = useState<string>();
  const participants = live.connected && live.room ? live.participants : (polled.data ?? []);

  const act = async (work: (token: string) => Promise<unknown>): Promise<void> => {
    setError(undefined);
    try {
      await work(await read());
      polled.refresh();
    } catch (reason) {
      setError(inWords(reason));
    }
  };
  return (
    <section className="card" aria-labelledby="participants-title">
      <h2 id="participants-title">
        Participants <span className="quiet">{participants.length}</span>
      </h2>
      <ErrorNote error={error ?? (live.connected ? undefined : polled.error)} />
      {participants.length === 0 && <p className="quiet">Nobody is here yet. Send somebody the address of the join page.</p>}
      <ul className="participants" data-testid="participants">
        {participants.map((participant) => (
          <Person
            key={participant.id}
            participant={participant}
            speaking={live.activeSpeaker === participant.id}
            level={levelOf(live.levels[participant.id] ?? -100)}
            onPatch={(patch) => act((token) => api.patchParticipant(token, room, participant.id, patch))}
            onRemove={() => act((token) => api.removeParticipant(token, room, participant.id))}
          />
        ))}
      </ul>
    </section>
  );
}

/** Twice is 6 dB more; the API takes up to 4. */
const LOUDEST = 2;

interface PersonProps {
  participant: Participant;
  speaking: boolean;
  level: number;
  onPatch: (patch: ParticipantPatch) => Promise<void>;
  onRemove: () => Promise<void>;
}

function Person({ participant, speaking, level, onPatch, onRemove }: PersonProps) {
  const { name, audioMuted, videoHidden, microphoneOff, pinned, gain, publications } = participant;
  const sources = publications.map((p) => (p.source === 'screen' ? 'screen' : [p.video && 'camera', p.audio && 'microphone'].filter(Boolean).join(' and '))).filter((s) => s !== '');
  const remove = (): void => {
    if (window.confirm(`Remove ${name} from the room?`)) void onRemove();
  };
  return (
    <li className={speaking ? 'speaking' : undefined} data-testid={`participant-${participant.id}`} data-speaking={speaking} data-muted={audioMuted} data-hidden={videoHidden} data-pinned={pinned} data-gain={gain}>
      <div className="between">
        <span className="who">
          {name} {speaking && <span className="badge good">speaks</span>}
        </span>
        <LevelBar level={audioMuted ? 0 : level} label={`Level of ${name}`} />
      </div>
      <p className="facts">
        <span>{participant.role}</span>
        <span>{sources.length > 0 ? sources.join(', ') : 'sends nothing'}</span>
        {microphoneOff && <span>microphone off</span>}
      </p>
      {publications.some((p) => p.audio) && <Slider label="Volume" of={name} value={Math.min(gain, LOUDEST)} min={0} max={LOUDEST} step={0.05} format={(n) => `${Math.round(n * 100)} %`} onChange={(next) => void onPatch({ gain: next })} testId={`gain-${participant.id}`} />}
      <div className="row small">
        <button type="button" aria-pressed={audioMuted} onClick={() => void onPatch({ audioMuted: !audioMuted })}>
          {audioMuted ? 'Unmute' : 'Mute'}
          <span className="hidden"> {name}</span>
        </button>
        <button type="button" aria-pressed={videoHidden} onClick={() => void onPatch({ videoHidden: !videoHidden })}>
          {videoHidden ? 'Show' : 'Hide'}
          <span className="hidden"> {name}</span>
        </button>
        <button type="button" aria-pressed={pinned} onClick={() => void onPatch({ pinned: !pinned })}>
          {pinned ? 'Unpin' : 'Pin'}
          <span className="hidden"> {name}</span>
        </button>
        <button type="button" className="plain end" onClick={remove}>
          Remove<span className="hidden"> {name}</span>
        </button>
      </div>
    </li>
  );
}
