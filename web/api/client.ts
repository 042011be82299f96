import { errorOf, unreachable } from './api-error.ts';
import type { CaptionLine, LayoutChoice, NodeInfo, Overlays, Participant, ParticipantPatch, Recording, Restream, Room, RoomImage, RoomRequest, Viewing } from './types.ts';

/** One request to the API; a file goes as it is, anything else as JSON. @throws ApiError with the server's sentence */
async function call<T>(token: string, method: string, path: string, body?: unknown): Promise<T> {
  const file = body instanceof Blob ? body : undefined;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'Content-Type': file ? file.type : 'application/json' }) },
      body: body === undefined ? undefined : (file ?? JSON.stringify(body)),
      cache: 'no-store',
    });
  } catch (cause) {
    throw unreachable(cause);
  }
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Lists come as an array, or as an object with the array under its name. */
async function list<T>(token: string, path: string, name: string): Promise<T[]> {
  const body = await call<T[] | Record<string, T[]>>(token, 'GET', path);
  return Array.isArray(body) ? body : (body[name] ?? []);
}

const room = (id: string): string => `/api/rooms/${encodeURIComponent(id)}`;
const recording = (id: string): string => `/api/recordings/${encodeURIComponent(id)}`;

export const api = {
  rooms: (token: string) => list<Room>(token, '/api/rooms', 'rooms'),
  room: (token: string, id: string) => call<Room>(token, 'GET', room(id)),
  createRoom: (token: string, request: RoomRequest) => call<Room>(token, 'POST', '/api/rooms', request),
  deleteRoom: (token: string, id: string) => call<void>(token, 'DELETE', room(id)),
  setLayout: (token: string, id: string, choice: LayoutChoice) => call<LayoutChoice>(token, 'PUT', `${room(id)}/layout`, choice),
  /** What is absent stays, null clears. */
  setOverlays: (token: string, id: string, patch: { [K in keyof Overlays]?: Overlays[K] | null }) => call<Overlays>(token, 'PUT', `${room(id)}/overlays`, patch),
  pushCaption: (token: string, id: string, line: Pick<CaptionLine, 'text' | 'speaker'>) => call<unknown>(token, 'POST', `${room(id)}/captions`, line),
  images: (token: string, id: string) => list<RoomImage>(token, `${room(id)}/images`, 'images'),
  putImage: (token: string, id: string, name: string, file: Blob) => call<RoomImage>(token, 'PUT', `${room(id)}/images/${encodeURIComponent(name)}`, file),
  deleteImage: (token: string, id: string, name: string) => call<void>(token, 'DELETE', `${room(id)}/images/${encodeURIComponent(name)}`),
  participants: (token: string, id: string) => list<Participant>(token, `${room(id)}/participants`, 'participants'),
  patchParticipant: (token: string, id: string, participant: string, patch: ParticipantPatch) =>
    call<Participant>(token, 'PATCH', `${room(id)}/participants/${encodeURIComponent(participant)}`, patch),
  removeParticipant: (token: string, id: string, participant: string) =>
    call<void>(token, 'DELETE', `${room(id)}/participants/${encodeURIComponent(participant)}`),
  recordings: (token: string, roomId?: string) =>
    list<Recording>(token, `/api/recordings${roomId ? `?room=${encodeURIComponent(roomId)}` : ''}`, 'recordings'),
  startRecording: (token: string, id: string) => call<Recording>(token, 'POST', `${room(id)}/recordings`, {}),
  stopRecording: (token: string, id: string) => call<Recording>(token, 'POST', `${recording(id)}/stop`),
  deleteRecording: (token: string, id: string) => call<void>(token, 'DELETE', recording(id)),
  restreams: (token: string, id: string) => list<Restream>(token, `${room(id)}/restreams`, 'restreams'),
  startRestream: (token: string, id: string, url: string) => call<Restream>(token, 'POST', `${room(id)}/restreams`, { url }),
  stopRestream: (token: string, id: string, restream: string) =>
    call<void>(token, 'DELETE', `${room(id)}/restreams/${encodeURIComponent(restream)}`),
  viewing: (token: string, id: string) => call<Viewing>(token, 'GET', `${room(id)}/qoe`),
  nodes: (token: string) => list<NodeInfo>(token, '/api/nodes', 'nodes'),
};

/** An address that an element loads by itself, without headers. */
export function withToken(url: string, token: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}`;
}
