import type { Config } from '../../config/config.ts';
import type { ParticipantId } from '../../domain/ids.ts';
import { turnCredential } from './turn-credential.ts';

export type IceServerConfig = Pick<Config, 'iceServers' | 'turnUrls' | 'turnSecret' | 'turnTtlSeconds'>;

/**
 * What a session's answer names in its `Link` headers (RFC 9725 section 4.6): the servers of the configuration as they are,
 * and the TURN servers with a credential of this session's own.
 */
export function iceServersFor(config: IceServerConfig, identity: ParticipantId, nowUnixMs = Date.now()): Config['iceServers'] {
  const { iceServers, turnUrls, turnSecret, turnTtlSeconds } = config;
  if (turnUrls.length === 0 || turnSecret === undefined) return iceServers;
  const expiresAtUnixSeconds = Math.floor(nowUnixMs / 1000) + turnTtlSeconds;
  return [...iceServers, { urls: turnUrls, ...turnCredential(turnSecret, identity, expiresAtUnixSeconds) }];
}
