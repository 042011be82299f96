import { useEffect, useState } from 'react';
import { inWords } from '../api/api-error.ts';
import { api } from '../api/client.ts';
import type { Room } from '../api/types.ts';
import { useLive } from '../api/use-live.ts';
import { usePolled } from '../api/use-polled.ts';
import { Chat } from '../components/chat.tsx';
import { degradedWords, MIX_WORDS } from '../components/mix-words.ts';
import { Badge, ErrorNote, Loading, Page } from '../components/page.tsx';
import { ParticipantList } from '../components/participant-list.tsx';
import { dataStateOf, Programme } from '../components/programme.tsx';
import { RecordingControl } from '../components/recording-control.tsx';
import { RestreamControl } from '../components/restream-control.tsx';
import { LayoutPanel } from '../components/studio/layout-panel.tsx';
import { OverlaysPanel } from '../components/studio/overlays-panel.tsx';
import { Tabs } from '../components/tabs.tsx';
import { TokenGate } from '../components/token-gate.tsx';
import { usePageToken } from '../components/use-page-token.ts';
import { useWhep } from '../media/use-whep.ts';
import { Link } from '../routing.tsx';

export function StudioPage({ room }: { room: string }) {
  const token = usePageToken(room, 'host');
  if (token.status === 'ready') return <Studio id={room} read={token.read} refuse={token.refuse} own={token.own} />;
  return (
    <Page title={`Studio ${room}`} name="studio">
      <h1>Studio {room}</h1>
      <TokenGate room={room} token={token}>
        {() => null}
      </TokenGate>
    </Page>
  );
}

interface StudioProps {
  id: string;
  read: () => Promise<string>;
  refuse: (error: unknown) => void;
  own: string | undefined;
}

function Studio({ id, read, refuse, own }: StudioProps) {
  const found = usePolled(`room ${id}`, async () => api.room(await read(), id), 5_000);
  useEffect(() => refuse(found.error), [found.error, refuse]);
  if (!found.data) {
    return (
      <Page title={`Studio ${id}`} name="studio" data={{ 'data-testid': 'studio', 'data-state': found.loading ? 'connecting' : 'error' }}>
        <h1>Studio {id}</h1>
        {found.loading && <Loading what="the room" />}
        <ErrorNote error={found.error}>
          <div className="row">
            <button type="button" onClick={found.refresh}>
              Try again
            </button>
            <Link className="button" href="/">
              All rooms
            </Link>
          </div>
        </ErrorNote>
      </Page>
    );
  }
  return <Control room={found.data} error={found.error} read={read} own={own} />;
}

function Control({ room: polled, error, read, own }: { room: Room; error: unknown; read: () => Promise<string>; own: string | undefined }) {
  const live = useLive(polled.id, read);
  const room = live.connected ? (live.room ?? polled) : polled;
  const programme = useWhep(polled.id, read, { audio: true }, live.room?.mix.status === 'running');
  const [muted, setMuted] = useState(true);
  const degraded = room.mix.status === 'running' ? room.mix.degraded : null;
  const [ending, setEnding] = useState<string>();

  const end = async (): Promise<void> => {
    if (!window.confirm(`End “${room.name}” for everyone? Recordings are finished and kept.`)) return;
    try {
      await api.deleteRoom(await read(), room.id);
      setEnding('The room was ended.');
    } catch (reason) {
      setEnding(inWords(reason));
    }
  };

  return (
    <Page title={`Studio ${room.name}`} name="studio" wide data={{ 'data-testid': 'studio', 'data-state': live.ended ? 'ended' : dataStateOf(programme), 'data-room-status': room.status, 'data-mix': room.mix.status, 'data-degraded': degraded?.step }}>
      <div className="between">
        <h1>{room.name}</h1>
        <span className="row">
          <Badge tone={room.status === 'live' ? 'good' : 'quiet'}>{room.status === 'live' ? 'Live' : room.status === 'ended' ? 'Ended' : 'Idle'}</Badge>
          <Badge tone={room.mix.status === 'running' ? 'good' : room.mix.status === 'recovering' ? 'bad' : 'quiet'}>{MIX_WORDS[room.mix.status]}</Badge>
        </span>
      </div>
      <ErrorNote error={error} />
      {(ending !== undefined || live.ended) && (
        <p className="note" role="status">
          {ending ?? 'The room has ended.'} <Link href="/recordings">See the recordings</Link>
        </p>
      )}
      {degraded && (
        <p className="note" role="status" data-testid="degraded" data-step={degraded.step}>
          {degradedWords(degraded)}
        </p>
      )}
      <div className="studio">
        <div className="monitor">
          <Programme view={programme} muted={muted} label={`Programme of ${room.name}`} waiting="The mix starts when somebody is in the room." />
          <div className="row bar">
            <button type="button" aria-pressed={!muted} onClick={() => setMuted(!muted)}>
              {muted ? 'Listen' : 'Mute the preview'}
            </button>
            <Link className="button" href={`/join/${room.id}`} target="_blank">
              Join
            </Link>
            <Link className="button" href={`/watch/${room.id}`} target="_blank">
              Watch
            </Link>
            <button type="button" className="danger end" onClick={() => void end()}>
              End the room
            </button>
          </div>
          <RecordingControl room={room.id} read={read} live={live} />
        </div>
        <Tabs
          label="Controls of the room"
          tabs={[
            { name: 'people', title: 'People', note: live.connected ? live.participants.length : room.participants, content: <ParticipantList room={room.id} read={read} live={live} /> },
            { name: 'layout', title: 'Layout', content: <LayoutPanel room={room} read={read} participants={live.participants} /> },
            { name: 'overlays', title: 'Overlays', content: <OverlaysPanel room={room} read={read} /> },
            { name: 'restream', title: 'Restream', content: <RestreamControl room={room.id} read={read} live={live} /> },
            { name: 'chat', title: 'Chat', content: <Chat live={live} own={own} /> },
          ]}
        />
      </div>
    </Page>
  );
}
