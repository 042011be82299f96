import type { PlaybackState } from '../../player/playback.ts';
import type { PlayerView } from '../../player/player.ts';

/** The five states of `data-state`, see web/README.md. */
const DATA_STATE: Readonly<Record<PlaybackState, string>> = { connecting: 'connecting', starting: 'connecting', live: 'live', reconnecting: 'reconnecting', over: 'ended', ended: 'ended', error: 'error' };

/** What tests and benches read off a page with a player. */
export function playerData(name: string, view: PlayerView): Record<`data-${string}`, string | number | undefined> {
  return {
    'data-testid': name,
    'data-state': DATA_STATE[view.state],
    'data-mode': view.mode,
    'data-rendition': view.shown,
    'data-latency-ms': view.latencyMs,
    'data-behind-ms': view.behindMs,
    'data-startup-ms': view.startupMs,
    'data-stalls': view.stalls,
    'data-at-edge': view.atEdge ? 'true' : 'false',
    'data-viewers': view.viewers,
  };
}
