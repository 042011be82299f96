import { useCallback, useRef, useState, type ReactNode, type RefObject } from 'react';
import type { LiveState } from '../../api/live-events.ts';
import { keptForBrowser } from '../../api/kept.ts';
import type { Player, PlayerView } from '../../player/player.ts';
import type { PlayerCommand } from '../../player/shortcuts.ts';
import { skip } from '../../player/timeline.ts';
import { Captions } from './captions.tsx';
import { ControlBar } from './control-bar.tsx';
import { Poster } from './poster.tsx';
import { ShortcutHelp } from './shortcut-help.tsx';
import { StateCover, STATE_WORDS } from './state-cover.tsx';
import { useFullScreen, useIdle, usePaused, usePictureInPicture, useVolume } from './use-element.ts';
import { useShortcuts } from './use-shortcuts.ts';
import { useStoryboard } from './use-storyboard.ts';

interface PlayerFrameProps {
  room: string;
  video: RefObject<HTMLVideoElement | null>;
  player: RefObject<Player | undefined>;
  view: PlayerView;
  token: () => Promise<string | undefined>;
  caption: LiveState['caption'];
  /** The player is all there is on the page: controls lie over the picture, keys act everywhere. */
  alone: boolean;
  muted: boolean;
  /** Over the picture, above everything else. */
  children?: ReactNode;
}

const CAPTIONS_KEY = 'tessera.captions';

/** Picture, what lies over it, and controls. */
export function PlayerFrame({ room, video, player, view, token, caption, alone, muted, children }: PlayerFrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  const { volume, set, step, toggle: toggleMute } = useVolume(video, muted);
  const paused = usePaused(video);
  const { full, toggle: toggleFull } = useFullScreen(frame, video);
  const pictureInPicture = usePictureInPicture(video);
  const idle = useIdle(frame);
  const storyboard = useStoryboard(room, token);
  const [help, setHelp] = useState(false);
  const [captionsOn, setCaptionsOn] = useState(() => keptForBrowser.get(CAPTIONS_KEY) !== 'off');
  const toggleCaptions = useCallback(() => {
    setCaptionsOn((on) => {
      keptForBrowser.set(CAPTIONS_KEY, on ? 'off' : 'on');
      return !on;
    });
  }, []);
  const seek = (to: number | 'live'): void => player.current?.seek(to);
  const playPause = (): void => player.current?.playPause();
  const run = (command: PlayerCommand): void => {
    const by = { back10: -10, forward10: 10, back5: -5, forward5: 5 }[command as string];
    if (by !== undefined) {
      if (view.window) seek(skip(view.window, by));
      return;
    }
    const commands: Partial<Record<PlayerCommand, () => void>> = {
      playPause,
      mute: toggleMute,
      louder: () => step(1),
      quieter: () => step(-1),
      fullScreen: toggleFull,
      captions: toggleCaptions,
      pictureInPicture,
      live: () => seek('live'),
      help: () => setHelp(!help),
    };
    commands[command]?.();
  };
  const shortcuts = useShortcuts(frame, alone, run);
  const overlaid = alone || full;
  const quiet = overlaid && idle && !paused && !help && view.state === 'live';
  return (
    <div ref={frame} className={overlaid ? 'player overlaid' : 'player'} data-quiet={quiet} tabIndex={-1}>
      <div className="screen">
        {/* a click on the picture pauses; the button beside it has the name */}
        <video id="programme" ref={video} data-testid="programme" playsInline aria-label={`Programme of ${room}`} onClick={playPause} onDoubleClick={toggleFull} />
        {!view.picture && view.state === 'live' && <Poster room={room} token={token} />}
        <StateCover state={view.state} canReplay={view.window !== undefined} onReplay={() => player.current?.replay()} />
        {captionsOn && <Captions caption={caption} delayMs={view.behindMs ?? 0} />}
        {view.soundBlocked && view.state === 'live' && (
          <button type="button" className="sound" onClick={() => set({ level: volume.level, muted: false })} data-testid="sound-on">
            Turn the sound on
          </button>
        )}
        {help && <ShortcutHelp on={shortcuts.on} setOn={shortcuts.setOn} close={() => setHelp(false)} />}
        {children}
      </div>
      <p className="hidden" role="status" data-testid="state">
        {STATE_WORDS[view.state]}
      </p>
      <ControlBar
        {...{ view, paused, volume, full, pictureInPicture, storyboard, playPause, seek, toggleMute, toggleFull }}
        captions={caption ? { on: captionsOn, toggle: toggleCaptions } : undefined}
        helpOpen={help}
        goLive={() => seek('live')}
        choose={(quality) => player.current?.choose(quality)}
        setVolume={set}
        toggleHelp={() => setHelp(!help)}
      />
    </div>
  );
}
