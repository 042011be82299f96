/** Finds the token, verifies it and holds it against the permission table. */
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { coversRoom, type Claims } from './claims.ts';
import { ruleOf, type Permission } from './permissions.ts';
import type { Tokens } from './tokens.ts';

/** What a request shows of itself. */
export interface Credentials {
  /** The Authorization header. */
  authorization: string | undefined;
  /** Given by `?token=`; counts only where the permission table allows it. */
  queryToken: string | undefined;
  /** Given by the path (`/hls/{room}/t/{token}/…`). */
  pathToken: string | undefined;
  /** Absent on endpoints that are not below one room. */
  room: RoomId | undefined;
}

/** Whether a room may be watched without a token. */
export interface OpenRooms {
  isOpen(room: RoomId): Promise<boolean>;
  isKnownToBeOpen(room: RoomId): boolean;
}

export class Authoriser {
  constructor(
    private readonly tokens: Tokens,
    private readonly rooms: OpenRooms,
  ) {}

  /**
   * @returns the caller's claims, undefined for an anonymous viewer of an open room
   * @throws AppError unauthenticated, tokenExpired, forbidden
   */
  async check(shown: Credentials, permission: Permission): Promise<Claims | undefined> {
    const token = tokenOf(shown, permission);
    if (token === undefined) {
      if (ruleOf(permission).open && shown.room !== undefined && (await this.rooms.isOpen(shown.room))) return undefined;
      throw new AppError('unauthenticated');
    }
    return held(await this.tokens.verify(token), shown, permission);
  }

  /**
   * What `check` would return, if nothing is to be read or computed for it.
   * @returns undefined when it is not known yet
   * @throws AppError unauthenticated, forbidden
   */
  known(shown: Credentials, permission: Permission): { claims: Claims | undefined } | undefined {
    const token = tokenOf(shown, permission);
    if (token === undefined) return ruleOf(permission).open && shown.room !== undefined && this.rooms.isKnownToBeOpen(shown.room) ? { claims: undefined } : undefined;
    const claims = this.tokens.known(token);
    return claims && { claims: held(claims, shown, permission) };
  }
}

/** For what is not below a room in the path (recordings, restreams). @throws AppError forbidden */
export function requireRoom(claims: Claims | undefined, room: string): void {
  if (claims && !coversRoom(claims, room)) throw new AppError('forbidden', { detail: 'The token is for another room.' });
}

function tokenOf({ pathToken, authorization, queryToken }: Credentials, permission: Permission): string | undefined {
  return pathToken ?? bearerToken(authorization) ?? (ruleOf(permission).queryToken && queryToken !== '' ? queryToken : undefined);
}

function held(claims: Claims, { room }: Credentials, permission: Permission): Claims {
  if (!ruleOf(permission).roles.includes(claims.role)) throw new AppError('forbidden', { detail: `The role ${claims.role} is not enough.` });
  if (room !== undefined) requireRoom(claims, room);
  return claims;
}

function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header);
  if (!match) throw new AppError('unauthenticated', { detail: 'The Authorization header must be "Bearer <token>".' });
  return match[1];
}
