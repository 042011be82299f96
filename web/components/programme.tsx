import { useEffect, useRef, type ReactNode } from 'react';
import type { WhepView } from '../media/use-whep.ts';
import { inWords } from '../api/api-error.ts';

/** What is told of the connection. */
type Shown = Pick<WhepView, 'state' | 'error' | 'stream'>;

/** What a page's `data-state` says for a WHEP connection. */
export function dataStateOf(view: Shown): 'connecting' | 'live' | 'reconnecting' | 'ended' | 'error' {
  switch (view.state) {
    case 'connecting':
    case 'waiting':
      return 'connecting';
    case 'live':
      return 'live';
    case 'reconnecting':
      return 'reconnecting';
    case 'closed':
      return 'ended';
    case 'failed':
      return isOver(view.error) ? 'ended' : 'error';
  }
}

function isOver(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'roomEnded';
}

function wordsOf(view: Shown, waiting: string): string {
  switch (dataStateOf(view)) {
    case 'connecting':
      return view.state === 'waiting' ? waiting : 'Connecting to the programme…';
    case 'reconnecting':
      return 'The connection was lost. Trying again…';
    case 'ended':
      return 'The room has ended.';
    case 'error':
      return `The programme cannot be shown. ${inWords(view.error)}`;
    case 'live':
      return 'Live';
  }
}

interface ProgrammeProps {
  view: Shown;
  muted: boolean;
  label: string;
  /** Said while the room has no live mix. */
  waiting: string;
  children?: ReactNode;
}

/** The mixed stream with what to say while it is not there. */
export function Programme({ view, muted, label, waiting, children }: ProgrammeProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element || !view.stream) return;
    if (element.srcObject !== view.stream) element.srcObject = view.stream;
    // play() is refused only with sound and before any click; both pages start muted or after one
    element.play().catch(() => undefined);
  }, [view.stream, view.state, muted]);
  const state = dataStateOf(view);
  return (
    <div className="screen">
      <video id="programme" ref={video} data-testid="programme" autoPlay playsInline muted={muted} aria-label={label} />
      {state !== 'live' && (
        <div className={`over ${state === 'reconnecting' ? 'light' : ''}`} aria-hidden="true">
          {(state === 'connecting' || state === 'reconnecting') && <span className="spinner" />}
          <p>{wordsOf(view, waiting)}</p>
        </div>
      )}
      <p className="hidden" role="status" data-testid="programme-state">
        {wordsOf(view, waiting)}
      </p>
      {children}
    </div>
  );
}
