/**
 * Tokens: JWTs signed with an API key's secret. The algorithm is pinned to HS256, `iss` picks the secret, `aud` and `exp` are
 * required (conformance.md, "JWT"; RFC 8725 sections 3.1 and 3.8). jose compares signatures in constant time.
 */
import { randomBytes } from 'node:crypto';
import { decodeJwt, errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import { AppError } from '../../domain/errors.ts';
import { isName, type RoomId } from '../../domain/ids.ts';
import type { Role } from '../../domain/room.ts';
import { ROLES, type Claims } from './claims.ts';

export const AUDIENCE = 'tessera';
export const CLOCK_SKEW_SECONDS = 60;
export const DEFAULT_TTL_MS = 6 * 3600_000;
export const MAX_TTL_MS = 30 * 24 * 3600_000;
const CACHE_SIZE = 4096;
const MAX_TOKEN_CHARACTERS = 4096;

export interface MintRequest {
  room: RoomId | '*';
  role: Role;
  sub?: string;
  name?: string;
  ttlMs?: number;
}

/** Verifies and mints; remembers the last few thousand good tokens, since an HLS player sends the same one several times a second. */
export class Tokens {
  readonly #secrets: ReadonlyMap<string, Uint8Array>;
  readonly #verified = new Map<string, Claims>();

  constructor(apiKeys: ReadonlyMap<string, string>) {
    this.#secrets = new Map([...apiKeys].map(([key, secret]) => [key, new TextEncoder().encode(secret)]));
  }

  /** Signs with the first API key. */
  async mint(request: MintRequest): Promise<{ token: string; expiresAt: string }> {
    const [entry] = this.#secrets;
    if (!entry) throw new AppError('internal');
    const [key, secret] = entry;
    const expires = Math.floor((Date.now() + Math.min(request.ttlMs ?? DEFAULT_TTL_MS, MAX_TTL_MS)) / 1000);
    const token = await new SignJWT({ room: request.room, role: request.role, ...(request.name === undefined ? {} : { name: request.name }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(key)
      .setAudience(AUDIENCE)
      .setSubject(request.sub ?? `${request.role}-${randomBytes(6).toString('hex')}`)
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(secret);
    return { token, expiresAt: new Date(expires * 1000).toISOString() };
  }

  /** Claims of a token that was good before and has not expired since. */
  known(token: string): Claims | undefined {
    const known = this.#verified.get(token);
    if (known && known.expiresAtUnixMs + CLOCK_SKEW_SECONDS * 1000 > Date.now()) return known;
    if (known) this.#verified.delete(token);
    return undefined;
  }

  /** @throws AppError `unauthenticated` or `tokenExpired` */
  async verify(token: string): Promise<Claims> {
    const known = this.known(token);
    if (known) return known;
    const claims = await this.#verifySignature(token);
    if (this.#verified.size >= CACHE_SIZE) {
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest);
        break;
      }
    }
    this.#verified.set(token, claims);
    return claims;
  }

  async #verifySignature(token: string): Promise<Claims> {
    if (token.length > MAX_TOKEN_CHARACTERS) throw new AppError('unauthenticated', { detail: 'The token is too long.' });
    let key: unknown;
    try {
      key = decodeJwt(token).iss;
    } catch (cause) {
      throw new AppError('unauthenticated', { detail: 'The token is not a JWT.', cause });
    }
    const secret = typeof key === 'string' ? this.#secrets.get(key) : undefined;
    if (typeof key !== 'string' || !secret) throw new AppError('unauthenticated', { detail: 'The token is not from a known API key.' });
    try {
      const { payload } = await jwtVerify(token, secret, {
        algorithms: ['HS256'],
        issuer: key,
        audience: AUDIENCE,
        clockTolerance: CLOCK_SKEW_SECONDS,
        requiredClaims: ['exp', 'aud', 'iss'],
      });
      return readClaims(key, payload);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      if (cause instanceof joseErrors.JWTExpired) throw new AppError('tokenExpired', { cause });
      if (cause instanceof joseErrors.JWTClaimValidationFailed)
        throw new AppError('unauthenticated', { detail: `The token's ${cause.claim} is missing or not right.`, cause });
      throw new AppError('unauthenticated', { detail: "The token's signature is not right.", cause });
    }
  }
}

function readClaims(key: string, payload: Record<string, unknown>): Claims {
  const { room, role, sub, name, exp } = payload;
  const refuse = (claim: string): never => {
    throw new AppError('unauthenticated', { detail: `The token's ${claim} is missing or not right.` });
  };
  const known = ROLES.find((r) => r === role) ?? refuse('role');
  if (room !== '*' && !isName(room)) refuse('room');
  if (room === '*' && known !== 'operator') refuse('room');
  if (sub !== undefined && !isName(sub)) refuse('sub');
  return {
    key,
    room: room as RoomId | '*',
    role: known,
    ...(typeof sub === 'string' ? { sub } : {}),
    ...(typeof name === 'string' ? { name: name.slice(0, 64) } : {}),
    expiresAtUnixMs: (exp as number) * 1000,
  };
}
