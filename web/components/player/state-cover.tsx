import type { PlaybackState } from '../../player/playback.ts';
import { Icon } from './icons.tsx';

export const STATE_WORDS: Readonly<Record<PlaybackState, string>> = {
  connecting: 'Connecting…',
  starting: 'Starting soon. The picture comes by itself.',
  live: 'Live',
  reconnecting: 'The connection was lost. Trying again…',
  over: 'The broadcast has ended.',
  ended: 'The broadcast has ended.',
  error: 'The broadcast cannot be played.',
};

/** What lies over the picture while there is none, or while it stands. */
export function StateCover({ state, canReplay, onReplay }: { state: PlaybackState; canReplay: boolean; onReplay: () => void }) {
  if (state === 'live') return null;
  const waits = state === 'connecting' || state === 'starting' || state === 'reconnecting';
  return (
    <div className={state === 'reconnecting' ? 'over light' : 'over'}>
      {waits && <span className="spinner" aria-hidden="true" />}
      <p aria-hidden="true">{STATE_WORDS[state]}</p>
      {(state === 'over' || state === 'ended') && canReplay && (
        <button type="button" onClick={onReplay} data-testid="replay">
          <Icon name="replay" /> Watch from the beginning
        </button>
      )}
    </div>
  );
}
