/** Tokens for synthetic participants, signed here with an API key (http-api.md, "Credentials"). */
import { createHmac } from 'node:crypto';

/** What the service uses in local mode, without keys. */
export const LOCAL_API_KEY = 'local:local-secret-for-loopback-use-only-0001';

export interface TokenRequest {
  /** `key:secret` */
  apiKey: string;
  room: string;
  role: 'operator' | 'host' | 'presenter' | 'participant' | 'viewer';
  identity: string;
  name: string;
  ttlMs?: number;
}

export function mintToken({ apiKey, room, role, identity, name, ttlMs = 6 * 3600_000 }: TokenRequest): string {
  const at = apiKey.indexOf(':');
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const nowS = Math.floor(Date.now() / 1000);
  const claims = { iss: apiKey.slice(0, at), aud: 'tessera', iat: nowS, exp: nowS + Math.ceil(ttlMs / 1000), room, role, sub: identity, name };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', apiKey.slice(at + 1)).update(signed).digest('base64url')}`;
}
