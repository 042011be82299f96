import { useCallback, useEffect, useState } from 'react';
import { claimsOf, keepTokenFromAddress, needsInvitation, tokenFor } from '../api/access.ts';
import { inWords } from '../api/api-error.ts';
import type { Role } from '../api/types.ts';

export type PageToken =
  | { status: 'asking' }
  /** `read` gives a token that is not about to expire; `initial` is the one there now. */
  | { status: 'ready'; initial: string; room: string | undefined; own: string | undefined; read: () => Promise<string> }
  | { status: 'missing'; retry: () => void; refused?: string }
  | { status: 'failed'; error: string; retry: () => void };

/** The token of a page: from its address, from this tab, or from the service in local mode. */
export function usePageToken(room: string, role: Role): PageToken & { refuse: (error: unknown) => void } {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ token?: string; error?: unknown }>({});

  useEffect(() => {
    let over = false;
    keepTokenFromAddress(room);
    tokenFor(room, role).then(
      (token) => !over && setState({ token }),
      (error: unknown) => !over && setState({ error }),
    );
    return () => {
      over = true;
    };
  }, [room, role, turn]);

  const retry = useCallback(() => {
    setState({});
    setTurn((n) => n + 1);
  }, []);
  const read = useCallback(() => tokenFor(room, role), [room, role]);
  /** For a page whose request came back with 401: ask for another token. Other errors are left alone. */
  const refuse = useCallback((error: unknown) => {
    if (needsInvitation(error)) setState({ error });
  }, []);

  if (state.token !== undefined) {
    const claims = claimsOf(state.token);
    return { status: 'ready', initial: state.token, room: claims.room, own: claims.sub, read, refuse };
  }
  if (state.error === undefined) return { status: 'asking', refuse };
  if (needsInvitation(state.error)) {
    const words = inWords(state.error);
    return { status: 'missing', retry, refuse, refused: words === 'This page needs an invitation link.' ? undefined : words };
  }
  return { status: 'failed', error: inWords(state.error), retry, refuse };
}
