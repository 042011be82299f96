import type { ReactNode } from 'react';
import { Invitation } from './invitation.tsx';
import { ErrorNote, Loading } from './page.tsx';
import type { usePageToken } from './use-page-token.ts';

type Ready = Extract<ReturnType<typeof usePageToken>, { status: 'ready' }>;

/** Shows `children` once there is a token, and until then what is missing. */
export function TokenGate({ room, token, children }: { room: string; token: ReturnType<typeof usePageToken>; children: (ready: Ready) => ReactNode }) {
  switch (token.status) {
    case 'asking':
      return <Loading what="the page" />;
    case 'missing':
      return <Invitation room={room} refused={token.refused} onToken={token.retry} />;
    case 'failed':
      return (
        <ErrorNote error={token.error}>
          <button type="button" onClick={token.retry}>
            Try again
          </button>
        </ErrorNote>
      );
    case 'ready':
      return children(token);
  }
}
