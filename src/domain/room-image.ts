/** Pictures that a host uploads for overlays: what is accepted, and where they lie in the object store. */
import type { RoomId } from './ids.ts';
import type { RoomImage } from './room.ts';

export const ROOM_IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/webp'] as const satisfies readonly RoomImage['contentType'][];

export const ROOM_IMAGE_LIMITS = {
  bytes: 2 * 1024 * 1024,
  /** Width and height each: 64 MiB decoded at most. */
  sidePixels: 4096,
  perRoom: 16,
} as const;

/** Folder of a room's pictures, with a slash behind it; goes with the room. */
export function roomImagePrefix(room: RoomId): string {
  return `rooms/${room}/images/`;
}

/** Key of a picture in the object store. All names match NAME_PATTERN, so none can lead elsewhere. */
export function roomImageKey(room: RoomId, { name, upload }: Pick<RoomImage, 'name' | 'upload'>): string {
  return roomImagePrefix(room) + name + (upload === undefined ? '' : `.${upload}`);
}
