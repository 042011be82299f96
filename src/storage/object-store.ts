/**
 * Where recordings live. The port is stated in our words; the adapters (filesystem, S3) pass one conformance suite
 * (test/integration/storage-conformance.test.ts).
 *
 * Every method but the "not found" answers (`undefined`) fails with AppError `storageFailed`.
 */
import type { Readable } from 'node:stream';
import type { Config } from '../config/config.ts';
import { FilesystemStore } from './filesystem-store.ts';
import { S3Store } from './s3-store.ts';

/** Bytes in memory, a stream read once, or a file that is left in place. */
export type ObjectBody = Buffer | Readable | { path: string };

export interface PutOptions {
  contentType: string;
  /** Hex. When given, bytes that do not match it are refused and nothing is stored. */
  sha256?: string;
}

export interface StoredObject {
  bytes: number;
  /** Hex, computed over what was read from the body. */
  sha256: string;
}

export interface ObjectHead {
  key: string;
  bytes: number;
  contentType: string;
  /** Hex; absent for objects that were not written through this port. */
  sha256?: string;
}

export interface ObjectRead {
  stream: Readable;
  /** Bytes that `stream` delivers. */
  bytes: number;
  /** Size of the whole object. */
  totalBytes: number;
  contentType: string;
}

/** Byte positions as in HTTP: both inclusive; a missing `end` (or one behind the last byte) means the last byte. */
export interface ByteRange {
  start?: number;
  end?: number;
}

export interface PresignOptions {
  expiresSeconds: number;
  fileName: string;
  contentType: string;
}

export interface ObjectStore {
  /** Visible all at once or not at all; replaces an object of that key. Verified before it returns. */
  put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredObject>;
  /** @throws AppError badRequest when `start` lies behind the last byte */
  get(key: string, range?: ByteRange): Promise<ObjectRead | undefined>;
  head(key: string): Promise<ObjectHead | undefined>;
  /** Everything whose key begins with `prefix`, ordered by key (code units). */
  list(prefix: string): Promise<{ key: string; bytes: number }[]>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** `prefix` must end with '/', so that one recording's prefix never takes another's objects. Returns how many went. */
  deletePrefix(prefix: string): Promise<number>;
  /** A URL that serves the object without our help, or undefined where the store has no such thing. */
  presignGet(key: string, options: PresignOptions): Promise<string | undefined>;
  /** Rejects when the store cannot be used; for readiness and the start's sanity check. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export type StorageConfig = Pick<
  Config,
  | 'storage'
  | 'dataDir'
  | 's3Endpoint'
  | 's3Region'
  | 's3Bucket'
  | 's3Prefix'
  | 's3AccessKeyId'
  | 's3SecretAccessKey'
  | 's3ForcePathStyle'
  | 's3RequestChecksums'
>;

/** The configured store. Opens nothing yet: folders and the AWS SDK come with the first use. */
export function createObjectStore(config: StorageConfig): ObjectStore {
  if (config.storage === 'filesystem') return new FilesystemStore(`${config.dataDir}/objects`);
  return new S3Store({
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    bucket: config.s3Bucket ?? '',
    prefix: config.s3Prefix,
    credentials:
      config.s3AccessKeyId && config.s3SecretAccessKey
        ? { accessKeyId: config.s3AccessKeyId, secretAccessKey: config.s3SecretAccessKey }
        : undefined,
    forcePathStyle: config.s3ForcePathStyle,
    requestChecksums: config.s3RequestChecksums,
  });
}
