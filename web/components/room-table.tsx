import type { Room } from '../api/types.ts';
import { Link } from '../routing.tsx';
import { MIX_WORDS, STEP_NAMES } from './mix-words.ts';
import { Badge, Loading } from './page.tsx';

/** All rooms and how their mixes do. */
export function RoomTable({ rooms, loading }: { rooms: Room[] | undefined; loading: boolean }) {
  return (
    <>
      <section className="card" aria-labelledby="rooms-title">
        <h2 id="rooms-title">Rooms</h2>
        {loading && <Loading what="the rooms" />}
        {rooms?.length === 0 && <p className="quiet">No rooms.</p>}
        {rooms && rooms.length > 0 && (
          <div className="scroll" tabIndex={0} role="region" aria-label="Table of rooms">
            <table>
              <thead>
                <tr>
                  <th scope="col">Room</th>
                  <th scope="col">Status</th>
                  <th scope="col">Participants</th>
                  <th scope="col">Viewers</th>
                  <th scope="col">Mix</th>
                  <th scope="col">Overload</th>
                  <th scope="col">Epoch</th>
                  <th scope="col">Node</th>
                </tr>
              </thead>
              <tbody>
                {rooms.map((room) => (
                  <tr key={room.id}>
                    <th scope="row">
                      <Link href={`/studio/${room.id}`}>{room.name}</Link>
                    </th>
                    <td>
                      <Badge tone={room.status === 'live' ? 'good' : 'quiet'}>{room.status}</Badge>
                    </td>
                    <td>{room.participants}</td>
                    <td data-testid={`viewers-${room.id}`}>{room.viewers}</td>
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
