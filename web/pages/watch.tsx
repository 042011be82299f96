import { useCallback, useEffect, useRef, useState } from 'react';
import { claimsOf, forgetToken, keepTokenFromAddress, keptToken, needsInvitation } from '../api/access.ts';
import { inWords } from '../api/api-error.ts';
import { useLive } from '../api/use-live.ts';
import { viewerToken } from '../api/viewer-token.ts';
import { Chat } from '../components/chat.tsx';
import { Invitation } from '../components/invitation.tsx';
import { ErrorNote, Page } from '../components/page.tsx';
import { Icon } from '../components/player/icons.tsx';
import { playerData } from '../components/player/player-data.ts';
import { PlayerFrame } from '../components/player/player-frame.tsx';
import { usePlayer } from '../components/player/use-player.ts';
import { askedMode } from '../player/mode-plan.ts';

export function WatchPage({ room }: { room: string }) {
  useState(() => keepTokenFromAddress(room));
  const video = useRef<HTMLVideoElement>(null);
  const [mode] = useState(() => askedMode(window.location.search));
  const [turn, setTurn] = useState(0);
  const [own, setOwn] = useState<string>();
  const token = useCallback(() => viewerToken(room), [room]);
  const [failedBefore, setFailed] = useState(false);
  const live = useLive(room, failedBefore ? undefined : token);
  const { view, player } = usePlayer(video, room, token, mode, turn, live.ended);
  const failed = view.state === 'error';
  useEffect(() => setFailed(failed), [failed]);
  const refused = failed && needsInvitation(view.error);
  useEffect(() => void token().then((value) => setOwn(value && claimsOf(value).sub), () => undefined), [token, turn]);
  const name = live.room?.name ?? room;

  return (
    <Page title={`Watch ${name}`} name="watch" wide data={playerData('watch', view)}>
      <div className="between">
        <h1>{name}</h1>
        {view.viewers !== undefined && (
          <p className="quiet viewers" data-testid="viewers" title="Watching now">
            <Icon name="people" /> {view.viewers} <span className="hidden">watching now</span>
          </p>
        )}
      </div>
      {refused && <Invitation room={room} refused={keptToken(room) ? inWords(view.error) : undefined} onToken={() => setTurn((n) => n + 1)} />}
      <div className="stage" hidden={refused}>
        <div className="screen-side">
          <PlayerFrame {...{ room, video, player, view, token }} caption={live.caption} alone={false} muted={false} />
          {failed && (
            <ErrorNote error={view.error}>
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
        </div>
        {!failed && <Chat live={live} own={own} />}
      </div>
    </Page>
  );
}
