import { expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { judgeFailure } from './finalise-job.ts';
import { UnusableRecording } from './unusable-recording.ts';

it('tries an unusable recording three times and tells its sentence', () => {
  const error = new UnusableRecording('Chunk 2 of the recording is missing.');
  expect([1, 2].map((n) => judgeFailure(error, n, 20))).toEqual([{ retry: true }, { retry: true }]);
  expect(judgeFailure(error, 3, 20)).toEqual({ retry: false, sentence: 'Chunk 2 of the recording is missing.' });
});

it('tries everything else as often as the job may', () => {
  const storage = new AppError('storageFailed');
  expect(judgeFailure(storage, 19, 20)).toEqual({ retry: true });
  expect(judgeFailure(storage, 20, 20)).toMatchObject({ retry: false, sentence: expect.stringContaining('object store') });
  expect(judgeFailure(new Error('secret path /x'), 20, 20)).toMatchObject({ retry: false, sentence: expect.not.stringContaining('/x') });
});
