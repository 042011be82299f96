import { useCallback, useEffect, useState, type RefObject } from 'react';
import { keptForBrowser } from '../../api/kept.ts';
import { parseVolume, stepVolume, type Volume } from '../../player/volume-memory.ts';

const VOLUME_KEY = 'tessera.volume';

/** The element's volume, kept for the next time. Muting by the browser's autoplay rules is not kept. */
export function useVolume(video: RefObject<HTMLVideoElement | null>, startMuted: boolean): { volume: Volume; set: (volume: Volume) => void; step: (by: 1 | -1) => void; toggle: () => void } {
  const [volume, setVolume] = useState<Volume>(() => ({ ...parseVolume(keptForBrowser.get(VOLUME_KEY)), ...(startMuted ? { muted: true } : {}) }));
  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    // as kept, once; later the element says what it is
    element.volume = volume.level;
    element.muted = volume.muted;
    const changed = (): void => setVolume({ level: element.volume, muted: element.muted });
    element.addEventListener('volumechange', changed);
    return () => element.removeEventListener('volumechange', changed);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [video]);

  const set = useCallback(
    (next: Volume) => {
      if (!video.current) return;
      video.current.volume = next.level;
      video.current.muted = next.muted;
      keptForBrowser.set(VOLUME_KEY, JSON.stringify(next));
    },
    [video],
  );
  const now = useCallback((): Volume => ({ level: video.current?.volume ?? 1, muted: video.current?.muted ?? false }), [video]);
  const step = useCallback((by: 1 | -1) => set(stepVolume(now(), by)), [set, now]);
  const toggle = useCallback(() => {
    const { level, muted } = now();
    set({ level: muted && level === 0 ? 0.5 : level, muted: !muted });
  }, [set, now]);
  return { volume, set, step, toggle };
}

/** Whether the element plays, as it says itself. */
export function usePaused(video: RefObject<HTMLVideoElement | null>): boolean {
  const [paused, setPaused] = useState(true);
  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    const changed = (): void => setPaused(element.paused);
    for (const name of ['play', 'pause', 'ended', 'emptied']) element.addEventListener(name, changed);
    return () => {
      for (const name of ['play', 'pause', 'ended', 'emptied']) element.removeEventListener(name, changed);
    };
  }, [video]);
  return paused;
}

type PhoneVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

/** The frame in full screen; on an iPhone only the video itself can be. */
export function useFullScreen(frame: RefObject<HTMLElement | null>, video: RefObject<HTMLVideoElement | null>): { full: boolean; toggle: () => void } {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const changed = (): void => setFull(document.fullscreenElement !== null && document.fullscreenElement === frame.current);
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, [frame]);
  const toggle = useCallback(() => {
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    else if (frame.current && 'requestFullscreen' in frame.current) void frame.current.requestFullscreen().catch(() => undefined); // the frame around may not allow it
    else (video.current as PhoneVideo | null)?.webkitEnterFullscreen?.();
  }, [frame, video]);
  return { full, toggle };
}

/** Undefined where the browser has none. */
export function usePictureInPicture(video: RefObject<HTMLVideoElement | null>): (() => void) | undefined {
  const toggle = useCallback(() => {
    if (document.pictureInPictureElement) void document.exitPictureInPicture().catch(() => undefined);
    else void video.current?.requestPictureInPicture().catch(() => undefined); // before the first picture, or not allowed in this frame
  }, [video]);
  return 'pictureInPictureEnabled' in document && document.pictureInPictureEnabled ? toggle : undefined;
}

const IDLE_MS = 3_000;

/** True when neither pointer nor keyboard was used in the frame for a while: the controls over the picture may go. */
export function useIdle(frame: RefObject<HTMLElement | null>): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const used = (): void => {
      setIdle(false);
      clearTimeout(timer);
      timer = setTimeout(() => setIdle(true), IDLE_MS);
    };
    const names = ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const;
    for (const name of names) element.addEventListener(name, used, { passive: true });
    used();
    return () => {
      clearTimeout(timer);
      for (const name of names) element.removeEventListener(name, used);
    };
  }, [frame]);
  return idle;
}
