import { useEffect, useReducer, useRef, useState } from 'react';
import { inWords } from '../../api/api-error.ts';
import { PendingChanges, type Patch } from './pending.ts';

export interface Pending<T> {
  value: T;
  /** Why the last change was not taken, in words. */
  error: string | undefined;
  change: (patch: Patch<T>) => void;
}

/** {@link PendingChanges} for a component. `notTaken` begins the sentence about a refusal. */
export function usePending<T extends object>(actual: T, send: (patch: Patch<T>, whole: T) => Promise<T>, notTaken: string): Pending<T> {
  const [, draw] = useReducer((turn: number) => turn + 1, 0);
  const latest = useRef(send);
  useEffect(() => {
    latest.current = send;
  });
  const [changes] = useState(() => new PendingChanges<T>(actual, (patch, whole) => latest.current(patch, whole), draw));
  changes.roomSays(actual);
  const { error } = changes;
  return { value: changes.value, error: error === undefined ? undefined : `${notTaken} ${inWords(error)}`, change: (patch) => changes.change(patch) };
}
