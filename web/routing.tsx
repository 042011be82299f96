import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent, type ReactNode } from 'react';

export type Route =
  | { page: 'rooms' }
  | { page: 'join' | 'watch' | 'embed' | 'studio'; room: string }
  | { page: 'recordings' }
  | { page: 'status' }
  | { page: 'unknown' };

const ROOM_PAGE = /^\/(join|watch|embed|studio)\/([A-Za-z0-9_-]{1,64})\/?$/;

/** Which page a path asks for. Anything else is `unknown`, never a guess. */
export function parseRoute(pathname: string): Route {
  if (pathname === '/' || pathname === '/index.html') return { page: 'rooms' };
  if (/^\/recordings\/?$/.test(pathname)) return { page: 'recordings' };
  if (/^\/status\/?$/.test(pathname)) return { page: 'status' };
  const match = ROOM_PAGE.exec(pathname);
  if (match) return { page: match[1] as 'join' | 'watch' | 'embed' | 'studio', room: match[2] as string };
  return { page: 'unknown' };
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

export function useRoute(): Route {
  const pathname = useSyncExternalStore(subscribe, () => window.location.pathname);
  return parseRoute(pathname);
}

export function navigate(href: string): void {
  window.history.pushState({ inPage: true }, '', href);
  window.scrollTo(0, 0);
  for (const listener of listeners) listener();
}

/** True when the page shown came by {@link navigate}: then nothing but the page itself tells a screen reader about it. */
export function cameByLink(): boolean {
  const state: unknown = window.history.state;
  return typeof state === 'object' && state !== null && 'inPage' in state;
}

/** A link that changes the page without loading it again; clicks with a modifier key are left to the browser. */
export function Link({ href, children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string; children: ReactNode }) {
  const onClick = (event: MouseEvent<HTMLAnchorElement>): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || rest.target) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a {...rest} href={href} onClick={onClick}>
      {children}
    </a>
  );
}
