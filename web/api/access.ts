import { ApiError, errorOf, unreachable } from './api-error.ts';
import { keptForTab } from './kept.ts';
import type { Role } from './types.ts';

/** Every room at once: what an operator's token names. */
export const ALL_ROOMS = '*';

interface Granted {
  token: string;
  expiresAtMs: number;
}

const granted = new Map<string, Promise<Granted>>();
const storageKey = (room: string): string => `tessera.token.${room}`;

/**
 * Takes `?token=` out of the address bar and keeps it for this tab, so that the link can be reloaded but is not left in
 * the history or on a shared screen.
 */
export function keepTokenFromAddress(room: string): void {
  const url = new URL(window.location.href);
  const token = url.searchParams.get('token');
  if (!token) return;
  keepToken(room, token);
  url.searchParams.delete('token');
  window.history.replaceState(null, '', url);
}

export function keepToken(room: string, token: string): void {
  keptForTab.set(storageKey(room), token.trim());
}

export function forgetToken(room: string): void {
  keptForTab.remove(storageKey(room));
}

export function keptToken(room: string): string | undefined {
  return keptForTab.get(storageKey(room));
}

/**
 * The token to use for a room: the invitation's, else one that the service hands out in local mode.
 * @throws ApiError `needsInvitation` when there is neither
 */
export async function tokenFor(room: string, role: Role, name?: string): Promise<string> {
  const kept = keptToken(room) ?? keptToken(ALL_ROOMS);
  if (kept) return kept;
  const key = `${room} ${role} ${name ?? ''}`;
  const known = granted.get(key);
  if (known) {
    const grant = await known.catch(() => undefined);
    if (grant && grant.expiresAtMs - Date.now() > 30_000) return grant.token;
  }
  const asked = askForLocalToken(room, role, name);
  granted.set(key, asked);
  asked.catch(() => granted.delete(key));
  return (await asked).token;
}

async function askForLocalToken(room: string, role: Role, name?: string): Promise<Granted> {
  const query = new URLSearchParams({ room, role });
  if (name) query.set('name', name);
  // one identity per tab, so that a reload replaces this participant instead of adding a second one
  query.set('sub', tabIdentity(role));
  let response: Response;
  try {
    response = await fetch(`/api/local/token?${query}`);
  } catch (cause) {
    throw unreachable(cause);
  }
  if (response.status === 404 || response.status === 403) throw new ApiError(401, 'needsInvitation', 'This page needs an invitation link.');
  if (!response.ok) throw await errorOf(response);
  const body = (await response.json()) as { token: string; expiresAt: string };
  return { token: body.token, expiresAtMs: Date.parse(body.expiresAt) };
}

function tabIdentity(role: Role): string {
  const key = `tessera.identity.${role}`;
  let identity = keptForTab.get(key);
  if (!identity) {
    const bytes = crypto.getRandomValues(new Uint8Array(6));
    identity = `${role}-${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
    keptForTab.set(key, identity);
  }
  return identity;
}

/** What a token says about its holder; for showing only, nothing is verified here. */
export function claimsOf(token: string): { sub?: string; name?: string; role?: Role; room?: string } {
  try {
    const part = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

export function needsInvitation(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.code === 'needsInvitation');
}
