import { Component, lazy, Suspense, type ReactNode } from 'react';
import { Loading, Page } from './components/page.tsx';
import { Link, useRoute } from './routing.tsx';

const Rooms = lazy(() => import('./pages/rooms.tsx').then((m) => ({ default: m.RoomsPage })));
const Join = lazy(() => import('./pages/join.tsx').then((m) => ({ default: m.JoinPage })));
const Watch = lazy(() => import('./pages/watch.tsx').then((m) => ({ default: m.WatchPage })));
const Embed = lazy(() => import('./pages/embed.tsx').then((m) => ({ default: m.EmbedPage })));
const Studio = lazy(() => import('./pages/studio.tsx').then((m) => ({ default: m.StudioPage })));
const Recordings = lazy(() => import('./pages/recordings.tsx').then((m) => ({ default: m.RecordingsPage })));
const Status = lazy(() => import('./pages/status.tsx').then((m) => ({ default: m.StatusPage })));

export function App() {
  return (
    <Guard>
      <Suspense fallback={<Loading what="the page" />}>
        <CurrentPage />
      </Suspense>
    </Guard>
  );
}

function CurrentPage() {
  const route = useRoute();
  switch (route.page) {
    case 'rooms':
      return <Rooms />;
    case 'join':
      return <Join key={route.room} room={route.room} />;
    case 'watch':
      return <Watch key={route.room} room={route.room} />;
    case 'embed':
      return <Embed key={route.room} room={route.room} />;
    case 'studio':
      return <Studio key={route.room} room={route.room} />;
    case 'recordings':
      return <Recordings />;
    case 'status':
      return <Status />;
    case 'unknown':
      return (
        <Page title="Not found" name="not-found">
          <h1>There is no such page</h1>
          <p>
            The address may be mistyped. <Link href="/">See the rooms</Link>.
          </p>
        </Page>
      );
  }
}

/** A fault in a page must not leave a blank window. */
class Guard extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main role="alert">
        <h1>This page has failed</h1>
        <p>Something went wrong in the page itself.</p>
        <button type="button" onClick={() => window.location.reload()}>
          Load it again
        </button>
      </main>
    );
  }
}
