import { useCallback, useEffect, useRef, useState } from 'react';
import type { Rendition } from '../../src/domain/rendition.ts';
import { WhepClient } from './whep-client.ts';
import type { LinkState } from './peer-link.ts';

export interface WhepView {
  state: LinkState;
  error?: unknown;
  stream?: MediaStream;
  stats: () => Promise<RTCStatsReport | undefined>;
}

export interface WhepChoice {
  /** Undefined: the service chooses, and changes with the connection. */
  rendition?: Rendition;
  /** False for who hears the room otherwise. */
  audio: boolean;
}

/** The room's programme by WHEP while `token` is given. `mixRunning` becoming true ends the wait for a mix at once. */
export function useWhep(room: string, token: (() => Promise<string | undefined>) | undefined, { rendition, audio }: WhepChoice, mixRunning: boolean): WhepView {
  const running = useRef<WhepClient | undefined>(undefined);
  const [view, setView] = useState<Omit<WhepView, 'stats'>>({ state: 'connecting' });
  const stats = useCallback(() => running.current?.stats() ?? Promise.resolve(undefined), []);
  const chosen = useRef(rendition);
  chosen.current = rendition;
  useEffect(() => {
    if (!token) return undefined;
    const client = new WhepClient({
      get endpoint() {
        return `/whep/${room}?rendition=${chosen.current ?? 'auto'}${audio ? '' : '&audio=none'}`;
      },
      token,
      audio,
      events: { stateChanged: (state, error) => setView({ state, error, stream: client.stream }) },
    });
    setView({ state: 'connecting', stream: client.stream });
    client.start();
    running.current = client;
    return () => {
      running.current = undefined;
      client.close();
    };
  }, [room, token, audio]);
  useEffect(() => {
    // without a session yet, the next offer asks for it
    running.current?.chooseRendition(rendition ?? 'auto').catch(() => undefined);
  }, [rendition]);
  useEffect(() => {
    if (mixRunning) running.current?.retryNow();
  }, [mixRunning]);
  return { ...view, stats };
}
