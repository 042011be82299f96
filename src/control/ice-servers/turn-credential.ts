import { createHmac } from 'node:crypto';

export interface TurnCredential {
  username: string;
  credential: string;
}

/**
 * A name and password that a TURN server checks without knowing the user (draft-uberti-behave-turn-rest-00, coturn's
 * `use-auth-secret`): the name says until when it is good, the password is its HMAC-SHA1 under the shared secret, Base64.
 * @param user for the TURN server's log and quota; no colons
 */
export function turnCredential(secret: string, user: string, expiresAtUnixSeconds: number): TurnCredential {
  const username = `${expiresAtUnixSeconds}:${user}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
