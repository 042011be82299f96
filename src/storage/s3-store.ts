import type { GetObjectCommandOutput, HeadObjectCommandOutput, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { AppError } from '../domain/errors.ts';
import { withMd5 } from './content-md5.ts';
import { contentDisposition } from './content-disposition.ts';
import { resolveRange } from './byte-range.ts';
import { assertFolderPrefix, assertObjectKey, assertObjectPrefix, compareKeys } from './object-key.ts';
import type { ByteRange, ObjectBody, ObjectHead, ObjectRead, ObjectStore, PresignOptions, PutOptions, StoredObject } from './object-store.ts';
import { materialise, type MaterialBody } from './put-body.ts';
import { backoffMs } from '../domain/backoff.ts';

export interface S3Options {
  endpoint?: string | undefined;
  region: string;
  bucket: string;
  prefix: string;
  /** Absent: the SDK's default chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
  forcePathStyle: boolean;
  requestChecksums: 'WHEN_REQUIRED' | 'WHEN_SUPPORTED';
  /** A request without progress for this long is given up (and retried). */
  idleTimeoutMs?: number;
  connectTimeoutMs?: number;
  /** Tries of one request, made by the SDK with backoff and jitter. */
  attempts?: number;
  /** Bodies up to this size go as one PutObject; larger ones as multipart. S3 wants 5 MiB or more per part. */
  partBytes?: number;
}

const MIB = 1 << 20;
/** Whole puts, on top of the SDK's tries: covers a Complete that fails after the server did its work, and a HEAD that disagrees. */
const PUT_ATTEMPTS = 3;
/** Our own checksum, because not every store returns x-amz-checksum-* (field-notes.md, "S3"). */
const SHA256_METADATA = 'sha256';

/** Any S3-compatible store. The SDK (about 20 MB of resident memory) is loaded with the first call. */
export class S3Store implements ObjectStore {
  readonly #options: Required<Omit<S3Options, 'endpoint' | 'credentials'>> & Pick<S3Options, 'endpoint' | 'credentials'>;
  #sdk: Promise<{ s3: typeof import('@aws-sdk/client-s3'); client: S3Client }> | undefined;

  constructor(options: S3Options) {
    this.#options = { idleTimeoutMs: 15_000, connectTimeoutMs: 5_000, attempts: 5, partBytes: 8 * MIB, ...options };
  }

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject> {
    assertObjectKey(key);
    return this.#guarded('The object could not be written.', async () => {
      const material = await materialise(body, this.#options.partBytes);
      try {
        if (options.sha256 !== undefined && options.sha256 !== material.sha256)
          throw new AppError('storageFailed', { detail: 'The bytes do not match their checksum.' });
        await this.#putVerified(key, material, options.contentType);
        return { bytes: material.bytes, sha256: material.sha256 };
      } finally {
        await material.release();
      }
    });
  }

  async #putVerified(key: string, material: MaterialBody, contentType: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      let cause: unknown;
      try {
        await this.#send(key, material, contentType);
      } catch (error) {
        if (isRefusal(error)) throw error;
        cause = error; // a failed Complete may still have been carried out: HEAD decides
      }
      const stored = await this.head(key).catch(() => undefined);
      if (stored?.bytes === material.bytes && stored.sha256 === material.sha256) return;
      if (attempt === PUT_ATTEMPTS)
        throw cause ?? new AppError('storageFailed', { detail: 'The store does not show the object as it was written.' });
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, { firstMs: 200, mostMs: 5000 })));
    }
  }

  async #send(key: string, material: MaterialBody, contentType: string): Promise<void> {
    const { s3, client } = await this.#open();
    const params = {
      Bucket: this.#options.bucket,
      Key: this.#key(key),
      ContentType: contentType,
      Metadata: { [SHA256_METADATA]: material.sha256 },
    };
    if (material.buffer) {
      await client.send(new s3.PutObjectCommand({ ...params, Body: material.buffer, ContentLength: material.bytes }));
      return;
    }
    const { Upload } = await import('@aws-sdk/lib-storage');
    // lib-storage cuts the stream into buffers, so a part can be sent again; a part's failure ends the upload and aborts it
    const upload = new Upload({ client, params: { ...params, Body: material.open() }, queueSize: 3, partSize: this.#options.partBytes });
    await upload.done();
  }

  async get(key: string, range?: ByteRange): Promise<ObjectRead | undefined> {
    assertObjectKey(key);
    return this.#guarded('The object could not be read.', async () => {
      const { s3, client } = await this.#open();
      let header: string | undefined;
      if (range && (range.start !== undefined || range.end !== undefined)) {
        // the size first: S3 answers 416 differently from store to store, and an open range of an empty object is fine for us
        const info = await this.head(key);
        if (!info) return undefined;
        const whole = resolveRange(range, info.bytes);
        if (whole.bytes === 0) return { stream: Readable.from([]), bytes: 0, totalBytes: info.bytes, contentType: info.contentType };
        header = `bytes=${whole.start}-${whole.end}`;
      }
      let answer: GetObjectCommandOutput;
      try {
        answer = await client.send(new s3.GetObjectCommand({ Bucket: this.#options.bucket, Key: this.#key(key), Range: header }));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
      const bytes = answer.ContentLength ?? 0;
      const total = answer.ContentRange?.match(/\/(\d+)$/)?.[1];
      return {
        stream: answer.Body as Readable,
        bytes,
        totalBytes: total === undefined ? bytes : Number(total),
        contentType: answer.ContentType ?? 'application/octet-stream',
      };
    });
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    assertObjectKey(key);
    return this.#guarded('The object could not be read.', async () => {
      const { s3, client } = await this.#open();
      let answer: HeadObjectCommandOutput;
      try {
        answer = await client.send(new s3.HeadObjectCommand({ Bucket: this.#options.bucket, Key: this.#key(key) }));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
      const sha256 = answer.Metadata?.[SHA256_METADATA];
      return {
        key,
        bytes: answer.ContentLength ?? 0,
        contentType: answer.ContentType ?? 'application/octet-stream',
        ...(sha256 === undefined ? {} : { sha256 }),
      };
    });
  }

  async list(prefix: string): Promise<{ key: string; bytes: number }[]> {
    assertObjectPrefix(prefix);
    return this.#guarded('The objects could not be listed.', async () => {
      const { s3, client } = await this.#open();
      const found: { key: string; bytes: number }[] = [];
      const strip = this.#options.prefix.length;
      let token: string | undefined;
      do {
        const page = await client.send(
          new s3.ListObjectsV2Command({ Bucket: this.#options.bucket, Prefix: this.#key(prefix), ContinuationToken: token }),
        );
        for (const object of page.Contents ?? []) if (object.Key !== undefined) found.push({ key: object.Key.slice(strip), bytes: object.Size ?? 0 });
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
      return found.sort(compareKeys);
    });
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key);
    await this.#guarded('The object could not be deleted.', async () => {
      const { s3, client } = await this.#open();
      await client.send(new s3.DeleteObjectCommand({ Bucket: this.#options.bucket, Key: this.#key(key) }));
    });
  }

  async deletePrefix(prefix: string): Promise<number> {
    assertFolderPrefix(prefix);
    return this.#guarded('The objects could not be deleted.', async () => {
      const { s3, client } = await this.#open();
      const objects = await this.list(prefix);
      for (let at = 0; at < objects.length; at += 1000) {
        const batch = objects.slice(at, at + 1000).map(({ key }) => ({ Key: this.#key(key) }));
        const answer = await client.send(new s3.DeleteObjectsCommand({ Bucket: this.#options.bucket, Delete: { Objects: batch, Quiet: true } }));
        const refused = answer.Errors?.[0]; // a 200 that names what was not deleted
        if (refused) throw new AppError('storageFailed', { detail: `The store did not delete an object (${refused.Code ?? 'no reason given'}).` });
      }
      return objects.length;
    });
  }

  async presignGet(key: string, options: PresignOptions): Promise<string> {
    assertObjectKey(key);
    return this.#guarded('The object could not be offered for download.', async () => {
      const { s3, client } = await this.#open();
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
      const command = new s3.GetObjectCommand({
        Bucket: this.#options.bucket,
        Key: this.#key(key),
        ResponseContentDisposition: contentDisposition(options.fileName),
        ResponseContentType: options.contentType,
      });
      return getSignedUrl(client, command, { expiresIn: options.expiresSeconds });
    });
  }

  async check(): Promise<void> {
    await this.#guarded('The bucket cannot be used.', async () => {
      const { s3, client } = await this.#open();
      await client.send(new s3.HeadBucketCommand({ Bucket: this.#options.bucket }));
    });
  }

  async close(): Promise<void> {
    const sdk = await this.#sdk?.catch(() => undefined);
    sdk?.client.destroy();
  }

  #key(key: string): string {
    return `${this.#options.prefix}${key}`;
  }

  #open(): Promise<{ s3: typeof import('@aws-sdk/client-s3'); client: S3Client }> {
    this.#sdk ??= this.#load().catch((error: unknown) => {
      this.#sdk = undefined;
      throw error;
    });
    return this.#sdk;
  }

  async #load(): Promise<{ s3: typeof import('@aws-sdk/client-s3'); client: S3Client }> {
    const s3 = await import('@aws-sdk/client-s3');
    const o = this.#options;
    const client = new s3.S3Client({
      ...(o.endpoint === undefined ? {} : { endpoint: o.endpoint }),
      ...(o.credentials === undefined ? {} : { credentials: o.credentials }),
      region: o.region,
      forcePathStyle: o.forcePathStyle,
      maxAttempts: o.attempts,
      requestChecksumCalculation: o.requestChecksums,
      responseChecksumValidation: o.requestChecksums,
      requestHandler: { connectionTimeout: o.connectTimeoutMs, requestTimeout: o.idleTimeoutMs, socketTimeout: o.idleTimeoutMs, throwOnRequestTimeout: true },
    });
    withMd5(client);
    return { s3, client };
  }

  async #guarded<T>(detail: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof AppError ? cause : new AppError('storageFailed', { detail, cause });
    }
  }
}

function isMissing(error: unknown): boolean {
  const e = error as Partial<S3ServiceException>;
  return e.name === 'NoSuchKey' || e.name === 'NotFound' || (e.$metadata?.httpStatusCode === 404 && e.name !== 'NoSuchBucket');
}

/** The server understood and said no: trying the whole put again cannot help. */
function isRefusal(error: unknown): boolean {
  const status = (error as Partial<S3ServiceException>).$metadata?.httpStatusCode;
  const name = (error as Partial<S3ServiceException>).name;
  if (name === 'NoSuchUpload' || name === 'BadDigest' || name === 'RequestTimeout') return false;
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
