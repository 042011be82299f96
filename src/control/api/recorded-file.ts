import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { AppError } from '../../domain/errors.ts';
import type { RecordingFile } from '../../domain/recording.ts';
import { contentDisposition } from '../../storage/content-disposition.ts';
import type { RecordedFiles } from '../dependencies.ts';
import { parseRange } from '../../node-api/byte-range.ts';

const PRESIGNED_SECONDS = 600;

/** Sends a file of the object store (RFC 9110 sections 13 and 14), or points to where the store serves it itself. */
export async function sendRecordedFile(files: RecordedFiles, req: Request, res: Response, file: RecordingFile, options: { as?: string }): Promise<void> {
  const name = options.as ?? file.key.slice(file.key.lastIndexOf('/') + 1);
  const presigned = await files.presignGet(file.key, { expiresSeconds: PRESIGNED_SECONDS, fileName: name, contentType: file.contentType });
  res.setHeader('Cache-Control', 'private, no-cache');
  if (presigned !== undefined) {
    res.redirect(302, presigned);
    return;
  }
  const etag = `"${file.sha256}"`;
  res.setHeader('ETag', etag);
  res.setHeader('Accept-Ranges', 'bytes');
  res.setHeader('Content-Type', file.contentType);
  if (options.as !== undefined) res.setHeader('Content-Disposition', contentDisposition(name));
  if (req.headers['if-none-match'] === etag) {
    res.status(304).end();
    return;
  }
  const ifRange = req.headers['if-range'];
  const wanted = ifRange === undefined || ifRange === etag ? parseRange(req.headers.range, file.bytes) : undefined;
  if (wanted === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${file.bytes}`);
    throw new AppError('rangeNotSatisfiable');
  }
  const start = wanted?.start ?? 0;
  const end = wanted?.end ?? file.bytes - 1;
  if (wanted) res.status(206).setHeader('Content-Range', `bytes ${start}-${end}/${file.bytes}`);
  res.setHeader('Content-Length', end - start + 1);
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  const read = await files.get(file.key, wanted);
  if (!read) {
    for (const header of ['Content-Range', 'Content-Length', 'Content-Disposition', 'Accept-Ranges', 'ETag']) res.removeHeader(header);
    throw new AppError('notFound', { detail: 'The file is not in the object store any more.' });
  }
  // A caller that goes away in the middle is no error.
  await pipeline(read.stream, res).catch(() => res.destroy());
}
