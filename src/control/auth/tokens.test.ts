import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../domain/errors.ts';
import type { RoomId } from '../../domain/ids.ts';
import { Tokens } from './tokens.ts';

const SECRET = 'one-secret-with-thirty-two-characters-1';
const OTHER = 'two-secret-with-thirty-two-characters-2';
const tokens = new Tokens(
  new Map([
    ['one', SECRET],
    ['two', OTHER],
  ]),
);
const now = (): number => Math.floor(Date.now() / 1000);

/** A good token but for what is given; `undefined` leaves a claim out. */
function sign(change: Record<string, unknown> = {}, secret = SECRET, alg = 'HS256'): Promise<string> {
  const claims: Record<string, unknown> = { iss: 'one', aud: 'tessera', exp: now() + 60, room: 'r', role: 'host', sub: 'anna', ...change };
  for (const [key, value] of Object.entries(claims)) if (value === undefined) delete claims[key];
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}
const refusal = (token: string): Promise<string> =>
  tokens.verify(token).then(
    () => 'accepted',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );

describe('tokens', () => {
  it('that are minted verify, by the first key', async () => {
    const { token, expiresAt } = await tokens.mint({ room: 'r' as RoomId, role: 'presenter', sub: 'anna', name: 'Anna', ttlMs: 60_000 });

    const claims = await tokens.verify(token);

    expect(claims).toEqual({ key: 'one', room: 'r', role: 'presenter', sub: 'anna', name: 'Anna', expiresAtUnixMs: Date.parse(expiresAt) });
  });

  it('of every configured key verify, and only with its own secret', async () => {
    expect((await tokens.verify(await sign({ iss: 'two' }, OTHER))).key).toBe('two');
    expect(await refusal(await sign({ iss: 'two' }, SECRET))).toBe('unauthenticated');
  });

  it('get an identity when none is asked for', async () => {
    const { token } = await tokens.mint({ room: '*', role: 'operator' });

    expect((await tokens.verify(token)).sub).toMatch(/^operator-[0-9a-f]{12}$/);
  });

  it('are taken up to a minute after their end, and no longer', async () => {
    expect(await refusal(await sign({ exp: now() - 50 }))).toBe('accepted');
    expect(await refusal(await sign({ exp: now() - 62 }))).toBe('tokenExpired');
  });

  it.each([
    ['no exp', { exp: undefined }],
    ['no aud', { aud: undefined }],
    ['another aud', { aud: 'other' }],
    ['no iss', { iss: undefined }],
    ['an unknown iss', { iss: 'three' }],
    ['no room', { room: undefined }],
    ['a room that cannot be', { room: '../x' }],
    ['all rooms for a host', { room: '*' }],
    ['no role', { role: undefined }],
    ['an unknown role', { role: 'admin' }],
    ['a sub that cannot be', { sub: 'a b' }],
    ['not valid yet', { nbf: now() + 3600 }],
  ])('with %s are refused', async (_what, change) => {
    expect(await refusal(await sign(change))).toBe('unauthenticated');
  });

  it('of other algorithms are refused, "none" first of all', async () => {
    const none = new UnsecuredJWT({ room: '*', role: 'operator' }).setIssuer('one').setAudience('tessera').setExpirationTime('1h').encode();

    expect(await refusal(none)).toBe('unauthenticated');
    expect(await refusal(await sign({}, SECRET.repeat(2), 'HS512'))).toBe('unauthenticated');
    expect(await refusal(await sign({}, SECRET.repeat(2), 'HS384'))).toBe('unauthenticated');
  });

  it('that were changed or make no sense are refused', async () => {
    const good = await sign();
    const [head = '', body = '', signature = ''] = good.split('.');
    const raised = Buffer.from(JSON.stringify({ iss: 'one', aud: 'tessera', exp: now() + 60, room: '*', role: 'operator' })).toString('base64url');

    for (const bad of [`${head}.${raised}.${signature}`, `${head}.${body}.`, `${head}.${body}`, '', '..', 'x'.repeat(5000)]) expect(await refusal(bad)).toBe('unauthenticated');
  });
});
