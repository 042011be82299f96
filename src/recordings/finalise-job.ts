/** What becomes of a failed try: pure. */
import { AppError } from '../domain/errors.ts';
import { UnusableRecording } from './unusable-recording.ts';

/** A recording that cannot be used gets a few tries, in case its last chunk is still on its way; everything else all of the job's tries. */
const UNUSABLE_ATTEMPTS = 3;

export type Verdict = { retry: true } | { retry: false; sentence: string };

/** @param attempt counts from 1 */
export function judgeFailure(error: unknown, attempt: number, mostAttempts: number): Verdict {
  const unusable = error instanceof UnusableRecording;
  if (attempt < Math.min(mostAttempts, unusable ? UNUSABLE_ATTEMPTS : mostAttempts)) return { retry: true };
  if (unusable) return { retry: false, sentence: error.message };
  if (error instanceof AppError && error.code === 'storageFailed')
    return { retry: false, sentence: 'The object store did not work; the recorded chunks are kept.' };
  return { retry: false, sentence: 'The recording could not be finished; the recorded chunks are kept.' };
}
