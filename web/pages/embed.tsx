import { useCallback, useEffect, useRef, useState } from 'react';
import { forgetToken, keepTokenFromAddress, keptToken, needsInvitation } from '../api/access.ts';
import { inWords } from '../api/api-error.ts';
import { useLive } from '../api/use-live.ts';
import { viewerToken } from '../api/viewer-token.ts';
import { Invitation } from '../components/invitation.tsx';
import { playerData } from '../components/player/player-data.ts';
import { PlayerFrame } from '../components/player/player-frame.tsx';
import { usePlayer } from '../components/player/use-player.ts';
import { askedMode } from '../player/mode-plan.ts';

/** The player alone, for a frame in another page: `?token=`, `?mode=webrtc|hls`, `?muted=1`. */
export function EmbedPage({ room }: { room: string }) {
  useState(() => keepTokenFromAddress(room));
  const video = useRef<HTMLVideoElement>(null);
  const [asked] = useState(() => ({ mode: askedMode(window.location.search), muted: new URLSearchParams(window.location.search).get('muted') === '1' }));
  const [turn, setTurn] = useState(0);
  const token = useCallback(() => viewerToken(room), [room]);
  const [failedBefore, setFailed] = useState(false);
  const live = useLive(room, failedBefore ? undefined : token);
  const { view, player } = usePlayer(video, room, token, asked.mode, turn, live.ended);
  const failed = view.state === 'error';
  useEffect(() => setFailed(failed), [failed]);
  const refused = failed && needsInvitation(view.error);
  const name = live.room?.name ?? room;
  useEffect(() => {
    document.title = `${name} – Tessera`;
  }, [name]);

  return (
    <main id="embed" className="embed" {...playerData('embed', view)}>
      <h1 className="hidden">{name}</h1>
      <PlayerFrame {...{ room, video, player, view, token }} caption={live.caption} alone muted={asked.muted}>
        {failed && (
          <div className="over" role="alert" data-testid={refused ? undefined : 'error'}>
            {refused ? (
              <Invitation room={room} refused={keptToken(room) ? inWords(view.error) : undefined} onToken={() => setTurn((n) => n + 1)} />
            ) : (
              <>
                <p>{inWords(view.error)}</p>
                <button
                  type="button"
                  onClick={() => {
                    forgetToken(room);
                    setTurn((n) => n + 1);
                  }}
                >
                  Try again
                </button>
              </>
            )}
          </div>
        )}
      </PlayerFrame>
    </main>
  );
}
