import { AppError } from '../domain/errors.ts';

const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/**
 * Keys are `segment/segment/…` of plain characters; a segment never begins with a dot. So a key can be a path below the
 * store's folder as it is, and temp files beginning with a dot are never objects.
 */
export function isObjectKey(key: string): boolean {
  return key.length <= 512 && key.split('/').every((segment) => SEGMENT.test(segment));
}

/** @throws AppError storageFailed: a key is made by us, so a bad one is our fault, not the caller's */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new AppError('storageFailed', { detail: 'The object key is not valid.' });
}

/** A prefix is empty, a key, or a key with '/' behind it. */
export function assertObjectPrefix(prefix: string): void {
  if (prefix !== '') assertObjectKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

export function assertFolderPrefix(prefix: string): void {
  if (!prefix.endsWith('/')) throw new AppError('storageFailed', { detail: 'A prefix to delete must end with a slash.' });
  assertObjectPrefix(prefix);
}

/** Orders as S3 does for our keys: by code unit, not by locale. */
export function compareKeys(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
