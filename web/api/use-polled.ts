import { useCallback, useEffect, useRef, useState } from 'react';

export interface Polled<T> {
  data: T | undefined;
  error: unknown;
  /** Nothing has come yet, neither data nor an error. */
  loading: boolean;
  /** Asks again now. */
  refresh: () => void;
}

/**
 * Asks `load` now and every `intervalMs` while the page is visible. The last good answer stays while a later one fails.
 * `key` names what is asked for: a new key begins anew.
 */
export function usePolled<T>(key: string, load: () => Promise<T>, intervalMs: number): Polled<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown }>({ key });
  const [turn, setTurn] = useState(0);
  const loadRef = useRef(load);
  loadRef.current = load;

  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      if (document.visibilityState === 'visible') {
        try {
          const data = await loadRef.current();
          if (!over) setState({ key, data });
        } catch (error) {
          if (!over) setState((before) => ({ key, data: before.key === key ? before.data : undefined, error }));
        }
      }
      if (!over) timer = setTimeout(() => void ask(), intervalMs);
    };
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [key, intervalMs, turn]);

  const refresh = useCallback(() => setTurn((n) => n + 1), []);
  const own = state.key === key;
  return {
    data: own ? state.data : undefined,
    error: own ? state.error : undefined,
    loading: !own || (state.data === undefined && state.error === undefined),
    refresh,
  };
}
