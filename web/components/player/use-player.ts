import { useEffect, useRef, useState, type RefObject } from 'react';
import { FIRST_VIEW } from '../../player/playback.ts';
import { Player, type PlayerView } from '../../player/player.ts';

/** The player of a room while its page is there. `turn` changing begins anew, as after a new token. */
export function usePlayer(video: RefObject<HTMLVideoElement | null>, room: string, token: () => Promise<string | undefined>, mode: 'webrtc' | 'hls' | undefined, turn: number, ended: boolean): { view: PlayerView; player: RefObject<Player | undefined> } {
  const player = useRef<Player | undefined>(undefined);
  const [view, setView] = useState<PlayerView>({ ...FIRST_VIEW, mode: 'hls' });
  useEffect(() => {
    if (!video.current) return undefined;
    const opened = new Player({ video: video.current, room, token, mode, changed: setView });
    player.current = opened;
    return () => {
      opened.close();
      player.current = undefined;
      setView({ ...FIRST_VIEW, mode: 'hls' });
    };
  }, [video, room, token, mode, turn]);
  useEffect(() => {
    if (ended) player.current?.roomEnded();
  }, [ended]);
  return { view, player };
}
