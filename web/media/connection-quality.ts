/** When a connection is so poor that sending and receiving less is worth offering. Pure rule over figures of each second. */
export interface ConnectionFigures {
  /** Of the packets sent or received in the last second, whichever way lost more; 0…1. */
  lossShare: number;
  /** What the browser thinks can be sent; undefined while it does not know. */
  availableBps: number | undefined;
}

const POOR_LOSS = 0.05;
const POOR_BPS = 300_000;
/** Out of so many seconds, so many must have been poor: a single lost burst is not worth a word. */
const LOOKED_AT = 8;
const POOR_AT_LEAST = 5;
/** A browser begins low and finds out what is there. */
const SETTLING = 6;

export class ConnectionQuality {
  #seen = 0;
  #poor: boolean[] = [];

  /** Once a second. @returns whether the connection is poor now */
  push({ lossShare, availableBps }: ConnectionFigures): boolean {
    this.#seen++;
    if (this.#seen <= SETTLING) return false;
    this.#poor = [...this.#poor, lossShare > POOR_LOSS || (availableBps !== undefined && availableBps < POOR_BPS)].slice(-LOOKED_AT);
    return this.#poor.filter(Boolean).length >= POOR_AT_LEAST;
  }
}

/** The part of the Network Information API that is of use here; not in every browser. */
export interface NetworkInformation {
  saveData?: boolean;
  effectiveType?: string;
}

/** What the browser knows before anything was sent: the person's own wish, or a mobile network of the older kind. */
export function saysToSave(connection: NetworkInformation | undefined): boolean {
  return connection?.saveData === true || ['slow-2g', '2g', '3g'].includes(connection?.effectiveType ?? '');
}

export interface Counted {
  lost: number;
  arrived: number;
}

/** Sums over a connection: what came, and what the other side says about what was sent. */
export interface ConnectionCounts {
  received: Counted;
  /** Highest share that the other side reported last. */
  sentLossShare: number;
  availableBps: number | undefined;
}

interface StatsEntry {
  type: string;
  packetsLost?: number;
  packetsReceived?: number;
  fractionLost?: number;
  nominated?: boolean;
  availableOutgoingBitrate?: number;
}

export function countsOf(reports: Iterable<ReadonlyMap<string, unknown>>): ConnectionCounts {
  const counts: ConnectionCounts = { received: { lost: 0, arrived: 0 }, sentLossShare: 0, availableBps: undefined };
  for (const report of reports) {
    for (const entry of report.values() as Iterable<StatsEntry>) {
      if (entry.type === 'inbound-rtp') {
        counts.received.lost += Math.max(0, entry.packetsLost ?? 0);
        counts.received.arrived += entry.packetsReceived ?? 0;
      } else if (entry.type === 'remote-inbound-rtp') counts.sentLossShare = Math.max(counts.sentLossShare, entry.fractionLost ?? 0);
      else if (entry.type === 'candidate-pair' && entry.nominated && entry.availableOutgoingBitrate !== undefined)
        counts.availableBps = Math.max(counts.availableBps ?? 0, entry.availableOutgoingBitrate);
    }
  }
  return counts;
}

/** Between two looks; a connection that was made anew counts from zero. */
export function figuresOf(before: ConnectionCounts, now: ConnectionCounts): ConnectionFigures {
  const lost = now.received.lost - before.received.lost;
  const arrived = now.received.arrived - before.received.arrived;
  const receivedLossShare = lost > 0 && arrived >= 0 ? lost / (lost + arrived) : 0;
  return { lossShare: Math.max(receivedLossShare, now.sentLossShare), availableBps: now.availableBps };
}
