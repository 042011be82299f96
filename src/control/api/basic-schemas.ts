/** What other shapes are made of. */
import { z } from 'zod';

export const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, _ and -, 1 to 64 of them');
/** Shown to people, in any script: no control characters, line breaks or halves of surrogate pairs, which no font can draw. */
export const label = (max: number) =>
  z.string().trim().min(1).max(max).regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'no control characters or line breaks');
export const fraction = z.number().min(0).max(1);
export const isoTime = z.iso.datetime();
