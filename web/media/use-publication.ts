import { useCallback, useEffect, useRef, useState } from 'react';
import { CAMERA, SCREEN } from './local-media.ts';
import type { OwnMedia } from './own-media.ts';
import type { LinkState } from './peer-link.ts';
import { WhipClient } from './whip-client.ts';

export interface PublicationView {
  state: LinkState;
  error?: unknown;
  /** The room's sound without one's own, on the camera's connection. */
  mixMinus?: MediaStream;
  /** Publish again: the service has lost this one. */
  renew: () => void;
}

/** Publishes camera and microphone while the component is shown. */
export function useCameraPublication(room: string, token: () => Promise<string>, media: OwnMedia): PublicationView {
  const [view, setView] = useState<Omit<PublicationView, 'renew'>>({ state: 'connecting' });
  const running = useRef<WhipClient | undefined>(undefined);
  const renew = useCallback(() => running.current?.renew(), []);
  useEffect(() => {
    const client = new WhipClient({
      endpoint: `/whip/${room}`,
      token,
      audio: media.audioTrack,
      video: media.videoTrack,
      mixMinus: true,
      maxBitrateBps: CAMERA.maxBitrateBps,
      maxFrameRate: CAMERA.frameRate,
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

/** Publishes a shared screen as a second source while `screen` is given; `onStopped` when the browser's own button ended it. */
export function useScreenPublication(room: string, token: () => Promise<string>, screen: MediaStream | undefined, onStopped: () => void): { state: LinkState | 'off'; error?: unknown } {
  const [view, setView] = useState<{ state: LinkState; error?: unknown }>({ state: 'connecting' });
  const stopped = useRef(onStopped);
  stopped.current = onStopped;
  useEffect(() => {
    const video = screen?.getVideoTracks()[0];
    if (!screen || !video) return undefined;
    const client = new WhipClient({
      endpoint: `/whip/${room}?source=screen`,
      token,
      audio: screen.getAudioTracks()[0],
      video,
      mixMinus: false,
      maxBitrateBps: SCREEN.maxBitrateBps,
      maxFrameRate: SCREEN.frameRate,
      events: { stateChanged: (state, error) => setView({ state, error }) },
    });
    const ended = (): void => stopped.current();
    video.addEventListener('ended', ended);
    setView({ state: 'connecting' });
    client.start();
    return () => {
      video.removeEventListener('ended', ended);
      client.close();
      for (const track of screen.getTracks()) track.stop();
    };
  }, [room, token, screen]);
  return screen ? view : { state: 'off' };
}
