import { useEffect, useState } from 'react';
import { playlistUrl } from '../../player/playback.ts';

const REFRESH_MS = 5_000;

/** A still of the programme, a new one every 5 s, for who gets sound alone. */
export function Poster({ room, token }: { room: string; token: () => Promise<string | undefined> }) {
  const [src, setSrc] = useState<string>();
  useEffect(() => {
    const abort = new AbortController();
    let shown: string | undefined;
    const refresh = async (): Promise<void> => {
      const response = await fetch(playlistUrl(room, await token(), 'poster.jpg'), { signal: abort.signal, cache: 'no-cache' });
      if (!response.ok) return;
      const next = URL.createObjectURL(await response.blob());
      setSrc(next);
      if (shown) URL.revokeObjectURL(shown);
      shown = next;
    };
    const ask = (): void => void refresh().catch(() => undefined);
    ask();
    const timer = setInterval(ask, REFRESH_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
      if (shown) URL.revokeObjectURL(shown);
    };
  }, [room, token]);
  return (
    <div className="still" data-testid="poster">
      {src && <img src={src} alt="" />}
      <span className="badge">Sound only</span>
    </div>
  );
}
