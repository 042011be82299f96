import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { playlistUrl } from '../../player/playback.ts';
import { parseStoryboard, thumbnailAt, type Thumbnail } from '../../player/storyboard.ts';
import type { TimeWindow } from '../../player/timeline.ts';

const FRESH_MS = 15_000;
/** There was none: ask again after so long. */
const ABSENT_MS = 60_000;

export interface Storyboard {
  /** Somebody points at the scrubber: fetches it when what is there is old. */
  wanted: () => void;
  at: (window: TimeWindow, atS: number) => (Thumbnail & { src: string }) | undefined;
}

/** Thumbnails of the room's broadcast, fetched when they are wanted first. Without any the scrubber shows times only. */
export function useStoryboard(room: string, token: () => Promise<string | undefined>): Storyboard {
  const [found, setFound] = useState<{ thumbnails: Thumbnail[]; base: string }>();
  const askAfterMs = useRef(-Infinity);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const wanted = useCallback(() => {
    if (performance.now() < askAfterMs.current) return;
    askAfterMs.current = performance.now() + FRESH_MS;
    abort.current ??= new AbortController();
    const { signal } = abort.current;
    const fetchIt = async (): Promise<void> => {
      const url = playlistUrl(room, await token(), 'storyboard.vtt');
      const response = await fetch(url, { signal });
      if (!response.ok) askAfterMs.current = performance.now() + ABSENT_MS;
      else setFound({ thumbnails: parseStoryboard(await response.text()), base: url });
    };
    fetchIt().catch(() => undefined);
  }, [room, token]);

  const at = useCallback(
    (window: TimeWindow, atS: number) => {
      if (!found) return undefined;
      const thumbnail = thumbnailAt(found.thumbnails, atS - window.startS);
      return thumbnail && { ...thumbnail, src: new URL(thumbnail.url, new URL(found.base, document.baseURI)).href };
    },
    [found],
  );
  return useMemo(() => ({ wanted, at }), [wanted, at]);
}
