import { useEffect, useRef, type ReactNode } from 'react';
import { inWords } from '../api/api-error.ts';
import { cameByLink, Link, useRoute } from '../routing.tsx';

interface PageProps {
  title: string;
  /** Also the id of the main element. */
  name: string;
  /** Wider than text pages: for pages with a picture. */
  wide?: boolean;
  /** Extra `data-*` attributes on the main element, read by tests and benches. */
  data?: Readonly<Record<`data-${string}`, string | number | undefined>>;
  children: ReactNode;
}

/** The frame of every page: heading, navigation, document title, skip link. */
export function Page({ title, name, wide, data, children }: PageProps) {
  useEffect(() => {
    document.title = title === 'Tessera' ? title : `${title} – Tessera`;
  }, [title]);
  const content = useRef<HTMLElement>(null);
  useEffect(() => {
    if (cameByLink()) content.current?.focus({ preventScroll: true });
  }, []);
  const { page } = useRoute();
  const current = (own: string): 'page' | undefined => (own === page ? 'page' : undefined);
  return (
    <>
      <a className="skip" href={`#${name}`}>
        Skip to the content
      </a>
      <header className="top">
        <Link href="/" className="brand" aria-label="Tessera, rooms">
          <span className="mark" aria-hidden="true">
            <i />
            <i />
            <i />
            <i />
          </span>
          Tessera
        </Link>
        <nav aria-label="Pages">
          <Link href="/" aria-current={current('rooms')}>
            Rooms
          </Link>
          <Link href="/recordings" aria-current={current('recordings')}>
            Recordings
          </Link>
          <Link href="/status" aria-current={current('status')}>
            Status
          </Link>
        </nav>
      </header>
      <main ref={content} id={name} className={wide ? 'wide' : undefined} tabIndex={-1} {...data}>
        {children}
      </main>
    </>
  );
}

/** An error in words; spoken at once by a screen reader. */
export function ErrorNote({ error, children }: { error: unknown; children?: ReactNode }) {
  if (error === undefined || error === null) return null;
  return (
    <div className="note error" role="alert" data-testid="error">
      <p>{typeof error === 'string' ? error : inWords(error)}</p>
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      <span className="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}

export function Badge({ tone, children }: { tone: 'good' | 'busy' | 'bad' | 'quiet'; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}
