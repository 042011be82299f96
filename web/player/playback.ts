import type { GiveUp } from './mode-plan.ts';
import type { TimeWindow } from './timeline.ts';

/**
 * `starting`: there is no broadcast yet. `reconnecting`: there was a picture, and it tries again by itself. `over`: the broadcast
 * has ended before the viewer came; it can be played from its beginning.
 */
export type PlaybackState = 'connecting' | 'starting' | 'live' | 'reconnecting' | 'over' | 'ended' | 'error';

export type Quality = 'auto' | 'high' | 'mid' | 'low' | 'audio';

export interface QualityChoice {
  id: Quality;
  label: string;
}

export interface PlaybackView {
  state: PlaybackState;
  error?: unknown;
  qualities: readonly QualityChoice[];
  quality: Quality;
  /** What is on the screen now. */
  shown?: Exclude<Quality, 'auto'>;
  /** Where one can seek; absent with WebRTC. */
  window?: TimeWindow;
  atEdge: boolean;
  /** From the mix to the screen. */
  behindMs?: number;
  /** hls.js's own estimate of the distance to the live edge. */
  latencyMs?: number;
  /** Times the picture stopped for want of data. */
  stalls: number;
  /** False while only sound comes: a poster stands for the picture. */
  picture: boolean;
  /** The browser let it start only without sound. */
  soundBlocked: boolean;
}

export const FIRST_VIEW: PlaybackView = { state: 'connecting', qualities: [], quality: 'auto', atEdge: true, stalls: 0, picture: true, soundBlocked: false };

export interface PlaybackEvents {
  changed: (change: Partial<PlaybackView>) => void;
  /** It has ended itself; another way may do better. */
  gaveUp: (why: GiveUp, error: unknown) => void;
}

export interface PlaybackOptions {
  video: HTMLVideoElement;
  room: string;
  /** Asked at each connection; undefined for an open room. */
  token: () => Promise<string | undefined>;
  /** The service's clock now, Unix ms. */
  serverNowMs: () => number;
  /** Of the programme; renditions are told by it. */
  programmeHeight: number;
  /** There was a picture by another way before: a room that is gone has ended. */
  wasLive: boolean;
  /** The broadcast is known to be over: what is left of it is offered from its beginning, not played on. */
  ended: boolean;
  events: PlaybackEvents;
}

/** One way of bringing a programme into a video element. Begins when made; `close` is final. */
export interface Playback {
  /** To where the live broadcast is played from, and plays. */
  goLive(): void;
  seek(toS: number): void;
  choose(quality: Quality): void;
  /** From the beginning, when the broadcast is over. */
  replay(): void;
  /** The service says that the broadcast is over, which WebRTC itself learns 8 s later. */
  roomEnded?(): void;
  close(): void;
}

export function playlistUrl(room: string, token: string | undefined, file = 'index.m3u8'): string {
  return token ? `/hls/${room}/t/${token}/${file}` : `/hls/${room}/${file}`;
}

/** With sound where the browser allows it, else without; a refusal for another reason is not worth a word. */
export function playWithSound(video: HTMLVideoElement, blocked: () => void): void {
  video.play().catch((reason: unknown) => {
    if (!(reason instanceof DOMException) || reason.name !== 'NotAllowedError' || video.muted) return;
    video.muted = true;
    blocked();
    video.play().catch(() => undefined);
  });
}
