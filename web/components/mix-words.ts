import type { DegradedState } from '../../src/domain/degrade-ladder.ts';
import type { Room } from '../api/types.ts';

export const MIX_WORDS: Record<Room['mix']['status'], string> = { idle: 'Nothing is mixed', starting: 'The mix is starting', running: 'Mixing', recovering: 'The mix is being started again' };

const STEP_WORDS: Record<DegradedState['step'], string> = {
  overlays: 'Overlays are drawn less often and no longer move',
  frameRate: 'The picture runs at half its frame rate',
  renditions: 'The picture runs at half its frame rate, the small rendition at a quarter',
  uplink: 'The picture runs at half its frame rate, and cameras are asked for smaller pictures',
};

/** For the status table. */
export const STEP_NAMES: Record<DegradedState['step'], string> = { overlays: 'slow overlays', frameRate: 'half frame rate', renditions: 'slow small rendition', uplink: 'small cameras' };

/** What viewers notice while the machine cannot keep up, and why. */
export function degradedWords({ step, reason, since }: DegradedState): string {
  const at = new Date(since);
  const when = Number.isNaN(at.getTime()) ? '' : ` since ${at.toLocaleTimeString(undefined, { timeStyle: 'short' })}`;
  return `${STEP_WORDS[step]}${when}: the machine is overloaded (${reason}). It goes back by itself.`;
}
