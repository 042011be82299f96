/** What a playlist request with delivery directives gets (draft-pantos-hls-rfc8216bis §6.2.5.2), as a pure function. */
import type { SegmentList } from './segment-list.ts';

export interface DeliveryDirectives {
  msn?: number;
  part?: number;
  skip: boolean;
}

export type Delivery = 'now' | 'wait' | 'tooFar';

/** @returns undefined when the query is not valid: 400 */
export function deliveryDirectives(query: URLSearchParams): DeliveryDirectives | undefined {
  const msn = query.get('_HLS_msn');
  const part = query.get('_HLS_part');
  const skip = query.get('_HLS_skip');
  if (part !== null && msn === null) return undefined;
  if ((msn !== null && !/^\d{1,12}$/.test(msn)) || (part !== null && !/^\d{1,6}$/.test(part))) return undefined;
  return {
    ...(msn !== null ? { msn: Number(msn) } : {}),
    ...(part !== null ? { part: Number(part) } : {}),
    skip: skip === 'YES' || skip === 'v2',
  };
}

/** @param partTargetSeconds bounds how far ahead a part may be asked for: three seconds' worth */
export function delivery(list: Pick<SegmentList, 'lastComplete' | 'open' | 'ended' | 'find'>, { msn, part }: DeliveryDirectives, partTargetSeconds: number): Delivery {
  if (msn === undefined || list.ended) return 'now';
  const last = list.lastComplete;
  const openParts = list.open?.parts.length ?? 0;
  if (msn > last + 2) return 'tooFar';
  if (msn <= last) {
    // A part behind the end of its segment means the first one of the next segment.
    if (part === undefined || msn < last || part < (list.find(msn)?.parts.length ?? 0)) return 'now';
    return openParts > 0 ? 'now' : 'wait';
  }
  const aheadLimit = partTargetSeconds < 1 ? Math.ceil(3 / partTargetSeconds) : 3;
  if (part !== undefined && part >= (msn === last + 1 ? openParts : 0) + aheadLimit) return 'tooFar';
  return msn === last + 1 && part !== undefined && openParts > part ? 'now' : 'wait';
}
