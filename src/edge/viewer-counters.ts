/** What one viewer was sent, or all of an edge. */
export interface ViewerCounters {
  packets: number;
  octets: number;
  nacked: number;
  resent: number;
  /** Asked for again, but gone or over the budget. */
  notResent: number;
  refusedByTransport: number;
  /** Ballast of probes. */
  probeOctets: number;
}

export function noViewerCounters(): ViewerCounters {
  return { packets: 0, octets: 0, nacked: 0, resent: 0, notResent: 0, refusedByTransport: 0, probeOctets: 0 };
}
