import { useCallback, useEffect, useRef, useState } from 'react';
import { inWords } from '../../api/api-error.ts';
import { patched, same, type Patch } from './pending.ts';

export interface Pending<T> {
  /** What the host sees: the room's value with what was just chosen on it. */
  value: T;
  /** Why the last change was not taken, in words. */
  error: string | undefined;
  change: (patch: Patch<T>) => void;
}

/**
 * A part of the room that is changed at a click and shown at once. One request is under way at a time; what is changed
 * meanwhile goes with the next. `send` gets the change and the whole value with it, and answers with the value as the room has it now.
 */
export function usePending<T extends object>(actual: T, send: (patch: Patch<T>, whole: T) => Promise<T>, notTaken: string): Pending<T> {
  const [chosen, setChosen] = useState<Patch<T>>({});
  /** The room's answer holds until the room itself says something else than it did then. */
  const [answer, setAnswer] = useState<{ value: T; then: T }>();
  const [error, setError] = useState<string>();
  const unsent = useRef<Patch<T>>({});
  const sending = useRef(false);
  const base = answer && same(answer.then, actual) ? answer.value : actual;
  const latest = useRef({ actual, base, send });
  latest.current = { actual, base, send };
  const over = useRef(false);
  useEffect(() => {
    over.current = false;
    return () => {
      over.current = true;
    };
  }, []);

  const change = useCallback(
    (patch: Patch<T>): void => {
      setChosen((before) => ({ ...before, ...patch }));
      unsent.current = { ...unsent.current, ...patch };
      if (sending.current) return;
      sending.current = true;
      const flush = async (): Promise<void> => {
        let known = latest.current.base;
        while (Object.keys(unsent.current).length > 0 && !over.current) {
          const now = unsent.current;
          unsent.current = {};
          setError(undefined);
          try {
            known = await latest.current.send(now, patched(known, now));
            setAnswer({ value: known, then: latest.current.actual });
          } catch (reason) {
            setError(`${notTaken} ${inWords(reason)}`);
          }
          // what was chosen again while this was under way stands
          setChosen({ ...unsent.current });
        }
        sending.current = false;
      };
      void flush();
    },
    [notTaken],
  );
  return { value: patched(base, chosen), error, change };
}
