import { useEffect, useId, useState, type FormEvent } from 'react';
import { ALL_ROOMS } from '../api/access.ts';
import { api } from '../api/client.ts';
import { inWords } from '../api/api-error.ts';
import type { LayoutPreset, Room } from '../api/types.ts';
import { usePolled } from '../api/use-polled.ts';
import { LAYOUTS, layoutName } from '../components/layouts.ts';
import { Badge, ErrorNote, Loading, Page } from '../components/page.tsx';
import { TokenGate } from '../components/token-gate.tsx';
import { usePageToken } from '../components/use-page-token.ts';
import { counted, momentOf } from '../components/words.ts';
import { Link, navigate } from '../routing.tsx';

export function RoomsPage() {
  const token = usePageToken(ALL_ROOMS, 'operator');
  return (
    <Page title="Tessera" name="rooms">
      <h1>Rooms</h1>
      <p className="lead">Many participants, one stream: everyone in a room is mixed into one programme that plays anywhere.</p>
      <TokenGate room={ALL_ROOMS} token={token}>
        {(ready) => <RoomList read={ready.read} refuse={ready.refuse} />}
      </TokenGate>
    </Page>
  );
}

function RoomList({ read, refuse }: { read: () => Promise<string>; refuse: (error: unknown) => void }) {
  const rooms = usePolled('rooms', async () => api.rooms(await read()), 3_000);
  const [message, setMessage] = useState('');
  useEffect(() => refuse(rooms.error), [rooms.error, refuse]);

  const create = async (id: string, name: string, preset: LayoutPreset): Promise<Room> => {
    const room = await api.createRoom(await read(), { ...(id ? { id } : {}), ...(name ? { name } : {}), layout: { preset } });
    setMessage(`The room ${room.name} is there.`);
    rooms.refresh();
    return room;
  };
  const remove = async (room: Room): Promise<void> => {
    await api.deleteRoom(await read(), room.id);
    setMessage(`The room ${room.name} was deleted.`);
    rooms.refresh();
  };

  return (
    <>
      <p className="hidden" role="status">
        {message}
      </p>
      <ErrorNote error={rooms.error} />
      {rooms.loading && <Loading what="the rooms" />}
      {rooms.data?.length === 0 && (
        <section className="card empty" data-testid="no-rooms">
          <h2>No rooms yet</h2>
          <p>Make one below, or start with one click: a room with a fresh name, and your camera in it.</p>
        </section>
      )}
      {rooms.data && rooms.data.length > 0 && (
        <ul className="rooms" aria-label="Rooms">
          {rooms.data.map((room) => (
            <RoomCard key={room.id} room={room} onDelete={() => remove(room)} />
          ))}
        </ul>
      )}
      <CreateRoom create={create} />
    </>
  );
}

function RoomCard({ room, onDelete }: { room: Room; onDelete: () => Promise<void> }) {
  const [error, setError] = useState<string>();
  const ask = (): void => {
    if (!window.confirm(`Delete the room “${room.name}”? Everyone in it is disconnected; recordings are kept.`)) return;
    onDelete().catch((reason: unknown) => setError(inWords(reason)));
  };
  const ended = room.status === 'ended';
  return (
    <li className="card room" data-testid={`room-${room.id}`} data-status={room.status}>
      <div className="between">
        <h2>{room.name}</h2>
        <Badge tone={room.status === 'live' ? 'good' : 'quiet'}>{room.status === 'live' ? 'Live' : ended ? 'Ended' : 'Idle'}</Badge>
      </div>
      <p className="facts">
        <span>{room.id}</span>
        <span>{counted(room.participants, 'participant')}</span>
        <span>{layoutName(room.layout.preset)}</span>
        <span>
          {room.video.width}×{room.video.height}
        </span>
        <span>since {momentOf(room.createdAt)}</span>
      </p>
      {room.mix.status === 'recovering' && <p className="facts">The mix is being started again.</p>}
      <ErrorNote error={error} />
      <div className="row">
        {!ended && (
          <>
            <Link className="button primary" href={`/join/${room.id}`}>
              Join<span className="hidden"> {room.name}</span>
            </Link>
            <Link className="button" href={`/watch/${room.id}`}>
              Watch<span className="hidden"> {room.name}</span>
            </Link>
            <Link className="button" href={`/studio/${room.id}`}>
              Studio<span className="hidden"> {room.name}</span>
            </Link>
          </>
        )}
        <button type="button" className="plain end" onClick={ask}>
          Delete<span className="hidden"> {room.name}</span>
        </button>
      </div>
    </li>
  );
}

function CreateRoom({ create }: { create: (id: string, name: string, preset: LayoutPreset) => Promise<Room> }) {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [preset, setPreset] = useState<LayoutPreset>('grid');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const prefix = useId();

  const run = (work: () => Promise<void>): void => {
    setBusy(true);
    setError(undefined);
    work()
      .catch((reason: unknown) => setError(inWords(reason)))
      .finally(() => setBusy(false));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    run(async () => {
      await create(id.trim(), name.trim(), preset);
      setId('');
      setName('');
    });
  };
  const quickStart = (): void =>
    run(async () => {
      const room = await create('', 'Quick meeting', 'grid');
      navigate(`/join/${room.id}`);
    });

  return (
    <section className="card" aria-labelledby={`${prefix}-title`}>
      <div className="between">
        <h2 id={`${prefix}-title`}>New room</h2>
        <button type="button" onClick={quickStart} disabled={busy} data-testid="quick-start">
          Quick start
        </button>
      </div>
      <form onSubmit={submit} className="fields" data-testid="create-room">
        <label>
          Name
          <input value={name} onChange={(e) => setName(e.target.value)} maxLength={100} placeholder="Team meeting" name="name" />
        </label>
        <label>
          Id in the address <small>(made up when empty)</small>
          <input
            value={id}
            onChange={(e) => setId(e.target.value)}
            maxLength={64}
            pattern="[A-Za-z0-9_\-]{1,64}"
            title="Letters, digits, _ and -, at most 64"
            placeholder="team-meeting"
            name="id"
            autoCapitalize="none"
            spellCheck={false}
          />
        </label>
        <label>
          Layout
          <select value={preset} onChange={(e) => setPreset(e.target.value as LayoutPreset)} name="layout">
            {LAYOUTS.map((layout) => (
              <option key={layout.preset} value={layout.preset}>
                {layout.name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="primary" disabled={busy}>
          Create the room
        </button>
      </form>
      <ErrorNote error={error} />
    </section>
  );
}
