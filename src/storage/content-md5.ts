import type { S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';

/** Requests whose body the server must be able to check: stores without x-amz-checksum-* know only Content-MD5, and DeleteObjects is refused without a checksum. */
const CHECKED = new Set(['PutObjectCommand', 'UploadPartCommand', 'DeleteObjectsCommand']);

interface RequestLike {
  headers: Record<string, string>;
  body?: unknown;
}

/** Adds Content-MD5 to what `client` sends, for bodies in memory (all of ours are). */
export function withMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const request = args.request as RequestLike;
      const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
      if (context.commandName !== undefined && CHECKED.has(context.commandName) && body instanceof Uint8Array)
        request.headers['content-md5'] = createHash('md5').update(body).digest('base64');
      return next(args);
    },
    { step: 'build', name: 'tesseraContentMd5', priority: 'low' },
  );
}
