import { useEffect, useRef, useState } from 'react';
import { WhepClient } from './whep-client.ts';
import type { LinkState } from './peer-link.ts';

export interface WhepView {
  state: LinkState;
  error?: unknown;
  stream?: MediaStream;
}

/** The room's programme by WHEP while `token` is given. `mixRunning` becoming true ends the wait for a mix at once. */
export function useWhep(room: string, token: (() => Promise<string | undefined>) | undefined, audio: boolean, mixRunning: boolean): WhepView {
  const running = useRef<WhepClient | undefined>(undefined);
  const [view, setView] = useState<WhepView>({ state: 'connecting' });
  useEffect(() => {
    if (!token) return undefined;
    const client = new WhepClient({
      endpoint: `/whep/${room}${audio ? '' : '?audio=none'}`,
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
    if (mixRunning) running.current?.retryNow();
  }, [mixRunning]);
  return view;
}
