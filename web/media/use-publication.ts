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
}

/** Publishes camera and microphone while the component is shown. `wishes`: what the room asks for. */
export function useCameraPublication(room: string, token: () => Promise<string>, media: OwnMedia, wishes: readonly UplinkWish[]): PublicationView {
  const [view, setView] = useState<Omit<PublicationView, 'renew'>>({ state: 'connecting' });
  const running = useRef<WhipClient | undefined>(undefined);
  const renew = useCallback(() => running.current?.renew(), []);
  const latest = useAsking(running, wishes, 'camera');
  useEffect(() => {
    const client = new WhipClient({
      endpoint: `/whip/${room}`,
      token,
      audio: media.audioTrack,
      video: media.videoTrack,
      mixMinus: true,
      wish: wishFor(latest.current, 'camera') ?? FIRST_WISH.camera,
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
  }, [room, token, media]);
  return { ...view, renew };
}

interface ScreenOptions {
  room: string;
  token: () => Promise<string>;
  screen: MediaStream | undefined;
  wishes: readonly UplinkWish[];
  /** The browser's own button ended it. */
  onStopped: () => void;
}

/** Publishes a shared screen as a second source while `screen` is given. */
export function useScreenPublication({ room, token, screen, wishes, onStopped }: ScreenOptions): { state: LinkState | 'off'; error?: unknown } {
  const [view, setView] = useState<{ state: LinkState; error?: unknown }>({ state: 'connecting' });
  const stopped = useRef(onStopped);
  stopped.current = onStopped;
  const running = useRef<WhipClient | undefined>(undefined);
  const latest = useAsking(running, wishes, 'screen');
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
