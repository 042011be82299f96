/**
 * Text as the overlays and tiles show it: plain, of bounded length, in any script. A "letter" here is what a reader takes for one
 * (a grapheme: also an emoji of seven code points, or a letter with its marks), so nothing is ever cut through the middle.
 */
import type { SKRSContext2D } from '@napi-rs/canvas';

/** In the order of asking. The drawing library asks only the families that are named, so each living script has to be here. */
const FAMILIES = [
  'Noto Sans',
  ...['Arabic', 'Hebrew', 'Devanagari', 'Thai', 'Bengali', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Gujarati', 'Gurmukhi', 'Oriya', 'Sinhala'].map((s) => `Noto Sans ${s}`),
  ...['Armenian', 'Georgian', 'Ethiopic', 'Khmer', 'Lao', 'Myanmar', 'Mongolian', 'Thaana', 'Syriac', 'Cherokee', 'Canadian Aboriginal', 'Tifinagh', 'NKo', 'Adlam'].map((s) => `Noto Sans ${s}`),
  'Noto Serif Tibetan',
  'WenQuanYi Micro Hei',
  'Noto Color Emoji',
  'Noto Sans Symbols',
  'Noto Sans Symbols2',
  'Noto Sans Math',
  'DejaVu Sans',
];
const FONT_STACK = `${FAMILIES.map((f) => `"${f}"`).join(', ')}, sans-serif`;

/** @param weight 400 or 700; the fonts that are installed have these two */
export function font(sizePx: number, weight: 400 | 700 = 400): string {
  return `${weight} ${sizePx}px ${FONT_STACK}`;
}

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

export function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), (s) => s.segment);
}

/** More marks than any writing system puts on one letter; beyond it they only paint over the lines above. */
const MANY_MARKS = /(\p{M}{4})\p{M}+/gu;
const UNSEEN = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u00ad\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/**
 * One line without control characters, unpaired surrogates and orders of direction (which would turn the words around it), runs of
 * space made one, at most `longest` letters.
 */
export function plainText(text: string, longest: number): string {
  // a letter is rarely more than 12 code units; what lies far behind the end is not worth looking at
  const near = text.slice(0, longest * 32);
  const clean = near.replace(/[\s\u2028\u2029]+/gu, ' ').replace(UNSEEN, '').replace(MANY_MARKS, '$1').replace(/ +/g, ' ').trim();
  const letters = graphemes(clean);
  return letters.length > longest ? `${letters.slice(0, longest - 1).join('').trimEnd()}…` : clean;
}

const FIRST_STRONG = /\p{L}/u;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** By the first letter of the text, as in the Unicode Bidirectional Algorithm, P2 and P3. */
export function isRightToLeft(text: string): boolean {
  const first = FIRST_STRONG.exec(text)?.[0];
  return first !== undefined && RIGHT_TO_LEFT.test(first);
}

type Measure = Pick<SKRSContext2D, 'measureText'>;

/** `text`, or as much of its beginning as fits with "…" behind it. The context's font counts. */
export function shortened(context: Measure, text: string, widest: number): string {
  if (context.measureText(text).width <= widest) return text;
  const letters = graphemes(text);
  // the longest beginning that fits, by halving: measuring costs 0.05–0.5 ms
  let fits = 0;
  let tooLong = letters.length;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (context.measureText(cut(letters, middle)).width <= widest) fits = middle;
    else tooLong = middle;
  }
  return cut(letters, Math.max(1, fits));
}

function cut(letters: readonly string[], count: number): string {
  return `${letters.slice(0, count).join('').trimEnd()}…`;
}

/** Draws one line from `left`, in its own direction. `baseline` is the line letters stand on. */
export function drawLine(context: SKRSContext2D, text: string, left: number, baseline: number): void {
  context.textBaseline = 'alphabetic';
  context.textAlign = 'left';
  context.direction = isRightToLeft(text) ? 'rtl' : 'ltr';
  context.fillText(text, left, baseline);
}
