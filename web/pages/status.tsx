import { useEffect } from 'react';
import { ALL_ROOMS } from '../api/access.ts';
import { api } from '../api/client.ts';
import type { Room } from '../api/types.ts';
import { usePolled } from '../api/use-polled.ts';
import { NodeTable } from '../components/node-table.tsx';
import { ErrorNote, Page } from '../components/page.tsx';
import { RoomTable } from '../components/room-table.tsx';
import { TokenGate } from '../components/token-gate.tsx';
import { usePageToken } from '../components/use-page-token.ts';
import { ViewingCharts } from '../components/viewing-charts.tsx';

/** Charts are asked for by room, so the page shows those with the most viewers. */
const MOST_CHARTS = 6;

export function StatusPage() {
  const token = usePageToken(ALL_ROOMS, 'operator');
  return (
    <Page title="Status" name="status" wide>
      <h1>Status</h1>
      <TokenGate room={ALL_ROOMS} token={token}>
        {(ready) => <Overview read={ready.read} refuse={ready.refuse} />}
      </TokenGate>
    </Page>
  );
}

function Overview({ read, refuse }: { read: () => Promise<string>; refuse: (error: unknown) => void }) {
  const nodes = usePolled('nodes', async () => api.nodes(await read()), 2_000);
  const rooms = usePolled('rooms', async () => api.rooms(await read()), 3_000);
  useEffect(() => refuse(nodes.error), [nodes.error, refuse]);
  const watched = mostWatched(rooms.data ?? []);
  return (
    <>
      <ErrorNote error={nodes.error ?? rooms.error} />
      <NodeTable nodes={nodes.data} loading={nodes.loading} />
      <RoomTable rooms={rooms.data} loading={rooms.loading} />
      <section className="card" aria-labelledby="viewing-title">
        <h2 id="viewing-title">Viewing</h2>
        {watched.length === 0 && <p className="quiet">No room is live. Players tell here how they start, how far behind they are and how often they stall.</p>}
        {watched.map((room) => (
          <ViewingCharts key={room.id} room={room.id} name={room.name} read={read} onError={refuse} />
        ))}
      </section>
    </>
  );
}

function mostWatched(rooms: readonly Room[]): Room[] {
  return rooms
    .filter((room) => room.status === 'live' || room.viewers > 0)
    .toSorted((a, b) => b.viewers - a.viewers || a.id.localeCompare(b.id))
    .slice(0, MOST_CHARTS);
}
