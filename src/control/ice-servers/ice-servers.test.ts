import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/config.ts';
import type { ParticipantId } from '../../domain/ids.ts';
import { iceServerLinks } from '../api/session-answer.ts';
import { iceServersFor } from './ice-servers.ts';
import { turnCredential } from './turn-credential.ts';

const SECRET = 'a-shared-secret-of-the-tests';
const parsed = (env: Record<string, string>) => parseConfig({ TESSERA_TURN_SECRET: SECRET, ...env });

describe('TURN credentials', () => {
  it('are the HMAC-SHA1 of the time and the user, in Base64', () => {
    // printf '1700000000:anna' | openssl dgst -sha1 -hmac a-shared-secret-of-the-tests -binary | base64
    expect(turnCredential(SECRET, 'anna', 1_700_000_000)).toEqual({ username: '1700000000:anna', credential: '3Z/1cOITA7aRhVI/b0rpr4mHjM0=' });
  });

  it('stand behind the configured servers, for as long as the setting says', () => {
    const config = parsed({
      TESSERA_ICE_SERVERS: '[{"urls":"stun:stun.example.net"}]',
      TESSERA_TURN_URLS: 'turn:turn.example.net:3478?transport=udp, turns:[2001:db8::1]:443?transport=tcp',
      TESSERA_TURN_TTL_SECONDS: '600',
    });

    const links = iceServerLinks(iceServersFor(config, 'anna' as ParticipantId, 1_000_000_999));

    const secret = `; username="1000600:anna"; credential="${turnCredential(SECRET, 'anna', 1_000_600).credential}"; credential-type="password"`;
    expect(links).toEqual([
      '<stun:stun.example.net>; rel="ice-server"',
      `<turn:turn.example.net:3478?transport=udp>; rel="ice-server"${secret}`,
      `<turns:[2001:db8::1]:443?transport=tcp>; rel="ice-server"${secret}`,
    ]);
  });

  it('are not made without TURN servers', () => {
    expect(iceServersFor(parsed({}), 'anna' as ParticipantId)).toEqual([]);
  });
});

describe('TURN settings', () => {
  it.each(['http://turn.example.net', 'turn:', 'turn:a b>', 'turn:host?transport=sctp', 'turn:host>; rel="x'])('refuse %s', (urls) => {
    expect(() => parsed({ TESSERA_TURN_URLS: urls })).toThrow('TESSERA_TURN_URLS');
  });

  it('want a secret', () => {
    expect(() => parseConfig({ TESSERA_TURN_URLS: 'turn:turn.example.net' })).toThrow('TESSERA_TURN_SECRET');
  });
});
