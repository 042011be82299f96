/** Headers that WHIP and WHEP share (RFC 9725 sections 4.2 to 4.4). */
import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import type { Config } from '../../config/config.ts';
import type { SessionId } from '../../domain/ids.ts';
import type { SessionAnswer, SessionPatched } from '../../node-api/contract.ts';

export const SDP = 'application/sdp';
export const SDP_FRAGMENT = 'application/trickle-ice-sdpfrag';

/** 144 random bits. */
export function newSessionId(): SessionId {
  return randomBytes(18).toString('base64url') as SessionId;
}

/** An entity tag is quoted (RFC 9110 section 8.8.3); a node may send it bare. */
export function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}

export function sendSessionCreated(res: Response, location: string, session: SessionAnswer, iceServers: Config['iceServers']): void {
  res.status(201).location(location).set('ETag', quoted(session.etag)).set('Accept-Patch', SDP_FRAGMENT).set('Cache-Control', 'no-store');
  const links = iceServerLinks(iceServers);
  if (links.length > 0) res.set('Link', links.join(', '));
  res.type(SDP).send(Buffer.from(session.answer)); // a Buffer: express would put a charset behind the type otherwise
}

export function sendSessionPatched(res: Response, patched: SessionPatched | undefined): void {
  if (patched?.fragment === undefined) {
    res.status(204).end();
    return;
  }
  if (patched.etag !== undefined) res.set('ETag', quoted(patched.etag));
  res.status(200).type(SDP_FRAGMENT).send(Buffer.from(patched.fragment));
}

/** `Link` values for ICE servers (RFC 9725 section 4.6). */
export function iceServerLinks(iceServers: Config['iceServers']): string[] {
  const text = (value: string): string => value.replace(/[^\x20-\x7e]/g, '').replace(/(["\\])/g, '\\$1');
  return iceServers.flatMap(({ urls, username, credential }) =>
    (Array.isArray(urls) ? urls : [urls]).map((url) => {
      const secret = username === undefined || credential === undefined ? '' : `; username="${text(username)}"; credential="${text(credential)}"; credential-type="password"`;
      return `<${url.replace(/[<>\s]/g, '')}>; rel="ice-server"${secret}`;
    }),
  );
}
