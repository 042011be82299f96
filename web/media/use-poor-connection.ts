import { useEffect, useRef, useState } from 'react';
import { ConnectionQuality, countsOf, figuresOf, type ConnectionCounts } from './connection-quality.ts';

const EACH_MS = 1_000;

/**
 * Whether the connections are poor, by their own statistics; once found it stays so until `watching` begins anew.
 * @param stats reports of all connections that are up
 */
export function usePoorConnection(watching: boolean, stats: () => Promise<(RTCStatsReport | undefined)[]>): boolean {
  const [poor, setPoor] = useState(false);
  const latest = useRef(stats);
  latest.current = stats;
  useEffect(() => {
    if (!watching) return undefined;
    setPoor(false);
    const quality = new ConnectionQuality();
    let before: ConnectionCounts | undefined;
    let looking = false;
    const look = async (): Promise<void> => {
      const reports = (await latest.current()).filter((report) => report !== undefined);
      if (reports.length === 0) return;
      const now = countsOf(reports);
      if (before && quality.push(figuresOf(before, now))) setPoor(true);
      before = now;
    };
    const timer = setInterval(() => {
      if (looking) return;
      looking = true;
      void look()
        .catch(() => undefined) // a connection was closed meanwhile
        .finally(() => (looking = false));
    }, EACH_MS);
    return () => clearInterval(timer);
  }, [watching]);
  return poor && watching;
}
