import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { UplinkWish } from '../../src/domain/uplink.ts';
import type { OwnMedia } from './own-media.ts';
import type { LinkState } from './peer-link.ts';
import { FIRST_WISH, wishFor } from './uplink.ts';
import { WhipClient } from './whip-client.ts';

export interface PublicationView {
  state: LinkState;
  error?: unknown;
  /** The room's sound without one's own, on the camera's connection. */
  mixMinus?: MediaStream;
  /** Publish again: the service has lost this one. */
  renew: () => void;
  stats: () => Promise<RTCStatsReport | undefined>;
}

interface CameraOptions {
  room: string;
  token: () => Promise<string>;
  media: OwnMedia;
  /** What the room asks for. */
  wishes: readonly UplinkWish[];
  /** Send and receive little. A change publishes anew. */
  saving: boolean;
}

/** Publishes camera and microphone while the component is shown. */
export function useCameraPublication({ room, token, media, wishes, saving }: CameraOptions): PublicationView {
  const [view, setView] = useState<Omit<PublicationView, 'renew' | 'stats'>>({ state: 'connecting' });
  const running = useRef<WhipClient | undefined>(undefined);
  const renew = useCallback(() => running.current?.renew(), []);
  const stats = useCallback(() => running.current?.stats() ?? Promise.resolve(undefined), []);
  const latest = useAsking(running, wishes, 'camera');
  useEffect(() => {
    const client = new WhipClient({
      endpoint: `/whip/${room}`,
      token,
      audio: media.audioTrack,
      video: media.videoTrack,
      mixMinus: true,
      wish: wishFor(latest.current, 'camera') ?? FIRST_WISH.camera,
      saving,
      events: {
        stateChanged: (state, error) => setView((before) => ({ ...before, state, error })),
        trackReceived: (event) => {
          if (event.track.kind === 'audio') setView((before) => ({ ...before, mixMinus: new MediaStream([event.track]) }));
        },
      },
    });
    media.trackChanged = (track) => void (track.kind === 'video' ? client.replaceVideo(track) : client.replaceAudio(track));
    client.start();
    running.current = client;
    return () => {
      running.current = undefined;
      media.trackChanged = undefined;
      client.close();
    };
  }, [room, token, media, saving]);
  return { ...view, renew, stats };
}

interface ScreenOptions {
  room: string;
  token: () => Promise<string>;
  screen: MediaStream | undefined;
  wishes: readonly UplinkWish[];
  saving: boolean;
  /** The browser's own button ended it. */
  onStopped: () => void;
}

/** Publishes a shared screen as a second source while `screen` is given. */
export function useScreenPublication({ room, token, screen, wishes, saving, onStopped }: ScreenOptions): { state: LinkState | 'off'; error?: unknown } {
  const [view, setView] = useState<{ state: LinkState; error?: unknown }>({ state: 'connecting' });
  const stopped = useRef(onStopped);
  stopped.current = onStopped;
  const running = useRef<WhipClient | undefined>(undefined);
  const latest = useAsking(running, wishes, 'screen');
  // a share that runs goes on as it began: the tracks end with the connection
  const savingNow = useRef(saving);
  savingNow.current = saving;
  useEffect(() => {
    const video = screen?.getVideoTracks()[0];
    if (!screen || !video) return undefined;
    const client = new WhipClient({
      endpoint: `/whip/${room}?source=screen`,
      token,
      audio: screen.getAudioTracks()[0],
      video,
      mixMinus: false,
      wish: wishFor(latest.current, 'screen') ?? FIRST_WISH.screen,
      saving: savingNow.current,
      events: { stateChanged: (state, error) => setView({ state, error }) },
    });
    const ended = (): void => stopped.current();
    video.addEventListener('ended', ended);
    setView({ state: 'connecting' });
    client.start();
    running.current = client;
    return () => {
      running.current = undefined;
      video.removeEventListener('ended', ended);
      client.close();
      for (const track of screen.getTracks()) track.stop();
    };
  }, [room, token, screen]);
  return screen ? view : { state: 'off' };
}

/** Passes wishes on to the running client; what it gives is for one that starts later. */
function useAsking(running: RefObject<WhipClient | undefined>, wishes: readonly UplinkWish[], source: UplinkWish['source']): RefObject<readonly UplinkWish[]> {
  const latest = useRef(wishes);
  latest.current = wishes;
  useEffect(() => {
    const wish = wishFor(wishes, source);
    if (wish) running.current?.ask(wish);
  }, [running, wishes, source]);
  return latest;
}
