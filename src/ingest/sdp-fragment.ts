/** `application/trickle-ice-sdpfrag` (RFC 8840 §9). */
import { isIP } from 'node:net';
import { AppError } from '../domain/errors.ts';
import { MAX_REMOTE_CANDIDATES } from '../media/sdp-offer.ts';

export interface TrickleFragment {
  ufrag: string | undefined;
  password: string | undefined;
  candidates: { mid: string; candidate: string }[];
}

/** Candidates we cannot use (host names, unknown mids are the peer's matter) are left out. @throws AppError malformedSdp */
export function parseFragment(text: string): TrickleFragment {
  const fragment: TrickleFragment = { ufrag: undefined, password: undefined, candidates: [] };
  let mid = '0';
  const lines = text.split(/\r\n|\n/).filter((line) => line !== '');
  if (lines.length === 0) throw new AppError('malformedSdp', { detail: 'The fragment is empty.' });
  for (const line of lines) {
    const value = line.slice(line.indexOf(':') + 1);
    if (!/^[a-z]=[^\0\r\n]{1,4096}$/.test(line)) throw new AppError('malformedSdp', { detail: 'A line of the fragment cannot be read.' });
    if (line.startsWith('a=ice-ufrag:')) fragment.ufrag = checked(value, /^[A-Za-z0-9+/]{4,256}$/);
    else if (line.startsWith('a=ice-pwd:')) fragment.password = checked(value, /^[A-Za-z0-9+/]{22,256}$/);
    else if (line.startsWith('a=mid:')) mid = checked(value, /^[\x21-\x7e]{1,64}$/);
    else if (line.startsWith('a=candidate:') && isIP(value.split(' ')[4] ?? '') !== 0 && fragment.candidates.length < MAX_REMOTE_CANDIDATES)
      fragment.candidates.push({ mid, candidate: `candidate:${value}` });
  }
  if (fragment.password !== undefined && fragment.ufrag === undefined) throw new AppError('malformedSdp', { detail: 'The fragment has an ICE password without its ufrag.' });
  return fragment;
}

function checked(value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw new AppError('malformedSdp', { detail: 'The fragment holds an impossible ICE value.' });
  return value;
}
