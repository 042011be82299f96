import { useCallback, useEffect, useRef, useState } from 'react';
import { LiveEvents, NOTHING_LIVE, type LiveState } from './live-events.ts';

export interface Live extends LiveState {
  say: (text: string) => Promise<void>;
  /** Whether the person's microphone is on. @returns whether the room has taken it */
  tellMicrophone: (on: boolean) => Promise<boolean>;
}

/** The room's live events while `token` is given: from when a page knows who is looking. */
export function useLive(room: string, token: (() => Promise<string | undefined>) | undefined): Live {
  const [state, setState] = useState<LiveState>(NOTHING_LIVE);
  const events = useRef<LiveEvents | undefined>(undefined);
  const tokenRef = useRef(token);
  tokenRef.current = token;
  const wanted = token !== undefined;

  useEffect(() => {
    if (!wanted) return undefined;
    const opened = new LiveEvents(room, () => tokenRef.current?.() ?? Promise.resolve(undefined), setState);
    events.current = opened;
    return () => {
      opened.close();
      events.current = undefined;
      setState(NOTHING_LIVE);
    };
  }, [room, wanted]);

  const say = useCallback(async (text: string) => {
    if (!events.current) throw new Error('The chat is not connected.');
    await events.current.say(text);
  }, []);
  const tellMicrophone = useCallback(async (on: boolean) => (await events.current?.tellMicrophone(on)) ?? false, []);
  return { ...state, say, tellMicrophone };
}
