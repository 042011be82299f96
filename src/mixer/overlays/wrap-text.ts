/** Breaks text into lines where its script allows it; also Thai, Chinese and Japanese, which have no spaces between words. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { graphemes, shortened } from './text.ts';

const words = new Intl.Segmenter('und', { granularity: 'word' });

/** Pieces that stay whole: a word with the signs and the space behind it. */
function pieces(text: string): string[] {
  const found: string[] = [];
  for (const { segment, isWordLike } of words.segment(text)) {
    const opens = /^[\p{Ps}\p{Pi}"']+$/u.test(found[found.length - 1] ?? '');
    const last = found.length - 1;
    if (last >= 0 && (opens || (!isWordLike && !/^[\p{Ps}\p{Pi}]/u.test(segment) && !endsWithSpace(found[last] ?? '')))) found[last] += segment;
    else found.push(segment);
  }
  return found;
}

const endsWithSpace = (text: string): boolean => /\s$/u.test(text);

/** @param most lines; the last one ends in "…" when there is more. The context's font counts. */
export function wrapText(context: Pick<SKRSContext2D, 'measureText'>, text: string, widest: number, most: number): string[] {
  const fits = (line: string): boolean => context.measureText(line.trimEnd()).width <= widest;
  const lines: string[] = [];
  let line = '';
  const rest = pieces(text);
  while (rest.length > 0) {
    const piece = rest[0] as string;
    if (fits(line + piece)) {
      line += piece;
      rest.shift();
      continue;
    }
    if (lines.length === most - 1) {
      lines.push(shortened(context, (line + rest.join('')).trim(), widest));
      return lines;
    }
    if (line.trim() !== '') lines.push(line.trim());
    else {
      // a word longer than a line is broken between two letters
      const letters = graphemes(piece);
      let count = 1;
      while (count < letters.length && fits(letters.slice(0, count + 1).join(''))) count++;
      lines.push(letters.slice(0, count).join(''));
      rest[0] = letters.slice(count).join('');
      if (rest[0] === '') rest.shift();
    }
    line = '';
  }
  if (line.trim() !== '') lines.push(line.trim());
  return lines;
}
