import { type FormEvent } from 'react';
import type { Room } from '../api/types.ts';
import type { OwnMedia, OwnMediaView } from '../media/own-media.ts';
import { useLevel } from '../media/use-level.ts';
import { DevicePicker } from './device-picker.tsx';
import { LevelBar } from './level-bar.tsx';
import { SelfView } from './self-view.tsx';
import { Switch } from './switch.tsx';
import { counted } from './words.ts';

interface SetupProps {
  room: Room;
  name: string;
  nameFixed: boolean;
  onName: (name: string) => void;
  media: OwnMedia | undefined;
  view: OwnMediaView;
  /** Send and receive little. */
  saving: boolean;
  onSaving: (on: boolean) => void;
  /** The browser says that little data is better here. */
  advised: boolean;
  onJoin: () => void;
}

/** Before going in: one's name, and a look at what the others will see and hear. */
export function JoinSetup({ room, name, nameFixed, onName, media, view, saving, onSaving, advised, onJoin }: SetupProps) {
  const level = useLevel(view.microphone.on ? media?.audioTrack : undefined);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onName(name.trim());
    onJoin();
  };
  return (
    <form className="setup" onSubmit={submit}>
      <div>
        <h1>Join {room.name}</h1>
        <p className="quiet">{room.participants === 0 ? 'Nobody is in the room yet.' : `${counted(room.participants, 'participant')} in the room.`}</p>
      </div>
      <div className="self-large">
        {view.camera.on ? <SelfView track={media?.videoTrack} /> : <p className="quiet">{view.camera.busy ? 'Opening the camera…' : 'Your camera is off.'}</p>}
      </div>
      <div className="fields one">
        <label>
          Your name
          <input value={name} onChange={(e) => onName(e.target.value)} required maxLength={64} readOnly={nameFixed} autoComplete="name" name="name" pattern=".*\S.*" title="At least one letter" />
        </label>
        <DevicePicker kind="camera" view={view.camera} devices={view.devices.cameras} onChange={(on, id) => void media?.setCamera(on, id)} />
        <DevicePicker kind="microphone" view={view.microphone} devices={view.devices.microphones} onChange={(on, id) => void media?.setMicrophone(on, id)}>
          <LevelBar level={level} label="Level of your microphone" />
        </DevicePicker>
        {advised && !saving && (
          <p className="note" role="status">
            Your browser reports a slow connection, or one where data is dear. You may want to save data.
          </p>
        )}
        <Switch label="Save data" hint="A small picture and sound for speech, 150 kbit/s up and about 180 down" checked={saving} onChange={onSaving} testId="data-saver" />
        <button type="submit" className="primary large" disabled={!media} data-testid="join-button">
          Join
        </button>
      </div>
    </form>
  );
}
