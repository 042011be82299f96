/** Finds the token, verifies it and holds it against the permission table. */
import type { Request } from 'express';
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { coversRoom, type Claims } from './claims.ts';
import { ruleOf, type Permission } from './permissions.ts';
import type { Tokens } from './tokens.ts';

export interface Credentials {
  /** Given by the path (`/hls/{room}/t/{token}/…`). */
  pathToken?: string;
  /** Absent on endpoints that are not below one room. */
  room?: RoomId;
}

export class Authoriser {
  constructor(
    private readonly tokens: Tokens,
    /** Tells whether a room may be watched without a token. */
    private readonly isOpen: (room: RoomId) => Promise<boolean>,
  ) {}

  /**
   * @returns the caller's claims, undefined for an anonymous viewer of an open room
   * @throws AppError unauthenticated, tokenExpired, forbidden
   */
  async check(req: Request, permission: Permission, { pathToken, room }: Credentials): Promise<Claims | undefined> {
    const rule = ruleOf(permission);
    const token = pathToken ?? bearerToken(req) ?? (rule.queryToken ? queryToken(req) : undefined);
    if (token === undefined) {
      if (rule.open && room !== undefined && (await this.isOpen(room))) return undefined;
      throw new AppError('unauthenticated');
    }
    const claims = await this.tokens.verify(token);
    if (!rule.roles.includes(claims.role)) throw new AppError('forbidden', { detail: `The role ${claims.role} is not enough.` });
    if (room !== undefined) requireRoom(claims, room);
    return claims;
  }
}

/** For what is not below a room in the path (recordings, restreams). @throws AppError forbidden */
export function requireRoom(claims: Claims | undefined, room: string): void {
  if (claims && !coversRoom(claims, room)) throw new AppError('forbidden', { detail: 'The token is for another room.' });
}

function bearerToken(req: Request): string | undefined {
  const header = req.headers.authorization;
  if (header === undefined) return undefined;
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header);
  if (!match) throw new AppError('unauthenticated', { detail: 'The Authorization header must be "Bearer <token>".' });
  return match[1];
}

function queryToken(req: Request): string | undefined {
  const token = req.query['token'];
  return typeof token === 'string' && token !== '' ? token : undefined;
}
