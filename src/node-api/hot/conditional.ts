/** Conditions and ranges of a GET (RFC 9110 sections 13 and 14), held against an answer that is there in whole. */
import { parseRange } from '../byte-range.ts';
import { Answer } from './answer.ts';

export interface Conditions {
  ifNoneMatch?: string;
  ifRange?: string;
  range?: string;
}

/** @returns `answer` itself, or 304, 206 or 416 made of it */
export function conditional(answer: Answer, { ifNoneMatch, ifRange, range }: Conditions): Answer {
  const { etag, ranges, status } = answer.parts;
  if (status !== 200) return answer;
  if (etag !== undefined && ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) return new Answer({ ...answer.parts, status: 304, body: [] });
  if (ranges !== true || range === undefined || (ifRange !== undefined && ifRange !== etag)) return answer;
  const wanted = parseRange(range, answer.length);
  if (wanted === undefined) return answer;
  if (wanted === 'unsatisfiable') return new Answer({ ...answer.parts, status: 416, contentRange: `bytes */${answer.length}`, body: [] });
  // Made for one request, so never worth a file.
  const { file: _file, ...parts } = answer.parts;
  return new Answer({ ...parts, status: 206, contentRange: `bytes ${wanted.start}-${wanted.end}/${answer.length}`, body: slice(answer.body, wanted.start, wanted.end + 1) });
}

/** RFC 9110 section 13.1.2: weak comparison. */
function matches(header: string, etag: string): boolean {
  return header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag || one.trim() === '*');
}

function slice(body: readonly Buffer[], start: number, end: number): Buffer[] {
  const out: Buffer[] = [];
  let at = 0;
  for (const buffer of body) {
    const from = Math.max(0, start - at);
    const to = Math.min(buffer.length, end - at);
    if (from < to) out.push(buffer.subarray(from, to));
    at += buffer.length;
  }
  return out;
}
