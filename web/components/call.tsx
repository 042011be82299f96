import { useEffect, useRef, useState } from 'react';
import { claimsOf } from '../api/access.ts';
import { inWords } from '../api/api-error.ts';
import type { Participant, Room } from '../api/types.ts';
import { useLive, type Live } from '../api/use-live.ts';
import { openScreen } from '../media/local-media.ts';
import type { OwnMedia, OwnMediaView } from '../media/own-media.ts';
import { useLevel } from '../media/use-level.ts';
import { usePoorConnection } from '../media/use-poor-connection.ts';
import { useCameraPublication, useScreenPublication, type PublicationView } from '../media/use-publication.ts';
import { useWhep, type WhepView } from '../media/use-whep.ts';
import { Chat } from './chat.tsx';
import { DevicePicker } from './device-picker.tsx';
import { LevelBar } from './level-bar.tsx';
import { ErrorNote, Page } from './page.tsx';
import { PoorConnectionNote } from './poor-connection-note.tsx';
import { dataStateOf, Programme } from './programme.tsx';
import { SelfView } from './self-view.tsx';
import { counted } from './words.ts';

export interface CallEnd {
  title: string;
  words?: string;
  fault: boolean;
  mayReturn: boolean;
}

interface CallProps {
  room: Room;
  name: string;
  media: OwnMedia;
  view: OwnMediaView;
  /** Send and receive little. */
  saving: boolean;
  onSaving: (on: boolean) => void;
  token: () => Promise<string>;
  onEnd: (end: CallEnd) => void;
}

/** In the room: one's camera and microphone go out, the mixed picture and the mix-minus sound come back. */
export function Call({ room, name, media, view, saving, onSaving, token, onEnd }: CallProps) {
  const live = useLive(room.id, token);
  const publication = useCameraPublication({ room: room.id, token, media, wishes: live.uplink, saving });
  const programme = useWhep(room.id, token, { audio: false, rendition: saving ? 'low' : undefined }, live.room?.mix.status === 'running');
  const [screen, setScreen] = useState<MediaStream>();
  const [screenError, setScreenError] = useState<string>();
  const sharing = useScreenPublication({ room: room.id, token, screen, wishes: live.uplink, saving, onStopped: () => setScreen(undefined) });
  const [own, setOwn] = useState<string>();
  const [settings, setSettings] = useState(false);
  const [dismissed, setDismissed] = useState(false);
  const savingSwitch = useRef<HTMLButtonElement>(null);
  const offering = !saving && !dismissed;
  const poor = usePoorConnection(offering, () => Promise.all([publication.stats(), programme.stats()]));
  const level = useLevel(view.microphone.on ? media.audioTrack : undefined);
  const me = live.participants.find((p) => p.id === own);

  useRenewal(live, own, publication);
  useToldMicrophone(live, me, view.microphone.on);

  useEffect(() => void token().then((value) => setOwn(claimsOf(value).sub), () => undefined), [token]);
  useEffect(() => {
    if (live.ended) onEnd({ title: 'The room has ended', words: 'Thank you for being there.', fault: false, mayReturn: false });
  }, [live.ended, onEnd]);
  useEffect(() => {
    if (live.removed) onEnd({ title: 'You were removed from the room', words: 'The host has removed you.', fault: false, mayReturn: false });
  }, [live.removed, onEnd]);
  useEffect(() => {
    if (publication.state !== 'failed') return;
    const words = inWords(publication.error);
    onEnd({ title: 'You are not in the room', words, fault: true, mayReturn: true });
  }, [publication.state, publication.error, onEnd]);
  useEffect(() => {
    if (sharing.state !== 'failed') return;
    setScreenError(`The screen is not shared. ${inWords(sharing.error)}`);
    setScreen(undefined);
  }, [sharing.state, sharing.error]);

  const share = (): void => {
    setScreenError(undefined);
    if (screen) setScreen(undefined);
    else openScreen().then(setScreen, (reason: unknown) => setScreenError(inWords(reason)));
  };
  /** The offer goes away with the button that was pressed: the focus moves to where the same can be changed later. */
  const decided = (change: () => void): void => {
    savingSwitch.current?.focus();
    change();
  };
  const leave = (): void => onEnd({ title: 'You have left the room', fault: false, mayReturn: true });

  return (
    <Page
      title={live.room?.name ?? room.name}
      name="join"
      wide
      data={{
        'data-testid': 'join',
        'data-state': overall(publication, programme),
        'data-publish-state': publication.state,
        'data-programme-state': programme.state,
        'data-screen-state': sharing.state,
        'data-saving': saving ? 'yes' : 'no',
        'data-identity': own,
      }}
    >
      <div className="between">
        <h1>{live.room?.name ?? room.name}</h1>
        <p className="quiet" data-testid="participant-count">
          {live.connected ? counted(live.participants.length, 'participant') : ''}
        </p>
      </div>
      <p className="hidden" role="status" data-testid="publish-state">
        {publishWords(publication)}
      </p>
      <div className="stage">
        <div className="screen-side">
          <Programme view={programme} muted label={`Everyone in ${room.name}, mixed into one picture`} waiting="The mix is starting…">
            <div className="self-small">
              <SelfView track={media.videoTrack} mirrored={view.camera.on} />
              <LevelBar level={level} label="Level of your microphone" />
            </div>
          </Programme>
          <MixMinus stream={publication.mixMinus} />
          {publication.state !== 'live' && (
            <p className="note" aria-hidden="true">
              {publishWords(publication)}
            </p>
          )}
          <PoorConnectionNote poor={poor} onSave={() => decided(() => onSaving(true))} onDismiss={() => decided(() => setDismissed(true))} />
          {me?.audioMuted && <p className="note">The host has muted you. The others do not hear you.</p>}
          {me?.videoHidden && <p className="note">The host has hidden your picture.</p>}
          <div className="row bar" role="toolbar" aria-label="Controls">
            <button type="button" aria-pressed={view.microphone.on} className={view.microphone.on ? '' : 'off'} disabled={view.microphone.busy} onClick={() => void media.setMicrophone(!view.microphone.on)} data-testid="toggle-microphone">
              {view.microphone.on ? 'Microphone on' : 'Microphone off'}
            </button>
            <button type="button" aria-pressed={view.camera.on} className={view.camera.on ? '' : 'off'} disabled={view.camera.busy} onClick={() => void media.setCamera(!view.camera.on)} data-testid="toggle-camera">
              {view.camera.on ? 'Camera on' : 'Camera off'}
            </button>
            <button type="button" aria-pressed={screen !== undefined} onClick={share} data-testid="toggle-screen">
              {screen ? 'Stop sharing' : 'Share screen'}
            </button>
            <button type="button" ref={savingSwitch} aria-pressed={saving} onClick={() => onSaving(!saving)} title="Send and receive less: a small picture, sound for speech" data-testid="toggle-saving">
              {saving ? 'Saving data' : 'Save data'}
            </button>
            <button type="button" aria-expanded={settings} aria-controls="devices" onClick={() => setSettings(!settings)}>
              Devices
            </button>
            <button type="button" className="danger end" onClick={leave} data-testid="leave">
              Leave
            </button>
          </div>
          <div id="devices" className="card fields one" hidden={!settings}>
            <DevicePicker kind="camera" view={view.camera} devices={view.devices.cameras} onChange={(on, id) => void media.setCamera(on, id)} />
            <DevicePicker kind="microphone" view={view.microphone} devices={view.devices.microphones} onChange={(on, id) => void media.setMicrophone(on, id)} />
          </div>
          <ErrorNote error={screenError} />
          {!settings && <ErrorNote error={view.microphone.error} />}
          {!settings && <ErrorNote error={view.camera.error} />}
          <p className="quiet">
            You are here as {name}. {sharing.state === 'live' && 'Your screen is shared.'}
          </p>
        </div>
        <Chat live={live} own={own} />
      </div>
    </Page>
  );
}

/** How long a removal by the host may come after the news of leaving. */
const REMOVAL_NEWS_MS = 500;

/** The room says that one has left although one has not: its media process was lost, so publish again at once. */
function useRenewal(live: Live, own: string | undefined, { state, renew }: PublicationView): void {
  const present = own !== undefined && live.connected && live.participants.some((p) => p.id === own);
  const wasPresent = useRef(false);
  useEffect(() => {
    const gone = wasPresent.current && !present && live.connected && state === 'live';
    wasPresent.current = present;
    if (!gone) return undefined;
    const timer = setTimeout(renew, REMOVAL_NEWS_MS);
    return () => clearTimeout(timer);
  }, [present, live.connected, state, renew]);
}

const TELL_AGAIN_MS = 1_000;

/** Tells the room, which marks in the mix who has the microphone off, until it knows: also after a reconnection. */
function useToldMicrophone({ connected, tellMicrophone }: Live, me: Participant | undefined, on: boolean): void {
  const toTell = connected && me !== undefined && (me.microphoneOff ?? false) === on;
  useEffect(() => {
    if (!toTell) return undefined;
    const tell = (): void => void tellMicrophone(on);
    tell();
    const timer = setInterval(tell, TELL_AGAIN_MS);
    return () => clearInterval(timer);
  }, [toTell, on, tellMicrophone]);
}

/** The sound of everyone else. */
function MixMinus({ stream }: { stream: MediaStream | undefined }) {
  const audio = useRef<HTMLAudioElement>(null);
  const [blocked, setBlocked] = useState(false);
  useEffect(() => {
    const element = audio.current;
    if (!element || !stream) return;
    element.srcObject = stream;
    element.play().then(
      () => setBlocked(false),
      (reason: unknown) => setBlocked(reason instanceof DOMException && reason.name === 'NotAllowedError'),
    );
  }, [stream]);
  return (
    <>
      <audio id="mix-minus" ref={audio} data-testid="mix-minus" autoPlay />
      {blocked && (
        <button type="button" onClick={() => void audio.current?.play().then(() => setBlocked(false))}>
          🔊 Turn the sound on
        </button>
      )}
    </>
  );
}

function publishWords(view: PublicationView): string {
  switch (view.state) {
    case 'connecting':
      return 'Connecting your camera and microphone…';
    case 'waiting':
      return `The room does not take you in yet. Trying again… ${view.error === undefined ? '' : inWords(view.error)}`;
    case 'live':
      return 'You are in the room.';
    case 'reconnecting':
      return `Your connection was lost. Trying again… ${view.error === undefined ? '' : inWords(view.error)}`;
    case 'failed':
      return inWords(view.error);
    case 'closed':
      return 'You have left the room.';
  }
}

function overall(publication: PublicationView, programme: WhepView): string {
  const picture = dataStateOf(programme);
  if (publication.state === 'failed') return 'error';
  if (picture === 'error' || picture === 'ended') return picture;
  if (publication.state === 'reconnecting' || picture === 'reconnecting') return 'reconnecting';
  return publication.state === 'live' && picture === 'live' ? 'live' : 'connecting';
}
