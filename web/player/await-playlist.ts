import { ApiError, errorOf, unreachable } from '../api/api-error.ts';
import { playlistUrl, type PlaybackOptions, type PlaybackView } from './playback.ts';

const PROBE_MS = 1_500;
const LONGEST_MS = 5_000;

/**
 * Waits until the room has a playlist, telling meanwhile what it waits for.
 * @returns its URL, whether it had to wait for the broadcast to begin; undefined when it will not come (the state says why) or `signal` fired
 */
export async function awaitPlaylist(
  { room, token, events }: Pick<PlaybackOptions, 'room' | 'token' | 'events'>,
  wasLive: () => boolean,
  signal: AbortSignal,
): Promise<{ url: string; waited: boolean } | undefined> {
  let waited = false;
  while (!signal.aborted) {
    try {
      const url = playlistUrl(room, await token());
      const response = await fetch(url, { signal, cache: 'no-store' }).catch((cause: unknown) => {
        throw unreachable(cause);
      });
      if (!response.ok) throw await errorOf(response);
      await response.body?.cancel();
      return { url, waited };
    } catch (error) {
      if (signal.aborted) return undefined;
      const problem = error instanceof ApiError ? error : unreachable(error);
      const final = stateOf(problem, wasLive());
      events.changed(final);
      if (final.state === 'ended' || final.state === 'error') return undefined;
      waited ||= final.state === 'starting';
      await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_MS, problem.retryAfterMs ?? PROBE_MS)));
    }
  }
  return undefined;
}

function stateOf(problem: ApiError, wasLive: boolean): Pick<PlaybackView, 'state' | 'error'> {
  if (problem.code === 'roomEnded' || (problem.code === 'roomNotFound' && wasLive)) return { state: 'ended' };
  if ([400, 401, 403].includes(problem.status) || problem.code === 'roomNotFound') return { state: 'error', error: problem };
  const away = problem.status === 0 || problem.status >= 500;
  return { state: wasLive || away ? 'reconnecting' : 'starting' };
}
