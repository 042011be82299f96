import { useEffect, useRef, useState } from 'react';

/** The last `length` values of each name, as they come; a name that is missing once has a hole there. */
export function useHistory(values: Readonly<Record<string, number>> | undefined, length: number): Readonly<Record<string, readonly (number | null)[]>> {
  const [history, setHistory] = useState<Record<string, (number | null)[]>>({});
  const seen = useRef<typeof values>(undefined);
  useEffect(() => {
    if (!values || values === seen.current) return;
    seen.current = values;
    setHistory((before) => {
      const names = new Set([...Object.keys(before), ...Object.keys(values)]);
      return Object.fromEntries(
        [...names].flatMap((name) => {
          const old = before[name] ?? Array.from({ length }, () => null);
          const next = [...old.slice(1), values[name] ?? null];
          return next.some((v) => v !== null) ? [[name, next]] : [];
        }),
      );
    });
  }, [values, length]);
  return history;
}
