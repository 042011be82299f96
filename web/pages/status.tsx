import { useEffect } from 'react';
import { ALL_ROOMS } from '../api/access.ts';
import { api } from '../api/client.ts';
import { usePolled } from '../api/use-polled.ts';
import { MIX_WORDS, STEP_NAMES } from '../components/mix-words.ts';
import { Badge, ErrorNote, Loading, Page } from '../components/page.tsx';
import { TokenGate } from '../components/token-gate.tsx';
import { usePageToken } from '../components/use-page-token.ts';
import { clockOf } from '../components/words.ts';
import { Link } from '../routing.tsx';

export function StatusPage() {
  const token = usePageToken(ALL_ROOMS, 'operator');
  return (
    <Page title="Status" name="status">
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
  return (
    <>
      <ErrorNote error={nodes.error ?? rooms.error} />
      <section className="card" aria-labelledby="nodes-title">
        <h2 id="nodes-title">Processes</h2>
        {nodes.loading && <Loading what="the processes" />}
        {nodes.data?.length === 0 && <p className="quiet">No process has announced itself.</p>}
        {nodes.data && nodes.data.length > 0 && (
          <div className="scroll" tabIndex={0} role="region" aria-labelledby="nodes-title">
            <table>
              <thead>
                <tr>
                  <th scope="col">Role</th>
                  <th scope="col">Machine</th>
                  <th scope="col">Region</th>
                  <th scope="col">Load</th>
                  <th scope="col">In use</th>
                  <th scope="col">Up</th>
                </tr>
              </thead>
              <tbody>
                {nodes.data.map((node) => (
                  <tr key={node.id} data-testid={`node-${node.id}`}>
                    <th scope="row">{node.role}</th>
                    <td>{node.machine}</td>
                    <td>{node.region}</td>
                    <td>
                      <meter min={0} max={1} high={0.8} optimum={0} value={Math.min(1, node.load)} aria-label={`Load of ${node.id}`} /> {Math.round(node.load * 100)} %
                    </td>
                    <td>
                      {node.used} of {node.capacity}
                    </td>
                    <td>{node.startedAt ? clockOf(Date.now() - Date.parse(node.startedAt)) : ''}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <section className="card" aria-labelledby="rooms-title">
        <h2 id="rooms-title">Rooms</h2>
        {rooms.loading && <Loading what="the rooms" />}
        {rooms.data?.length === 0 && <p className="quiet">No rooms.</p>}
        {rooms.data && rooms.data.length > 0 && (
          <div className="scroll" tabIndex={0} role="region" aria-labelledby="rooms-title">
            <table>
              <thead>
                <tr>
                  <th scope="col">Room</th>
                  <th scope="col">Status</th>
                  <th scope="col">Participants</th>
                  <th scope="col">Mix</th>
                  <th scope="col">Overload</th>
                  <th scope="col">Epoch</th>
                  <th scope="col">Node</th>
                </tr>
              </thead>
              <tbody>
                {rooms.data.map((room) => (
                  <tr key={room.id}>
                    <th scope="row">
                      <Link href={`/studio/${room.id}`}>{room.name}</Link>
                    </th>
                    <td>
                      <Badge tone={room.status === 'live' ? 'good' : 'quiet'}>{room.status}</Badge>
                    </td>
                    <td>{room.participants}</td>
                    <td>
                      <Badge tone={room.mix.status === 'running' ? 'good' : room.mix.status === 'recovering' ? 'bad' : 'quiet'}>{MIX_WORDS[room.mix.status]}</Badge>
                    </td>
                    <td data-testid={`degraded-${room.id}`}>
                      {room.mix.status === 'running' && room.mix.degraded ? (
                        <>
                          <Badge tone="busy">{STEP_NAMES[room.mix.degraded.step]}</Badge> <span className="quiet">{room.mix.degraded.reason}</span>
                        </>
                      ) : (
                        '–'
                      )}
                    </td>
                    <td>{room.mix.epoch}</td>
                    <td>{room.node ?? '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}
