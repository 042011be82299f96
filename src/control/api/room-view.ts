import type { MixState, RoomDocument, RoomStatus } from '../../domain/room.ts';
import type { Recording, RecordingFile } from '../../domain/recording.ts';
import type { State } from '../dependencies.ts';
import type { RecordingView, RoomView } from './views.ts';

function statusOf(room: RoomDocument, mix: MixState): RoomStatus {
  if (room.endedAt !== undefined) return 'ended';
  return mix.status === 'idle' ? 'idle' : 'live';
}

export function roomView(room: RoomDocument, mix: MixState, participants: number, viewers: number, baseUrl: string): RoomView {
  return {
    id: room.id,
    name: room.name,
    status: statusOf(room, mix),
    createdAt: room.createdAt,
    layout: room.layout,
    overlays: room.overlays,
    video: room.video,
    access: room.access,
    autoRecord: room.autoRecord,
    node: room.node ?? null,
    participants,
    viewers,
    mix: { status: mix.status, epoch: mix.epoch, degraded: mix.degraded ?? null },
    urls: {
      join: `${baseUrl}/join/${room.id}`,
      watch: `${baseUrl}/watch/${room.id}`,
      studio: `${baseUrl}/studio/${room.id}`,
      whip: `${baseUrl}/whip/${room.id}`,
      whep: `${baseUrl}/whep/${room.id}`,
      hls: `${baseUrl}/hls/${room.id}/index.m3u8`,
    },
  };
}

/** Reads what the view needs beside the document. */
export async function readRoomView(state: Pick<State, 'rooms' | 'participants' | 'viewers'>, room: RoomDocument, baseUrl: string): Promise<RoomView> {
  const [mix, participants, viewers] = await Promise.all([state.rooms.mix(room.id), state.participants.count(room.id), state.viewers.count(room.id)]);
  return roomView(room, mix, participants, viewers.total, baseUrl);
}

/** Name of a recording's file as it stands in its URL: the last segment of its key. */
export function fileName(file: RecordingFile): string {
  return file.key.slice(file.key.lastIndexOf('/') + 1);
}

export function recordingView(recording: Recording): RecordingView {
  return {
    id: recording.id,
    room: recording.room,
    name: recording.name,
    rendition: recording.rendition,
    status: recording.status,
    startedAt: recording.startedAt,
    ...(recording.stoppedAt === undefined ? {} : { stoppedAt: recording.stoppedAt }),
    durationMs: recording.durationMs,
    gaps: recording.gaps,
    files: recording.files.map((file) => ({
      kind: file.kind,
      name: fileName(file),
      url: `/api/recordings/${recording.id}/files/${encodeURIComponent(fileName(file))}`,
      contentType: file.contentType,
      bytes: file.bytes,
      sha256: file.sha256,
    })),
    report: { checks: recording.report?.checks ?? [] },
    ...(recording.error === undefined ? {} : { error: recording.error }),
  };
}

/** What everybody in the room may know: that it is recorded. */
export function publicRecordingView(recording: Recording): RecordingView {
  return { ...recordingView(recording), files: [], gaps: [], report: { checks: [] } };
}
