import type { ViewingMode } from '../../src/domain/viewing.ts';

/**
 * Why a way of watching was given up: `notLive`: WHEP has no mix to show yet (409); `refused`: it takes no more viewers (503);
 * `noWay`: the service agreed, but no connection came about, or no picture over it; `failed`: anything else, or it had worked before;
 * `ended`: the broadcast is over, and HLS may have it still.
 */
export type GiveUp = 'notLive' | 'refused' | 'noWay' | 'failed' | 'ended';

export interface PlanState {
  mode: ViewingMode;
  /** WHEP was left only because nothing was live: worth another look when there is. */
  webrtcLater: boolean;
}

/** `?mode=webrtc`, `?mode=hls`; anything else leaves it to the room. */
export function askedMode(search: string): 'webrtc' | 'hls' | undefined {
  const mode = new URLSearchParams(search).get('mode');
  return mode === 'webrtc' || mode === 'hls' ? mode : undefined;
}

/** @param offered by the service, best first @param hlsJs whether hls.js plays here; without it the browser itself has to */
export function firstMode(asked: 'webrtc' | 'hls' | undefined, offered: readonly ('webrtc' | 'hls')[], webrtc: boolean, hlsJs: boolean): ViewingMode {
  const wanted = asked ?? offered[0] ?? 'hls';
  if (wanted === 'webrtc' && webrtc) return 'webrtc';
  return hlsJs ? 'hls' : 'native';
}

/** What comes after a mode was given up; undefined when nothing is left. */
export function nextMode(state: PlanState, why: GiveUp, hlsJs: boolean, native: boolean): PlanState | undefined {
  switch (state.mode) {
    case 'webrtc':
      return { mode: hlsJs ? 'hls' : 'native', webrtcLater: why === 'notLive' };
    case 'hls':
      return native ? { mode: 'native', webrtcLater: false } : undefined;
    case 'native':
      return undefined;
  }
}
