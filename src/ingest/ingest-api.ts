/** The ingest host's routes (node-api/contract.ts) and figures. */
import { Gauge, type Registry } from 'prom-client';
import { AppError } from '../domain/errors.ts';
import { isName, type ParticipantId, type RoomId, type SessionId } from '../domain/ids.ts';
import type { ParticipantCommand, SessionPatch, WhipOpen } from '../node-api/contract.ts';
import type { NodeServer } from '../node-api/server.ts';
import type { IngestHost } from './ingest-host.ts';
import type { RoomFigures } from './room-messages.ts';

export function ingestRoutes(server: NodeServer, host: IngestHost): void {
  server
    .post('/whip', async ({ json }) => {
      const request = await json<WhipOpen>();
      // these become parts of paths: checked here too, whoever calls
      if (![request.room, request.participant, request.session].every(isName) || !['camera', 'screen'].includes(request.source) || typeof request.offer !== 'string')
        throw new AppError('badRequest');
      return host.open(request);
    })
    .patch('/sessions/:id', async ({ params, json }) => {
      const patched = await host.patch(params['id'] as SessionId, await json<SessionPatch>());
      return patched.etag === undefined ? undefined : patched;
    })
    .delete('/sessions/:id', ({ params }) => host.closeSession(params['id'] as SessionId))
    .patch('/rooms/:room/participants/:id', async ({ params, json }) => host.command(params['room'] as RoomId, params['id'] as ParticipantId, await json<ParticipantCommand>()))
    .delete('/rooms/:room/participants/:id', ({ params }) => host.removeParticipant(params['room'] as RoomId, params['id'] as ParticipantId))
    .delete('/rooms/:room', ({ params }) => host.closeRoom(params['room'] as RoomId));
}

const ROOM_FIGURES: Record<keyof RoomFigures, string> = {
  participants: 'Participants in the room',
  feeds: 'Publications of the room',
  readers: 'Mixers reading the room',
  picturesDropped: 'Pictures that did not get into their ring',
  framesDropped: 'Blocks of sound that slow readers did not get',
  soundMissedFrames: 'Audio frames that were not there when the bus wanted them',
  soundReanchored: 'Times a publisher\'s sound was anchored again',
  busSkippedBlocks: '10 ms blocks left out after long stalls',
  busShare: 'Share of a core spent mixing sound',
  playShare: 'Share of time spent handing the mix-minus to libwebrtc',
  loopDelayP99Ms: 'Event-loop delay of the room process, 99th percentile',
  rssBytes: 'Resident memory of the room process',
};

export function ingestMetrics(registry: Registry, host: IngestHost): void {
  const gauge = (name: string, help: string, collect: (gauge: Gauge) => void, labelNames: string[] = []): Gauge =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        collect(this as Gauge);
      },
    });
  gauge('tessera_ingest_rooms', 'Room processes', (g) => g.set(host.roomCount));
  gauge('tessera_ingest_participants', 'Participants on this host', (g) => g.set(host.participantCount));
  gauge('tessera_ingest_room_crashes', 'Room processes that ended by themselves', (g) => g.set(host.crashes));
  for (const [key, help] of Object.entries(ROOM_FIGURES) as [keyof RoomFigures, string][])
    gauge(
      `tessera_ingest_room_${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`,
      help,
      (g) => {
        g.reset();
        for (const { room, figures } of host.figures) g.set({ room }, figures[key]);
      },
      ['room'],
    );
}
