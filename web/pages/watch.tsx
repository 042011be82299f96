import { useCallback, useEffect, useRef, useState } from 'react';
import { claimsOf, forgetToken, keepTokenFromAddress, keptToken, needsInvitation, tokenFor } from '../api/access.ts';
import { inWords } from '../api/api-error.ts';
import { useLive } from '../api/use-live.ts';
import { Chat } from '../components/chat.tsx';
import { Invitation } from '../components/invitation.tsx';
import { ErrorNote, Page } from '../components/page.tsx';
import { BroadcastPlayer, type BroadcastState, type BroadcastView } from '../media/broadcast-player.ts';

/** An open room needs no token: without one the service decides. */
async function viewerToken(room: string): Promise<string | undefined> {
  try {
    return await tokenFor(room, 'viewer');
  } catch (error) {
    if (needsInvitation(error)) return undefined;
    throw error;
  }
}

const WORDS: Record<BroadcastState, string> = {
  connecting: 'Connecting…',
  starting: 'Starting soon. The picture comes by itself.',
  live: 'Live',
  reconnecting: 'The connection was lost. Trying again…',
  ended: 'The broadcast has ended.',
  error: 'The broadcast cannot be played.',
};
/** The five states of `data-state`, see web/README.md. */
const DATA_STATE: Record<BroadcastState, string> = { connecting: 'connecting', starting: 'connecting', live: 'live', reconnecting: 'reconnecting', ended: 'ended', error: 'error' };

export function WatchPage({ room }: { room: string }) {
  useState(() => keepTokenFromAddress(room));
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<BroadcastPlayer | undefined>(undefined);
  const [view, setView] = useState<BroadcastView>();
  const [turn, setTurn] = useState(0);
  const [own, setOwn] = useState<string>();
  const token = useCallback(() => viewerToken(room), [room]);
  const state = view?.state ?? 'connecting';
  const refused = state === 'error' && needsInvitation(view?.error);
  const live = useLive(room, refused || (state === 'error') ? undefined : token);

  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    const url = async (): Promise<string> => {
      const value = await token();
      if (value) setOwn(claimsOf(value).sub);
      return value ? `/hls/${room}/t/${value}/index.m3u8` : `/hls/${room}/index.m3u8`;
    };
    const opened = new BroadcastPlayer(element, url, setView);
    player.current = opened;
    return () => {
      opened.close();
      player.current = undefined;
      setView(undefined);
    };
  }, [room, token, turn]);

  const overlay = state !== 'live' && !(state === 'ended' && view?.latencyMs !== undefined && video.current?.paused === false);
  return (
    <Page
      title={`Watch ${live.room?.name ?? room}`}
      name="watch"
      wide
      data={{
        'data-testid': 'watch',
        'data-state': DATA_STATE[state],
        'data-latency-ms': view?.latencyMs,
        'data-behind-ms': view?.behindMs,
        'data-stalls': view?.stalls ?? 0,
        'data-at-edge': view?.atEdge === false ? 'false' : 'true',
      }}
    >
      <h1>{live.room?.name ?? room}</h1>
      {refused && (
        <Invitation
          room={room}
          refused={keptToken(room) ? inWords(view?.error) : undefined}
          onToken={() => setTurn((n) => n + 1)}
        />
      )}
      <div className="stage" hidden={refused}>
        <div className="screen-side">
          <div className="screen">
            <video id="programme" ref={video} data-testid="programme" playsInline controls aria-label={`Programme of ${room}`} />
            {overlay && (
              <div className={`over ${state === 'reconnecting' ? 'light' : ''}`} aria-hidden="true">
                {(state === 'connecting' || state === 'starting' || state === 'reconnecting') && <span className="spinner" />}
                <p>{WORDS[state]}</p>
              </div>
            )}
            {view?.soundBlocked && state === 'live' && (
              <button type="button" className="sound" onClick={() => player.current?.soundOn()}>
                🔊 Turn the sound on
              </button>
            )}
          </div>
          <p className="hidden" role="status" data-testid="state">
            {WORDS[state]}
          </p>
          {state === 'error' && (
            <ErrorNote error={view?.error}>
              <button
                type="button"
                onClick={() => {
                  forgetToken(room);
                  setTurn((n) => n + 1);
                }}
              >
                Try again
              </button>
            </ErrorNote>
          )}
          <div className="row bar">
            <button type="button" className={view?.atEdge !== false && state === 'live' ? 'edge on' : 'edge'} disabled={state !== 'live' && state !== 'reconnecting'} onClick={() => player.current?.goLive()} data-testid="go-live">
              <span className="dot" aria-hidden="true" /> {view?.atEdge !== false && state === 'live' ? 'Live' : 'Go to live'}
            </button>
            <span className="quiet" data-testid="latency">
              {state === 'live' && view?.behindMs !== undefined ? `${(view.behindMs / 1000).toFixed(1)} s behind` : ' '}
            </span>
            {view && view.qualities.length > 1 && (
              <label className="inline end">
                Quality
                <select value={view.quality} onChange={(e) => player.current?.chooseQuality(Number(e.target.value))}>
                  <option value={-1}>Automatic</option>
                  {view.qualities.map((height, index) => (
                    <option key={height} value={index}>
                      {height}p
                    </option>
                  ))}
                </select>
              </label>
            )}
          </div>
        </div>
        {state !== 'error' && <Chat live={live} own={own} />}
      </div>
    </Page>
  );
}
