import { useCallback, useEffect, useState } from 'react';
import { claimsOf, keepTokenFromAddress, keptToken, needsInvitation, tokenFor } from '../api/access.ts';
import { keptForBrowser } from '../api/kept.ts';
import { ApiError, inWords } from '../api/api-error.ts';
import { api } from '../api/client.ts';
import type { Room } from '../api/types.ts';
import { Call, type CallEnd } from '../components/call.tsx';
import { Invitation } from '../components/invitation.tsx';
import { JoinSetup } from '../components/join-setup.tsx';
import { ErrorNote, Loading, Page } from '../components/page.tsx';
import { saysToSave, type NetworkInformation } from '../media/connection-quality.ts';
import { useOwnMedia } from '../media/use-own-media.ts';
import { Link } from '../routing.tsx';

type Phase = { at: 'looking' } | { at: 'invitation'; refused?: string } | { at: 'error'; error: unknown } | { at: 'open'; room: Room; fixedName?: string };

export function JoinPage({ room }: { room: string }) {
  useState(() => keepTokenFromAddress(room));
  const [phase, setPhase] = useState<Phase>({ at: 'looking' });
  const [end, setEnd] = useState<CallEnd>();
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    let over = false;
    const look = async (): Promise<Phase> => {
      try {
        const token = await tokenFor(room, 'participant');
        const found = await api.room(token, room);
        if (found.status === 'ended') return { at: 'error', error: new ApiError(409, 'roomEnded', 'This room has ended.') };
        return { at: 'open', room: found, fixedName: keptToken(room) ? claimsOf(token).name : undefined };
      } catch (error) {
        if (!needsInvitation(error)) return { at: 'error', error };
        return { at: 'invitation', refused: keptToken(room) ? inWords(error) : undefined };
      }
    };
    void look().then((next) => !over && setPhase(next));
    return () => {
      over = true;
    };
  }, [room, turn]);

  const again = (): void => {
    setEnd(undefined);
    setPhase({ at: 'looking' });
    setTurn((n) => n + 1);
  };

  if (end) {
    return (
      <Page title={`Join ${room}`} name="join" data={{ 'data-testid': 'join', 'data-state': end.fault ? 'error' : 'ended' }}>
        <section className="card narrow empty" data-testid="left">
          <h1>{end.title}</h1>
          {end.fault ? <ErrorNote error={end.words} /> : end.words && <p role="status">{end.words}</p>}
          <div className="row centre">
            {end.mayReturn && (
              <button type="button" className="primary" onClick={again}>
                Join again
              </button>
            )}
            <Link className="button" href="/">
              All rooms
            </Link>
          </div>
        </section>
      </Page>
    );
  }
  switch (phase.at) {
    case 'looking':
    case 'invitation':
    case 'error':
      return (
        <Page title={`Join ${room}`} name="join" data={{ 'data-testid': 'join', 'data-state': phase.at === 'looking' ? 'connecting' : 'error' }}>
          <h1>Join {room}</h1>
          {phase.at === 'looking' && <Loading what="the room" />}
          {phase.at === 'invitation' && <Invitation room={room} refused={phase.refused} onToken={again} />}
          {phase.at === 'error' && (
            <ErrorNote error={phase.error}>
              <div className="row">
                <button type="button" onClick={again}>
                  Try again
                </button>
                <Link className="button" href="/">
                  All rooms
                </Link>
              </div>
            </ErrorNote>
          )}
        </Page>
      );
    case 'open':
      return <Meeting room={phase.room} fixedName={phase.fixedName} onEnd={setEnd} />;
  }
}

const NAME_KEY = 'tessera.name';
const SAVING_KEY = 'tessera.data-saver';

/** Not in every browser. */
const network = (navigator as Navigator & { connection?: NetworkInformation }).connection;

/** Setup and call share the camera and microphone, so that joining does not open them again. */
function Meeting({ room, fixedName, onEnd }: { room: Room; fixedName?: string; onEnd: (end: CallEnd) => void }) {
  const own = useOwnMedia();
  const [name, setName] = useState(fixedName ?? keptForBrowser.get(NAME_KEY) ?? '');
  const [joined, setJoined] = useState(false);
  const [saving, setSaving] = useState(keptForBrowser.get(SAVING_KEY) === 'yes');
  const onSaving = (on: boolean): void => {
    keptForBrowser.set(SAVING_KEY, on ? 'yes' : 'no');
    setSaving(on);
  };
  const token = useCallback(() => tokenFor(room.id, 'participant', name), [room.id, name]);

  const join = (): void => {
    if (!fixedName) keptForBrowser.set(NAME_KEY, name);
    if (own.media) own.media.name = name;
    setJoined(true);
  };
  if (joined && own.media) return <Call room={room} name={name} media={own.media} view={own.view} saving={saving} onSaving={onSaving} token={token} onEnd={onEnd} />;
  return (
    <Page title={`Join ${room.name}`} name="join" data={{ 'data-testid': 'join', 'data-state': 'setup' }}>
      <JoinSetup room={room} name={name} nameFixed={fixedName !== undefined} onName={setName} media={own.media} view={own.view} saving={saving} onSaving={onSaving} advised={saysToSave(network)} onJoin={join} />
    </Page>
  );
}
