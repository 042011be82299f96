import type { PlayerView } from '../../player/player.ts';
import type { Quality } from '../../player/playback.ts';
import { canScrub, timeLabel } from '../../player/timeline.ts';
import type { Volume } from '../../player/volume-memory.ts';
import { IconButton } from './icons.tsx';
import { Scrubber } from './scrubber.tsx';
import type { Storyboard } from './use-storyboard.ts';
import { VolumeControl } from './volume-control.tsx';

export interface ControlBarProps {
  view: PlayerView;
  paused: boolean;
  volume: Volume;
  full: boolean;
  captions: { on: boolean; toggle: () => void } | undefined;
  pictureInPicture: (() => void) | undefined;
  storyboard: Storyboard;
  helpOpen: boolean;
  playPause: () => void;
  goLive: () => void;
  seek: (to: number | 'live') => void;
  choose: (quality: Quality) => void;
  setVolume: (volume: Volume) => void;
  toggleMute: () => void;
  toggleFull: () => void;
  toggleHelp: () => void;
}

const SHOWN: Readonly<Record<string, string>> = { audio: 'sound only' };

/** All controls of the player, scrubber first. */
export function ControlBar(props: ControlBarProps) {
  const { view, paused } = props;
  const playable = view.state === 'live' || view.state === 'reconnecting' || view.state === 'over' || view.state === 'ended';
  const over = view.window?.over === true;
  const atEdge = view.atEdge && view.state === 'live' && !paused;
  return (
    <div className="controls" role="group" aria-label="Player">
      {playable && canScrub(view.window) && <Scrubber window={view.window} storyboard={props.storyboard} onSeek={props.seek} />}
      <div className="control-row">
        <IconButton icon={paused ? 'play' : 'pause'} label={paused ? 'Play' : 'Pause'} shortcut="K" onClick={props.playPause} testId="play-pause" />
        <VolumeControl volume={props.volume} onChange={props.setVolume} onToggle={props.toggleMute} />
        {over && view.window ? (
          <span className="when" data-testid="position">
            {timeLabel(view.window)}
          </span>
        ) : (
          <button type="button" className={atEdge ? 'edge on' : 'edge'} disabled={!playable || view.state === 'ended'} onClick={props.goLive} title="To the live edge (E)" data-testid="go-live">
            <span className="dot" aria-hidden="true" /> {atEdge ? 'Live' : 'Go to live'}
          </button>
        )}
        <span className="when latency" data-testid="latency">
          {view.state === 'live' && view.behindMs !== undefined ? behind(view.behindMs) : ' '}
        </span>
        <span className="gap" />
        {view.qualities.length > 1 && (
          <label className="quality" title="Quality">
            <span className="hidden">Quality</span>
            <select value={view.quality} onChange={(e) => props.choose(e.target.value as Quality)} data-testid="quality">
              {view.qualities.map(({ id, label }) => (
                <option key={id} value={id}>
                  {id === 'auto' && view.shown ? `${label} (${SHOWN[view.shown] ?? view.qualities.find((q) => q.id === view.shown)?.label ?? view.shown})` : label}
                </option>
              ))}
            </select>
          </label>
        )}
        {props.captions && <IconButton icon="captions" label="Captions" shortcut="C" pressed={props.captions.on} onClick={props.captions.toggle} testId="captions-toggle" />}
        {props.pictureInPicture && <IconButton icon="pictureInPicture" label="Picture in picture" shortcut="P" onClick={props.pictureInPicture} testId="picture-in-picture" />}
        <IconButton icon="help" label="Keyboard shortcuts" shortcut="?" expanded={props.helpOpen} onClick={props.toggleHelp} testId="help" />
        <IconButton icon={props.full ? 'leaveFullScreen' : 'fullScreen'} label={props.full ? 'Leave full screen' : 'Full screen'} shortcut="F" onClick={props.toggleFull} testId="full-screen" />
      </div>
    </div>
  );
}

function behind(ms: number): string {
  if (ms >= 60_000) return `${Math.round(ms / 60_000)} min behind`;
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s behind` : `${Math.max(0, Math.round(ms / 10) * 10)} ms behind`;
}
