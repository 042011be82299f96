import { AppError } from '../domain/errors.ts';
import type { ByteRange } from './object-store.ts';

/** The range made whole for an object of `totalBytes`: both ends inclusive; `bytes` may be 0 only for an empty object. */
export function resolveRange(range: ByteRange | undefined, totalBytes: number): { start: number; end: number; bytes: number } {
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? totalBytes - 1, totalBytes - 1);
  const wellFormed = Number.isSafeInteger(start) && start >= 0;
  const satisfiable = totalBytes === 0 ? start === 0 : start < totalBytes && end >= start;
  if (!wellFormed || !satisfiable) throw new AppError('badRequest', { detail: 'The requested range lies outside the object.' });
  return { start, end, bytes: end - start + 1 };
}
