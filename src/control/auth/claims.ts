import type { RoomId } from '../../domain/ids.ts';
import type { Role } from '../../domain/room.ts';

export const ROLES: readonly Role[] = ['operator', 'host', 'presenter', 'participant', 'viewer'];

/** What a verified token says about its bearer. */
export interface Claims {
  /** The API key that signed it. */
  key: string;
  /** A room's id, or `*` for an operator of all rooms. */
  room: RoomId | '*';
  role: Role;
  /** Identity; matches NAME_PATTERN. */
  sub?: string;
  /** Display name, at most 64 characters. */
  name?: string;
  expiresAtUnixMs: number;
}

/** True when the token is for `room`. */
export function coversRoom(claims: Claims, room: string): boolean {
  return claims.room === '*' || claims.room === room;
}
